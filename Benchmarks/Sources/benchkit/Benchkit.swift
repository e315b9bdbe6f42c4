// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc

/// What the benchmark has to measure within a process: a word for what, then its numbers. Answers in JSON.
@main
enum Benchkit {
  static func main() {
    let words = CommandLine.arguments.dropFirst()
    do {
      try run(words.first ?? "", Array(words.dropFirst()))
    } catch {
      fputs("benchkit: \(error)\n", stderr)
      exit(2)
    }
  }

  private static func run(_ command: String, _ words: [String]) throws(KitError) {
    switch (command, words.count) {
    case ("tables", 2): try Tables.write(count: try number(words[1]), below: words[0])
    case ("parser", 2):
      try ParserComparison.run(count: try number(words[0]), seconds: try seconds(words[1]))
    case ("sample", 2): try SampleCost.run(source: words[0], seconds: try seconds(words[1]))
    case ("growth", 2): try Growth.run(count: try number(words[0]), seconds: try seconds(words[1]))
    case ("count", 2): try Workload.run(words[0], scratch: words[1])
    default:
      throw KitError(
        """
        usage: benchkit tables DIR COUNT | parser COUNT SECONDS | sample proc|netlink SECONDS |
          growth COUNT SECONDS | count parse|parse6|diff|store|digest SCRATCH
        """)
    }
  }

  private static func number(_ word: String) throws(KitError) -> Int {
    guard let number = Int(word), number > 0 else { throw KitError("\(word): not a number") }
    return number
  }

  private static func seconds(_ word: String) throws(KitError) -> Double {
    guard let number = Double(word), number >= 0 else { throw KitError("\(word): not a number of seconds") }
    return number
  }
}

/// Why something could not be measured.
struct KitError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  /// What the system says to a failed call.
  static func system(_ what: String) -> KitError { KitError("\(what): \(String(cString: strerror(errno)))") }
}
