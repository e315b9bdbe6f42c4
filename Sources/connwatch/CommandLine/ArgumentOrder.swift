// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Puts the command before its options, so that `connwatch --json history` is the history in JSON.
enum ArgumentOrder {
  /// The commands, with the second words of those that have some.
  ///
  /// Like all words here in an array: there are few, and none of them has to be hashed first.
  static let commands: [(name: String, seconds: [String])] = [
    ("list", []), ("live", []), ("record", []), ("history", []), ("events", []), ("services", []),
    ("blocked", []),
    ("listeners", ["accept", "forget"]), ("port", []), ("explain", []), ("import", []), ("diff", []),
    ("db", ["info", "check", "prune", "backup"]), ("help", []),
  ]

  /// Every option of any command that takes a value as the next word.
  static let valueOptions: [String] = [
    "--at", "--byte-order", "--color", "--columns", "--db", "--expected", "--file", "--for", "--format",
    "--group-by", "--host", "--ignore", "--interval", "--keep", "--keep-free", "--learn", "--limit",
    "--max-size", "--netns",
    "--on-listener", "--proc", "--since", "--source", "--until", "-S", "-U",
  ]

  /// Words that begin a filter: with one of them first, the command is `list`.
  static let filterWords: [String] = [
    "!", "(", "src", "dst", "sport", "dport", "host", "net", "service", "process", "pid", "user", "unit",
    "container", "direction", "proto", "state", "exclude", "not",
  ]

  /// The same arguments with the command first.
  ///
  /// - Throws: ``Failure`` for a first word that is neither a command nor the beginning of a filter.
  static func commandFirst(_ arguments: [String]) throws(Failure) -> [String] {
    var options: [String] = []
    var rest = arguments[...]
    while let word = rest.first {
      if word == "--" || !isOption(word) { break }
      rest = rest.dropFirst()
      if word == "-V" || word == "--version" { return ["--version"] }
      if valueOptions.contains(word), let value = rest.first {
        rest = rest.dropFirst()
        options.append(contentsOf: joined(word, value))
      } else {
        options.append(word)
      }
    }
    guard let first = rest.first, first != "--" else {
      // `connwatch --help` is about the program, not about its default command.
      let asksForHelp = options == ["--help"] || options == ["-h"]
      return asksForHelp ? options : ["list"] + options + tail(rest)
    }
    if let seconds = commands.first(where: { $0.name == first })?.seconds {
      rest = rest.dropFirst()
      var path = [first]
      if let place = secondWord(rest, among: seconds) { path.append(rest.remove(at: place)) }
      if first == "port" || path.count > 1, first != "db" { try checkPorts(rest) }
      return path + options + tail(rest)
    }
    let beginning = String(first.prefix { $0.isLetter || $0 == "!" || $0 == "(" })
    if filterWords.contains(beginning) || first.hasPrefix("!") || first.hasPrefix("(") {
      return ["list"] + options + tail(rest)
    }
    throw unknown(first)
  }

  /// `-1` is no option, and what was meant is a port; `-4` and `-6` are options.
  private static func checkPorts(_ words: ArraySlice<String>) throws(Failure) {
    var isValue = false
    for word in words {
      if word == "--" { return }
      let digits = word.utf8.dropFirst().prefix { $0 &- 48 < 10 }
      if !isValue, word.hasPrefix("-"), !digits.isEmpty, word != "-4", word != "-6" {
        throw Failure("\"\(HostileText.escaped(word))\" is not a port (1 to 65535)")
      }
      isValue = valueOptions.contains(word)
    }
  }

  private static func isOption(_ word: String) -> Bool { word.count > 1 && word.hasPrefix("-") }

  /// Values such as `-90m` look like options; joined to theirs, by its long name, they cannot be taken for one.
  private static func joined(_ option: String, _ value: String) -> [String] {
    ["\(longName(option))=\(value)"]
  }

  private static func longName(_ option: String) -> String {
    option == "-S" ? "--since" : option == "-U" ? "--until" : option
  }

  private static func tail(_ words: ArraySlice<String>) -> [String] {
    var result: [String] = []
    var rest = words
    while let word = rest.popFirst() {
      if word == "--" { return result + [word] + rest }
      if valueOptions.contains(word), let value = rest.popFirst() {
        result.append(contentsOf: joined(word, value))
      } else {
        result.append(word)
      }
    }
    return result
  }

  /// The place of a second word such as `info`, which options may come before.
  private static func secondWord(_ words: ArraySlice<String>, among seconds: [String]) -> Int? {
    var place = words.startIndex
    while place < words.endIndex {
      let word = words[place]
      if !isOption(word) { return seconds.contains(word) ? place : nil }
      place += valueOptions.contains(word) ? 2 : 1
    }
    return nil
  }

  private static func unknown(_ word: String) -> Failure {
    let shown = HostileText.escaped(word)
    let names = commands.map(\.name).sorted()
    let candidates = word.count < 2 ? [] : names + filterWords.sorted()
    if let near = nearest(to: word.lowercased(), among: candidates) {
      return Failure("unknown command '\(shown)' (did you mean '\(near)'?)")
    }
    return Failure(
      "unknown command '\(shown)' (commands: \(names.joined(separator: ", ")); a filter: connwatch list …)")
  }
}
