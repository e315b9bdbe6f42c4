// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore
@preconcurrency import Glibc
import ProcNet

extension ColorChoice: ExpressibleByArgument {}

/// The options that every command has.
struct GlobalOptions: ParsableArguments {
  @Flag(help: "One JSON object a line.")
  var json = false

  @Flag(help: "CSV (RFC 4180).")
  var csv = false

  @Flag(name: [.customShort("H"), .long], help: "No header line.")
  var noHeader = false

  @Option(help: ArgumentHelp("Only these columns, by their JSON keys.", valueName: "A,B"))
  var columns: String?

  @Flag(name: .customShort("n"), help: "Numeric addresses (the default).")
  var numeric = false

  @Flag(name: [.customShort("r"), .customLong("resolve")], help: "Host names instead of addresses.")
  var resolve = false

  @Flag(help: "Times in tables in UTC.")
  var utc = false

  @Option(help: ArgumentHelp("auto, always or never.", valueName: "when"))
  var color = ColorChoice.auto

  @Option(help: ArgumentHelp("The history's database.", valueName: "path"))
  var db: String?

  @Option(help: ArgumentHelp("Where /proc is.", valueName: "path"))
  var proc = "/proc"

  @Flag(name: [.customShort("q"), .long], help: "No remarks on standard error.")
  var quiet = false

  func validate() throws {
    if json && csv { throw ValidationError("--json and --csv exclude each other") }
    if numeric && resolve { throw ValidationError("-n and -r exclude each other") }
  }

  /// How to print, as far as the flags and the terminal say.
  var output: OutputOptions {
    let terminal = Terminal.look()
    var options = OutputOptions()
    options.format = json ? .json : csv ? .csv : .table
    options.header = !noHeader
    options.columns = columns.map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
        .map { String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
    }
    options.zone = zone
    options.color = terminal.isColored(color)
    options.width = terminal.width
    return options
  }

  /// The zone of times in tables, and of times that name none.
  var zone: Zone { utc ? .utc : .local }

  /// Refuses columns that rows do not have, before anything is opened or read for them.
  func checkColumns<Row: OutputRow>(_ row: Row.Type) throws(ColumnError) {
    if let columns = output.columns { _ = try selectColumns(columns, of: row) }
  }

  /// Where /proc is.
  var root: ProcRoot { ProcRoot(proc) }

  /// A word on standard error, unless `-q`.
  func remark(_ message: String) {
    if !quiet { Connwatch.complain(message) }
  }
}

/// The filter: the rest of the words.
struct FilterArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "What to show, in ss's grammar: state established and dport = :443", valueName: "filter"))
  var words: [String] = []

  /// Reads the filter.
  func filter(_ names: Names) throws(FilterError) -> Filter {
    if words.isEmpty { return .everything }
    return try Filter(words, services: names.services, userID: { Names.userID($0) })
  }
}
