// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Testing

@testable import connwatch

/// What is read without the argument parser is what the argument parser would have read.
struct PlainOptionsTests {
  private struct Random {
    var state: UInt64

    /// SplitMix64.
    mutating func next(below bound: Int) -> Int {
      state &+= 0x9E37_79B9_7F4A_7C15
      var word = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
      word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
      return Int((word ^ word >> 31) >> 1) % bound
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[next(below: elements.count)] }
  }

  /// Values that an option may have, and some that few can have.
  private static let values = [
    "never", "netlink", "state,pid", "-2h", "all", "/proc", "", "trace", "=", "a b",
  ]

  private static let others = [
    "state", "established", "and", "dport", "=", ":443", "not", "(", ")", "!", "443", "src 10.0.0.0/8",
    "help",
    "list", "history", "-", "--", "", "---", "--t", "--h", "-h", "--help", "--version", "--tc", "--json=yes",
    "--no-json", "-tx", "-w", "--nonsense", "-é", "é", "-4", "-46", "-6n", "-t4l", "-tt", "--=x", "-=",
    "-n=1",
    "--at", "--color", "--experimental-dump-help", "--generate-completion-script", "\u{301}-t", "-\u{301}t",
  ]

  private static func options() throws -> [CommandDump.Argument] {
    let list = try #require(CommandDump.load().subcommands?.first { $0.commandName == "list" })
    return (list.arguments ?? []).filter(\.isOption)
  }

  /// A word or two, of every kind there is.
  private static func words(_ options: [CommandDump.Argument], _ random: inout Random) -> [String] {
    switch random.next(below: 8) {
    case 0: return [random.pick(others)]
    case 1:
      let letters = options.filter { !$0.takesValue }.flatMap(\.typed).filter { $0.count == 2 }
      return ["-" + (0...random.next(below: 4)).map { _ in random.pick(letters).dropFirst() }.joined()]
    case 2: return [random.pick(["state", "established", "dport", "=", ":443", "and", "process", "curl"])]
    default:
      let option = random.pick(options)
      let typed = random.pick(option.typed)
      guard option.takesValue else { return [typed] }
      let value = random.pick(values)
      return random.next(below: 4) == 0 ? [typed, value] : ["\(typed)=\(value)"]
    }
  }

  @Test(arguments: 0..<8)
  func `Whatever is read plainly is what the parser reads`(seed: Int) throws {
    let options = try Self.options()
    var random = Random(state: UInt64(seed))
    var plain = 0
    let lines = 500
    for _ in 0..<lines {
      var line = (0..<random.next(below: 5)).flatMap { _ in Self.words(options, &random) }
      if random.next(below: 2) == 0, let ordered = try? ArgumentOrder.commandFirst(["list"] + line) {
        line = Array(ordered.dropFirst())
      }
      guard let listing = Listing(plain: line) else { continue }
      plain += 1
      let parsed = try? ListCommand.parse(line)
      #expect(parsed?.listing == listing, "\(line)")
    }
    // As many as that is not chance: the quick way is taken.
    #expect(plain > lines / 4, "\(plain)")
  }

  @Test(arguments: [
    [], ["-t"], ["-tan"], ["-tulpn"], ["-t", "--no-owners"], ["-4", "-t"], ["-6"], ["-H", "-i", "-s", "-q"],
    ["--json"], ["--csv", "--no-header"], ["--columns=state,local_addr"], ["--color=always"], ["--utc"],
    ["--at=-2h"], ["--netns=all", "-l"], ["--source=proc"], ["--db=/tmp/x.db"], ["--proc=/proc", "-r"],
    ["state", "established"], ["-t", "dport", "=", ":443", "--json"], ["(", "pid", "1", ")"], ["!", "src=1"],
    ["--color=never", "--color=always"], ["-t", "-t"],
  ])
  func `Common lines are read plainly`(line: [String]) throws {
    let listing = try #require(Listing(plain: line))
    #expect(try ListCommand.parse(line).listing == listing)
  }

  @Test(arguments: [
    ["-h"], ["--help"], ["--"], ["--", "-t"], ["-x"], ["-tw"], ["--unix"], ["--jso"], ["--json=true"],
    ["--at"],
    ["--at="], ["--color=pink"], ["--source=trace"], ["--json", "--csv"], ["-n", "-r"], ["-l", "-a"], ["-nr"],
    ["--t"], ["-"], [""], ["--nonsense"], ["-S"], ["--limit=3"], ["-ü"],
  ])
  func `What is not plain is left to the parser`(line: [String]) {
    #expect(Listing(plain: line) == nil)
  }

  @Test
  func `Every option of list is read plainly`() throws {
    let values = ["color": "always", "source": "netlink"]
    for option in try Self.options() where option.shouldDisplay {
      for typed in option.typed where !["-h", "--help"].contains(typed) {
        let name = String(typed.drop { $0 == "-" })
        let word = option.takesValue ? "\(typed)=\(values[name] ?? "x")" : typed
        let listing = try #require(Listing(plain: [word]), "\(word)")
        #expect(try ListCommand.parse([word]).listing == listing, "\(word)")
      }
    }
  }
}
