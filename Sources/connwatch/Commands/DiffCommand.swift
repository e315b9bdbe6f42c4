// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore
@preconcurrency import Glibc

/// `connwatch diff`: two tables compared.
struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "What is different between two tables: files, or moments of the history.",
    usage: "connwatch diff A B [OPTIONS] [FILTER…]",
    discussion: """
      Examples:
        connwatch diff before.txt after.txt      two saved tables, of any format
        connwatch diff /mnt/net /proc/net        two directories of tables
        connwatch diff 03:00 04:00               the history, at two moments
        connwatch diff --host mirage @1767261600 now
        connwatch diff yesterday.txt today.txt --check state listening

      A and B are files where there are files of these names, else times; - is
      standard input. --check exits with status 1 where something is different, with
      2 where there is no table of one of the moments.
      """)

  @Argument(help: ArgumentHelp("Two files or times, and a filter.", valueName: "a b filter"))
  var words: [String] = []

  @Flag(help: "Exit with status 1 where something is different, 2 where nobody knows.")
  var check = false

  @OptionGroup var hosts: HostOptions
  @OptionGroup var evidence: EvidenceOptions
  @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments

  private var global: GlobalOptions { globalArguments.options }

  func validate() throws {
    guard words.count >= 2 else { throw ValidationError("diff: two files or times to compare") }
    if words[0] == "-", words[1] == "-" { throw ValidationError("-: only once") }
  }

  func run() throws {
    let names = Names()
    let filter = try Filter(Array(words.dropFirst(2)), names)
    try global.checkColumns(DiffRow.self)
    if let host = hosts.host, words[..<2].allSatisfy(Self.isFile) {
      throw Failure("--host \(host): times are of a host, and two files are compared")
    }
    let before = try side(words[0], names)
    let after = try side(words[1], names)
    remarkKinds(before, after)
    let difference = TableDifference(from: before.sightings, to: after.sightings)
    let rows = difference.changes.filter { change in
      [change.before, change.after].contains { sighting in
        guard let sighting else { return false }
        let role = Life.Role(sighting.row, ephemeral: EphemeralRange())
        return filter.matches(
          FilterSubject(sighting.row, role: role, direction: change.direction, owner: sighting.owner))
      }
    }
    let output = StandardOutput.standard()
    var printer = try RowPrinter<DiffRow>(options: global.output, to: output)
    try printer.print(rows.lazy.map { DiffRow(names: names, change: $0) })
    try output.flush()
    // Where nothing is known, nothing is known to be the same.
    if check, let unknown = [before, after].first(where: { !$0.isKnown }) {
      throw Failure("--check: no table of \(unknown.name) to compare (nothing is known of that moment)")
    }
    if check, !rows.isEmpty { throw ExitCode(1) }
  }

  /// One of the two tables.
  private struct Side {
    var name: String
    var sightings: [Sighting]
    /// False where there is no table of that moment.
    var isKnown = true
  }

  private static func isFile(_ word: String) -> Bool { word == "-" || access(word, F_OK) == 0 }

  private func side(_ word: String, _ names: Names) throws -> Side {
    if Self.isFile(word) {
      return Side(name: word, sightings: try read(word, names))
    }
    do {
      let table = PastTable(global: global, names: names)
      let choice = hosts.host == nil ? HostChoice.own : hosts.choice
      let answer = try table.rows(at: word, of: choice)
      return Side(
        name: word,
        sightings: answer.rows.map {
          Sighting(
            $0.socket, owner: $0.owner, localName: $0.origin?.localName, remoteName: $0.origin?.remoteName)
        }, isKnown: answer.isKnown)
    } catch let error as UnreadableText {
      throw Failure("\(word): no such file, and \(error)")
    }
  }

  private func read(_ name: String, _ names: Names) throws -> [Sighting] {
    var input = EvidenceInput(names: names, global: global)
    try evidence.set(&input)
    var sightings: [Sighting] = []
    for file in try EvidenceInput.files(named: name) {
      let reading = try input.read(file) { sighting, _ in sightings.append(sighting) }
      if reading.format == nil {
        throw Failure("\(file.name): nothing in it can be read (tables of /proc/net, netstat, ss, lsof -i)")
      }
    }
    return sightings
  }

  /// Says which kinds of sockets only one table has at all: it may have been made without them.
  private func remarkKinds(_ before: Side, _ after: Side) {
    guard before.isKnown, after.isKnown else { return }
    func kinds(_ side: Side) -> Set<String> {
      Set(
        side.sightings.map {
          let isListener = Life.Role($0.row, ephemeral: EphemeralRange()) == .listener
          return "\($0.row.proto.transport.name) \(isListener ? "listeners" : "connections")"
        })
    }
    let (first, second) = (kinds(before), kinds(after))
    for (side, missing) in [(before, second.subtracting(first)), (after, first.subtracting(second))] {
      for kind in missing.sorted() { global.remark("\(side.name) has no \(kind), or was made without them") }
    }
  }
}
