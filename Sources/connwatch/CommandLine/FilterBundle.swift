// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The words of a long filter on their way through the argument parser, whose time grows with the square of their
/// number: as one word, in which a NUL, which no argument can have in it (execve(2)), stands between them.
enum FilterBundle {
  /// Command lines that are shorter are passed on as they are.
  private static let least = 64
  /// The commands whose only words beside options are a filter.
  private static let commands = ["list", "live", "history", "events", "services", "blocked"]

  /// The same command line with the words that stand together made one.
  static func packed(_ arguments: [String]) -> [String] {
    guard arguments.count >= least, let command = arguments.first, commands.contains(command) else {
      return arguments
    }
    var result = [command]
    var bundle: [String] = []
    var isAfterOptions = false
    for word in arguments.dropFirst() {
      if isAfterOptions || !word.hasPrefix("-") {
        bundle.append(word)
        continue
      }
      if !bundle.isEmpty { result.append(bundle.joined(separator: "\0")) }
      bundle = []
      result.append(word)
      isAfterOptions = word == "--"
    }
    if !bundle.isEmpty { result.append(bundle.joined(separator: "\0")) }
    return result
  }

  /// The words as they were.
  static func words(_ packed: [String]) -> [String] {
    guard packed.contains(where: { $0.utf8.contains(0) }) else { return packed }
    return packed.flatMap { $0.split(separator: "\0", omittingEmptySubsequences: false).map(String.init) }
  }
}
