// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
@preconcurrency import Glibc

/// The expected set as a text file: one rule a line, comments with `#`.
///
/// It is a file of its own and not in the database, so that it can be kept with the machine's configuration and the
/// recorder stays the only writer of the database.
struct ExpectedFile {
  /// The administrator's own, never written by connwatch.
  static let system = "/etc/connwatch/expected"

  let path: String

  /// Reads the rules; none where there is no such file.
  ///
  /// - Throws: ``Failure`` with the path, the line and what is wrong with it.
  func read() throws(Failure) -> Set<ExpectedRule> {
    guard access(path, F_OK) == 0 else {
      // One that may not be looked at is not the same as none.
      if errno == ENOENT || errno == ENOTDIR { return [] }
      throw Failure("\(path): \(String(cString: strerror(errno)))")
    }
    var rules: Set<ExpectedRule> = []
    let text = String(decoding: try FileBytes.read(path), as: UTF8.self)
    // By scalars: a carriage return and a line feed are one Character, which is no line feed.
    let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated() {
      let line = line.last == "\r" ? line.dropLast() : line
      do throws(Failure) {
        if let rule = try ExpectedRule(line: String(Substring(line))) { rules.insert(rule) }
      } catch {
        throw Failure("\(path):\(number + 1): \(error)")
      }
    }
    return rules
  }

  /// Replaces the file in one step, so that a full disk or a kill leaves the old one whole.
  func write(_ rules: Set<ExpectedRule>) throws(Failure) {
    var text = """
      # Listeners that should be there: protocol, scope (any, loopback, an address), port, program (* for any).
      # Written by connwatch listeners accept and forget; lines of your own are welcome, comments are not kept.

      """
    for rule in rules.sorted() { text += rule.line + "\n" }
    try DatabasePath.makeDirectory(for: path)
    let temporary = path + ".new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o640)
    guard descriptor >= 0 else { throw Failure("\(temporary): \(String(cString: strerror(errno)))") }
    let output = StandardOutput(descriptor: descriptor)
    do throws(OutputError) {
      try output.write(text)
      try output.flush()
    } catch {
      close(descriptor)
      unlink(temporary)
      guard case .failed(let number) = error else { throw Failure("\(temporary): not written") }
      throw Failure("\(temporary): \(String(cString: strerror(number))) (the old file is as it was)")
    }
    let isSafe = fsync(descriptor) == 0
    close(descriptor)
    guard isSafe, rename(temporary, path) == 0 else {
      let why = String(cString: strerror(errno))
      unlink(temporary)
      throw Failure("\(path): \(why) (the old file is as it was)")
    }
  }
}
