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
      usage: "connwatch db prune [--keep DURATION] [--max-size SIZE] [OPTIONS]",
      discussion: """
        Example:
          connwatch db prune --keep 7d --max-size 100M

        A running recorder prunes by itself (record --keep, --max-size), so this is for
        a database that nobody records to.
        """)

    @Option(
      help: ArgumentHelp("Keep connections this long after they end.", valueName: "duration"))
    var keep: String?

    @Option(help: ArgumentHelp("Take out the oldest until no more bytes are used.", valueName: "size"))
    var maxSize: String?

    @OptionGroup(title: "Global Options") var globalArguments: GlobalArguments

    private var global: GlobalOptions { globalArguments.options }

    func validate() throws {
      if keep == nil && maxSize == nil {
        throw ValidationError("say how much to keep: --keep 7d, --max-size 100M")
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
      let path = try global.openHistory().path
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
