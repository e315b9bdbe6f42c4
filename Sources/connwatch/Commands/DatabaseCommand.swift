// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore
import ProcNet

/// `connwatch db`: the database itself.
struct DatabaseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "db", abstract: "The database: info, check, prune, backup.",
    usage: "connwatch db [info|check|prune|backup] [OPTIONS]",
    discussion: """
      The database is one SQLite file, the first of:
        --db PATH
        $CONNWATCH_DB
        /var/lib/connwatch/connwatch.db          where it exists
        $XDG_STATE_HOME/connwatch/connwatch.db   (unset: ~/.local/state)
      A recorder writes to the third where its directory exists and may be written.

      The views connections, listening, transitions, gaps and samples are there for
      other programs:
        sqlite3 -readonly FILE 'SELECT * FROM connections ORDER BY id DESC LIMIT 10'
      """,
    subcommands: [Info.self, Check.self, Prune.self, Backup.self], defaultSubcommand: Info.self)

  /// `db info`.
  struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "info", abstract: "Where it is, how large, and what is in it.",
      usage: "connwatch db info [OPTIONS]")

    @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments

    private var global: GlobalOptions { globalArguments.options }

    func run() throws {
      try global.checkColumns(InfoRow.self)
      let history = try global.openHistory()
      let row = InfoRow(info: try history.info())
      let output = StandardOutput.standard()
      if global.output.format == .table, global.columns == nil {
        try output.write(row.text(global))
      } else {
        var printer = try RowPrinter<InfoRow>(options: global.output, to: output)
        try printer.print([row])
      }
      try output.flush()
    }
  }

  /// `db check`.
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check", abstract: "Look for damage; exit status 2 where there is some.",
      usage: "connwatch db check [OPTIONS]")

    @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments

    private var global: GlobalOptions { globalArguments.options }

    func run() throws {
      let history = try global.openHistory()
      let findings = try history.check()
      let output = StandardOutput.standard()
      if findings.isEmpty {
        if !global.quiet { try output.write("\(HostileText.escaped(history.path)): ok\n") }
        return try output.flush()
      }
      for finding in findings { try output.write(HostileText.escaped(finding) + "\n") }
      try output.flush()
      throw StoreError(
        .damaged, path: history.path, why: "damaged: \(findings.count) findings",
        hint: "the sqlite3 program's .recover saves what can be read; a backup is better")
    }
  }

  /// `db prune`.
  struct Prune: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "prune", abstract: "Take out what is old and give the space back.",
      usage: "connwatch db prune [--keep DURATION|--max-size SIZE|--host NAME]…",
      discussion: """
        Examples:
          connwatch db prune --keep 7d --max-size 100M
          connwatch db prune --host mirage             what was imported for mirage

        A running recorder prunes by itself (record --keep, --max-size), so --keep and
        --max-size are for a database that nobody records to. They leave what was
        imported as it is.
        """)

    @Option(
      help: ArgumentHelp("Keep connections this long after they end.", valueName: "duration"))
    var keep: String?

    @Option(help: ArgumentHelp("Take out the oldest until no more bytes are used.", valueName: "size"))
    var maxSize: String?

    @Option(help: ArgumentHelp("Take out all that was imported for this host.", valueName: "name"))
    var host: String?

    @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments

    private var global: GlobalOptions { globalArguments.options }

    func validate() throws {
      if keep == nil && maxSize == nil && host == nil {
        throw ValidationError("say how much to keep: --keep 7d, --max-size 100M (or --host NAME)")
      }
    }

    func run() throws {
      let retention = Retention(
        keep: try keep.map { text throws(UnreadableText) in try Quantity.duration(text) },
        maxSize: try maxSize.map { text throws(UnreadableText) in try Quantity.size(text) })
      // As for record, 0 is no limit: taking out everything is not what a prune is for.
      guard (retention.keep ?? 1) > 0, (retention.maxSize ?? 1) > 0 else {
        throw Failure("db prune: 0 is no limit, so there is nothing to take out (--keep 7d, --max-size 100M)")
      }
      let history = try global.openHistory()
      let path = history.path
      try global.checkPlace(of: path)
      if let host {
        try HostChoice.named(host).check(history)
        let writer = try EvidenceWriter(path: path, now: SystemClock().now().wall)
        let (pieces, rows) = try writer.remove(host: host) ?? (0, 0)
        let output = StandardOutput.standard()
        try output.write(
          "\(pieces) pieces of evidence of \(HostileText.escaped(host)) taken out, \(rows) rows\n")
        try output.flush()
      }
      guard retention.keep != nil || retention.maxSize != nil else { return }
      let (lives, bytes) = try retention.run(database: path, now: SystemClock().now().wall)
      let output = StandardOutput.standard()
      try output.write("\(lives) connections taken out, \(InfoRow.size(bytes)) given back\n")
      try output.flush()
    }
  }

  /// `db backup`.
  struct Backup: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "backup", abstract: "Copy the database, also while it is recorded to.",
      usage: "connwatch db backup [OPTIONS] FILE")

    @Argument(help: ArgumentHelp("A file that does not exist yet.", valueName: "file"))
    var file: String

    @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments

    private var global: GlobalOptions { globalArguments.options }

    func run() throws {
      let history = try global.openHistory()
      let bytes = try history.backup(to: file)
      if !global.quiet {
        let output = StandardOutput.standard()
        try output.write("\(HostileText.escaped(file)): \(InfoRow.size(bytes))\n")
        try output.flush()
      }
    }
  }
}
