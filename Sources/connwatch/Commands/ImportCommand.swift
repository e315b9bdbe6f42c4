// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore
@preconcurrency import Glibc
import ProcNet

/// `connwatch import`: saved tables into the history.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Saved socket tables of any host, into the history.",
    usage: "connwatch import FILE… --at TIME --host NAME [OPTIONS]",
    discussion: """
      Examples:
        connwatch import netstat.txt --at '2026-01-01 10:00' --host mirage
        connwatch import tcp tcp6 udp udp6 --at @1767261600 --host web1
        ssh web2 ss -tanp | connwatch import - --at now --host web2 --whole
        connwatch history --host mirage

      Read are tables of /proc/net, and what netstat, ss and lsof -i print; which it
      is shows itself. A directory stands for the tables tcp, tcp6, udp and udp6 in
      it. What was imported once adds nothing the next time. Without --at the time
      of a file's last change is taken.
      """)

  @Argument(help: ArgumentHelp("Files; - is standard input.", valueName: "file"))
  var files: [String]

  @Option(help: ArgumentHelp("When it was so: 03:14, -2h, 2026-01-01T10:00:00Z.", valueName: "time"))
  var at: String?

  @Option(help: ArgumentHelp("The host it is of.", valueName: "name"))
  var host: String

  @Flag(help: "The files have all sockets of the protocols in them: what is missing had closed.")
  var whole = false

  @OptionGroup var evidence: EvidenceOptions
  @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments

  private var global: GlobalOptions { globalArguments.options }

  func validate() throws {
    guard !host.isEmpty, host.utf8.count <= 255 else {
      throw ValidationError("--host: a name of 1 to 255 bytes")
    }
    if host == "self" { throw ValidationError("--host self: that is this machine (name it otherwise)") }
    if files.contains("-"), at == nil {
      throw ValidationError("-: standard input has no time (--at says which)")
    }
    if files.filter({ $0 == "-" }).count > 1 { throw ValidationError("-: only once") }
  }

  func run() throws {
    let now = SystemClock().now().wall
    let asked = try at.map { text throws(UnreadableText) in try global.time(text, now: now) }
    if let asked, asked > now { throw Failure("--at \(at ?? ""): that is in the future") }
    var input = EvidenceInput(names: Names(), global: global)
    try evidence.set(&input)
    input.isWhole = whole
    try global.checkColumns(ImportRow.self)
    var total = Total()
    // Opened before anything is written: where none can be read, no database is made.
    let opened = files.compactMap { name -> [EvidenceFile]? in
      do throws(Failure) {
        return try EvidenceInput.files(named: name)
      } catch {
        total.isFailed = true
        Connwatch.complain("\(error)")
        return nil
      }
    }
    guard !opened.isEmpty else { throw ExitCode(2) }
    let path = try DatabasePath.toWrite(.look(option: global.db))
    try global.checkPlace(of: path)
    try DatabasePath.makeDirectory(for: path)
    let writer = try EvidenceWriter(path: path, now: now)
    for group in opened {
      // Tables of one directory are of one moment.
      guard let moment = asked ?? group.compactMap(\.modified).max() else { continue }
      if moment > now {
        throw Failure("\(group[0].name): last changed in the future, \(global.text(moment)) (--at says when)")
      }
      if asked == nil {
        global.remark(
          "\(group[0].name): taken to be of \(global.text(moment)), its last change (--at says when)")
      }
      for file in group { try take(file, moment, writer, input, &total) }
    }
    try writer.commit()
    if global.output.format == .table {
      total.say(host, path, global)
    } else {
      let output = StandardOutput.standard()
      var printer = try RowPrinter<ImportRow>(options: global.output, to: output)
      try printer.print(total.files)
      try output.flush()
    }
    if total.isFailed { throw ExitCode(2) }
  }

  private func take(
    _ file: EvidenceFile, _ moment: Timestamp, _ writer: EvidenceWriter, _ input: EvidenceInput,
    _ total: inout Total
  ) throws {
    let piece = EvidenceWriter.Piece(host: host, at: moment, name: file.name)
    var row = ImportRow(file: file.name, host: host, at: moment)
    // Told before the file is read line by line, which takes long where there are many.
    if let known = try writer.known(piece, digest: file.digest) {
      (row.format, row.rows, row.known, row.unreadable) = (
        known.format, known.rows, known.rows, known.unreadable
      )
      total.files.append(row)
      return global.remark("\(file.name): imported for this host and moment before")
    }
    try writer.begin(piece)
    let reading: EvidenceInput.Reading
    do {
      reading = try input.read(file) { sighting, line in try writer.add(sighting, line: line) }
    } catch let error as Failure {
      // Half of a file is none.
      try writer.discard()
      total.isFailed = true
      return Connwatch.complain("\(error)")
    }
    row.unreadable = reading.unreadable
    row.format = reading.format?.rawValue
    let outcome = try writer.end(
      digest: reading.digest, format: reading.format?.rawValue, covers: reading.covers,
      unreadable: reading.unreadable)
    switch outcome {
    case .added(let rows, let known):
      (row.rows, row.known) = (rows, known)
    case .knownAlready(let rows):
      (row.rows, row.known) = (rows, rows)
      global.remark("\(file.name): imported for this host and moment before")
    case .empty:
      total.isFailed = true
      Connwatch.complain(
        "\(file.name): nothing in it can be read (tables of /proc/net, netstat, ss, lsof -i)")
    }
    total.files.append(row)
  }

  /// What came of all files.
  private struct Total {
    var files: [ImportRow] = []
    var isFailed = false

    func say(_ host: String, _ path: String, _ global: GlobalOptions) {
      func sum(_ part: KeyPath<ImportRow, Int>) -> Int { files.reduce(0) { $0 + $1[keyPath: part] } }
      let (rows, known, unreadable) = (sum(\.rows), sum(\.known), sum(\.unreadable))
      global.remark(
        """
        \(rows) rows of \(host): \(rows - known) new, \(known) known before, \(unreadable) lines unreadable; \
        \(path)
        """)
    }
  }
}

/// How files of evidence are read.
struct EvidenceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Take only lines of this format: \(SightingReader.formats.map(\.rawValue).joined(separator: ", ")).",
      valueName: "format"))
  var format: String?

  @Option(
    help: ArgumentHelp("Of the machine that made tables of /proc/net: little or big.", valueName: "order"))
  var byteOrder: String?

  func validate() throws {
    if let format, !SightingReader.formats.contains(where: { $0.rawValue == format }) {
      let accepted = SightingReader.formats.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--format \(format): no such format (accepted: \(accepted))")
    }
    if let byteOrder, !["little", "big"].contains(byteOrder) {
      throw ValidationError("--byte-order \(byteOrder): little or big")
    }
  }

  /// Passes them on.
  func set(_ input: inout EvidenceInput) throws {
    input.format = format.flatMap(EvidenceFormat.init)
    if let byteOrder { input.byteOrder = byteOrder == "big" ? .big : .little }
  }
}
