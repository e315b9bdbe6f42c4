// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ConnCore
@testable import connwatch

/// Holds the manual page to the program, in both directions: nothing left out, nothing promised.
struct ManPageTests {
  /// The parts of COMMANDS with options that several commands have.
  private static let shared = ["Sockets", "Ranges of time", "The expected set", "Global options"]

  @Test
  func `It has the sections of a manual page`() throws {
    let page = try Documents.manPage()
    for section in [
      "NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "FILTER", "TIMES", "OUTPUT", "DATABASE", "EXIT STATUS",
      "ENVIRONMENT", "FILES", "SIGNALS", "PERMISSIONS", "OVERHEAD", "EXAMPLES", "LIMITS", "SEE ALSO",
    ] {
      #expect(page.order.contains { $0 == section || $0.hasPrefix(section + "/") }, "\(section)")
    }
  }

  @Test
  func `Every command is there with its options, and no other`() throws {
    let page = try Documents.manPage()
    var documented: Set<String> = []
    for command in try CommandDump.load().shown where command.commandName != "help" {
      try expectOptions(of: command, path: command.commandName, in: page, &documented)
    }
    let parts = Set(page.order.filter { $0.hasPrefix("COMMANDS/") }.map { String($0.dropFirst(9)) })
    #expect(parts.subtracting(documented).subtracting(Self.shared) == [], "commands that do not exist")
  }

  private func expectOptions(
    of command: CommandDump.Command, path: String, in page: ManPage, _ documented: inout Set<String>
  ) throws {
    documented.insert(path)
    let part = try #require(page["COMMANDS/" + path], "no section for \(path)")
    // Shared options are found by name: "Sockets" in the text of the command says they apply.
    let cited = Self.shared.filter { $0 == "Global options" || part.text.contains("\($0) below") }
    let accepted = ([part] + cited.compactMap { page["COMMANDS/" + $0] }).flatMap(\.options)
    for option in command.options {
      for name in option.typed { #expect(accepted.contains(name), "\(path) \(name)") }
    }
    let real = Set(command.options.flatMap(\.typed))
    for name in part.options { #expect(real.contains(name), "\(path) has no \(name)") }
    for shared in cited where shared != "Global options" {
      for name in page["COMMANDS/" + shared]?.options ?? [] {
        #expect(real.contains(name), "\(path) has no \(name), which is under \(shared)")
      }
    }
    for inner in command.shown {
      try expectOptions(of: inner, path: path + " " + inner.commandName, in: page, &documented)
    }
  }

  @Test
  func `Every key of the screen is there, and no other`() throws {
    let page = try Documents.manPage()
    for section in HelpPage.keys {
      let part = try #require(page["KEYS/" + section.title], "no section \(section.title)")
      #expect(part.tags == section.keys.map(\.key), "\(section.title)")
    }
    let sections = page.order.filter { $0.hasPrefix("KEYS/") }
    #expect(sections == HelpPage.keys.map { "KEYS/" + $0.title })
  }

  @Test
  func `Every key of every kind of row is under its command, in order, and no other`() throws {
    let page = try Documents.manPage()
    func expect<Row: OutputRow>(_ row: Row.Type, _ part: String) {
      #expect(page["OUTPUT/" + part]?.terms == Row.keys.map(\.rawValue), "\(part)")
    }
    expect(ListRow.self, "Rows of list")
    expect(HistoryRow.self, "Rows of history")
    expect(GroupRow.self, "Rows of history --group-by")
    expect(EventRow.self, "Rows of events and record --print")
    expect(ServiceRow.self, "Rows of services")
    expect(BlockedRow.self, "Rows of blocked")
    expect(ListenerRow.self, "Rows of listeners")
    expect(ExplainRow.self, "Rows of explain")
    expect(ProbeRow.self, "Rows of listeners --probe")
    expect(PortRow.self, "Rows of port")
    expect(KnownPortRow.self, "Rows of port --all")
    expect(DiffRow.self, "Rows of diff")
    expect(ImportRow.self, "Rows of import")
    expect(InfoRow.self, "Rows of db info")
    #expect(page["OUTPUT/The process object"]?.terms == CSVText.processParts)
  }

  @Test
  func `Every column of every table is named, in order`() throws {
    let page = try Documents.manPage()
    func expect<Row: OutputRow>(_ row: Row.Type, _ part: String) {
      let columns = "Columns: " + Row.table.map(\.header).joined(separator: ", ") + "."
      #expect(page["OUTPUT/" + part]?.text.contains(columns) == true, "\(part): \(columns)")
    }
    expect(ListRow.self, "Rows of list")
    expect(HistoryRow.self, "Rows of history")
    expect(EventRow.self, "Rows of events and record --print")
    expect(ServiceRow.self, "Rows of services")
    expect(BlockedRow.self, "Rows of blocked")
    expect(ListenerRow.self, "Rows of listeners")
    expect(ProbeRow.self, "Rows of listeners --probe")
    expect(KnownPortRow.self, "Rows of port --all")
    expect(DiffRow.self, "Rows of diff")
    // And those of -i.
    let more = HistoryRow.infoTable.map(\.header).filter { !HistoryRow.table.map(\.header).contains($0) }
    let named = more.dropLast().joined(separator: ", ") + " and \(more.last ?? "")"
    #expect(page["OUTPUT/Rows of history"]?.text.contains(named) == true, "\(named)")
  }

  @Test
  func `Words with a fixed set are all there`() throws {
    let page = try Documents.manPage()
    let process = try #require(page["OUTPUT/The process object"]).text
    for why in SocketOwner.WhyUnknown.allCases { #expect(process.contains(why.rawValue), "\(why)") }
    let listeners = try #require(page["OUTPUT/Rows of listeners"]).text
    for verdict in ExpectedSet.Verdict.allCases {
      #expect(listeners.contains(verdict.rawValue), "\(verdict)")
    }
    let blocked = try #require(page["OUTPUT/Rows of blocked"]).text
    for verdict in BlockedVerdict.allCases { #expect(blocked.contains(verdict.rawValue), "\(verdict)") }
    let explain = try #require(page["OUTPUT/Rows of explain"]).text
    for format in EvidenceFormat.allCases where format != .procNet {
      #expect(explain.contains(format.rawValue), "\(format)")
    }
    for why in WhyNoSocket.allCases { #expect(explain.contains(why.rawValue), "\(why)") }
    for scan in ScanState.allCases { #expect(explain.contains(scan.rawValue), "\(scan)") }
    let port = try #require(page["OUTPUT/Rows of port"]).text
    for kind in PortRow.Kind.allCases { #expect(port.contains(kind.rawValue), "\(kind)") }
    for when in PortRow.When.allCases { #expect(port.contains(when.rawValue), "\(when)") }
    let probe = try #require(page["OUTPUT/Rows of listeners --probe"]).text
    for verdict in ProbeRow.Verdict.allCases { #expect(probe.contains(verdict.rawValue), "\(verdict)") }
    let events = try #require(page["OUTPUT/Rows of events and record --print"]).text
    for kind in Event.Kind.allCases { #expect(events.contains(kind.rawValue), "\(kind)") }
    let output = try #require(page["OUTPUT"]).text
    for state in SocketState.named { #expect(output.contains(state.name), "\(state)") }
    let filter = page.order.filter { $0.hasPrefix("FILTER") }.compactMap { page[$0]?.text }.joined(
      separator: " ")
    for word in FilterParser.words { #expect(filter.contains(word), "\(word)") }
    for state in StateSet.offered { #expect(filter.contains(state), "\(state)") }
    for key in GroupRow.groupable {
      #expect(page["COMMANDS/history"]?.text.contains(key.rawValue) == true, "\(key)")
    }
  }

  @Test(arguments: ["CONNWATCH_DB", "XDG_STATE_HOME", "HOME", "NO_COLOR", "COLUMNS", "TERM", "TZ"])
  func `Every variable that is read is there`(variable: String) throws {
    #expect(try Documents.manPage()["ENVIRONMENT"]?.terms.contains(variable) == true)
  }

  @Test(
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/groff"), "groff is not installed"))
  func `It formats without a warning`() throws {
    let groff = Process()
    let complaints = Pipe()
    groff.executableURL = URL(filePath: "/usr/bin/groff")
    groff.arguments = [
      "-man", "-t", "-Tutf8", "-ww", "-z", Documents.root.appending(path: "docs/man/connwatch.1").path,
    ]
    groff.standardError = complaints
    try groff.run()
    let text = String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    groff.waitUntilExit()
    #expect(groff.terminationStatus == 0)
    #expect(text == "")
  }
}
