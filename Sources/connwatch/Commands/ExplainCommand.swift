// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore
@preconcurrency import Glibc

/// `connwatch explain`: what pasted lines mean, and what is known of them here.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "What lines of netstat, ss, lsof or a port scan mean.",
    usage: """
      connwatch explain [OPTIONS] LINE…|-
      connwatch explain [OPTIONS] [--live] [FILTER…]
      """,
    discussion: """
      Examples:
        connwatch explain 1372                          a port
        connwatch explain 23/tcp open telnet            a line of nmap
        connwatch explain TCP mirage:1372 vnt4.webhosting.com:80 ESTABLISHED
        netstat -tulpna | connwatch explain             every line
        connwatch explain state established             what is open here

      A line is one of netstat (Linux, Windows, BSD), ss, lsof -i, nmap or a port
      scanner like it, or a port, HOST:PORT, or two of those. Words are one line,
      or, where they are none together, a line each; quote a line that has blanks
      in it when there are several. With - or without words lines are read from
      standard input, unless that is a terminal. Headers are passed over, and what
      cannot be read is told by its number.

      Each line is told in a paragraph: protocol, client's and server's end, why the
      client has that port, the service, the state and what comes next, who can
      reach it, and what is known here: the process, since when, whether it is
      expected. Words that are a filter (connwatch list --help) are asked of the
      sockets that are open here; --live says so, and without a filter means all.
      """)

  @Flag(help: "The words are a filter of sockets that are open here.")
  var live = false

  @Option(name: .long, help: ArgumentHelp("At most so many of those sockets.", valueName: "count"))
  var limit = 20

  @OptionGroup var place: ListenersCommand.ExpectedPlace
  @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments

  @Argument(help: ArgumentHelp("A line, or - for standard input.", valueName: "line"))
  var words: [String] = []

  private var global: GlobalOptions { globalArguments.options }

  func validate() throws {
    if limit < 1 { throw ValidationError("--limit \(limit): at least 1") }
  }

  func run() throws {
    let names = Names()
    try global.checkColumns(ExplainRow.self)
    if live { return try explainLive(try Filter(words, names), names) }
    if words == ["-"] || words.isEmpty && isatty(STDIN_FILENO) == 0 {
      let text = EvidenceText(try FileBytes.readInput(limit: Self.mostInput))
      return try explain(
        EvidenceReader.read(text.lines, services: names.services), names, from: "standard input")
    }
    if words.isEmpty { return try explainLive(.everything, names) }
    if let lines = EvidenceReader.read(words: words, services: names.services),
      lines.contains(where: { $0.row != nil }) || words.count == 1
    {
      if words.count == 1, lines.allSatisfy({ $0.row == nil }), let filter = try? Filter(words, names) {
        return try explainLive(filter, names)
      }
      return try explain(lines, names, from: "the words")
    }
    do {
      try explainLive(try Filter(words, names), names)
    } catch is FilterError {
      let line = HostileText.escaped(String(words.joined(separator: " ").prefix(80)))
      throw Failure(
        "'\(line)': neither a line of netstat, ss, lsof or a port scan, nor a filter (quote a "
          + "line that has blanks in it)"
      )
    }
  }

  /// The most that is read from standard input, in bytes.
  private static let mostInput = 64 << 20
  /// How many lines that cannot be read are told one by one.
  private static let mostTold = 20

  private func explain(_ lines: [ExplainedLine], _ names: Names, from source: String) throws {
    if lines.isEmpty { throw Failure("\(source): no line to explain (connwatch explain --help)") }
    let unreadable = lines.filter { $0.row == nil }
    if let first = unreadable.first, lines.count == unreadable.count {
      // A program that reads rows gets one for each line, whatever the exit status.
      if global.output.format != .table {
        try print(lines.map { ExplainRow(explained: $0, words: nil, isLive: false) })
      }
      let none = lines.count == 1 ? "" : "none of \(lines.count) lines can be read; "
      throw Failure("\(none)line \(first.number): \(first.error ?? "")")
    }
    var explainer = try Explainer(global, names, expected: place.expected)
    try print(
      lines.map { line in
        guard let row = line.row else { return ExplainRow(explained: line, words: nil, isLive: false) }
        let facts = try explainer.facts(row)
        return ExplainRow(explained: line, words: sentences(row, facts, names), isLive: false)
      })
    for line in unreadable.prefix(Self.mostTold) { global.remark("line \(line.number): \(line.error ?? "")") }
    if unreadable.count > Self.mostTold {
      global.remark("\(unreadable.count - Self.mostTold) more lines cannot be read")
    }
  }

  private func explainLive(_ filter: Filter, _ names: Names) throws {
    let table = try LiveTable(global: global, names: names).rows(.all, filter: filter)
    if table.isEmpty {
      global.remark("no socket here matches")
      return
    }
    var explainer = try Explainer(global, names, expected: place.expected)
    try print(
      table.prefix(limit).map { found in
        let row = EvidenceRow(found)
        let line = ExplainedLine(number: 0, line: found.line, row: row)
        return ExplainRow(
          explained: line, words: sentences(row, try explainer.facts(found), names), isLive: true)
      })
    if table.count > limit {
      global.remark("\(table.count - limit) more match (--limit \(table.count) explains all)")
    }
  }

  private func sentences(_ row: EvidenceRow, _ facts: LineFacts, _ names: Names) -> LineWords {
    LineWords(row: row, facts: facts, services: names.services, zone: global.zone)
  }

  private func print(_ rows: [ExplainRow]) throws {
    let output = StandardOutput.standard()
    let options = global.output
    if options.format == .table, options.columns == nil {
      let width = max(40, options.width ?? 80)
      var isFirst = true
      for row in rows {
        guard let words = row.words else { continue }
        var text = isFirst ? "" : "\n"
        isFirst = false
        text += HostileText.escaped(row.explained.line) + "\n"
        Paragraph.append(HostileText.escaped(words.text), width: width, indent: 2, to: &text)
        try output.write(text)
      }
    } else {
      var printer = try RowPrinter<ExplainRow>(options: options, to: output)
      try printer.print(rows)
    }
    try output.flush()
  }
}

extension EvidenceRow {
  /// A socket that is there, as a line would tell it.
  init(_ found: ListRow) {
    let socket = found.socket
    self.init(format: .procNet, local: EvidenceEnd(socket.local))
    proto = socket.proto
    transport = socket.proto.transport
    state = socket.state
    if socket.remote.port != 0 || !socket.remote.address.isUnspecified { remote = EvidenceEnd(socket.remote) }
    inode = socket.inode
    receiveQueue = socket.receiveQueue
    sendQueue = socket.sendQueue
  }
}

extension EvidenceEnd {
  fileprivate init(_ end: Endpoint) {
    self.init(
      host: end.address.isUnspecified ? nil : end.address.description, address: end.address,
      port: end.port == 0 ? nil : end.port)
  }
}

extension ListRow {
  /// The socket in one line.
  var line: String {
    func text(_ end: Endpoint) -> String {
      let address = end.address.isV4 ? end.address.description : "[\(end.address)]"
      return "\(address):\(end.port == 0 ? "*" : String(end.port))"
    }
    return "\(socket.proto.name) \(text(socket.local)) \(text(socket.remote)) \(socket.state.name)"
  }
}
