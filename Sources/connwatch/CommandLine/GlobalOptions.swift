// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
@preconcurrency import Glibc
import ProcNet

/// The options that every command has.
struct GlobalOptions: Equatable {
  var json = false
  var csv = false
  var noHeader = false
  var columns: String?
  var numeric = false
  var resolve = false
  var utc = false
  var color = ColorChoice.auto
  var db: String?
  var proc = "/proc"
  var quiet = false

  /// Why they cannot be meant together, nil where they can.
  var conflict: String? {
    if json && csv { return "--json and --csv exclude each other" }
    if numeric && resolve { return "-n and -r exclude each other" }
    return nil
  }

  /// How to print, as far as the flags and the terminal say.
  var output: OutputOptions {
    let terminal = Terminal.look()
    var options = OutputOptions()
    options.format = json ? .json : csv ? .csv : .table
    options.header = !noHeader
    options.columns = columnKeys
    options.zone = zone
    options.color = terminal.isColored(color)
    options.width = terminal.width
    return options
  }

  /// The keys of `--columns`, nil for all.
  var columnKeys: [String]? {
    columns.map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
        .map { String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
    }
  }

  /// The zone of times in tables, and of times that name none.
  var zone: Zone { utc ? .utc : .local }

  /// Refuses columns that rows do not have, before anything is opened or read for them.
  func checkColumns<Row: OutputRow>(_ row: Row.Type) throws(ColumnError) {
    if let columns = columnKeys { _ = try selectColumns(columns, of: row) }
  }

  /// Where /proc is.
  var root: ProcRoot { ProcRoot(proc) }

  /// A word on standard error, unless `-q`.
  func remark(_ message: String) {
    if !quiet { Connwatch.complain(message) }
  }
}

extension GlobalOptions {
  /// Sets a flag by its letter or its long name; false for a word that is none.
  mutating func set(_ flag: String) -> Bool {
    switch flag {
    case "json": json = true
    case "csv": csv = true
    case "H", "no-header": noHeader = true
    case "n": numeric = true
    case "r", "resolve": resolve = true
    case "utc": utc = true
    case "q", "quiet": quiet = true
    default: return false
    }
    return true
  }

  /// Sets an option that has a value, by its long name; false for a word that is none, or a value that it cannot have.
  mutating func set(_ option: String, to value: String) -> Bool {
    switch option {
    case "columns": columns = value
    case "db": db = value
    case "proc": proc = value
    case "color":
      guard let choice = ColorChoice(rawValue: value) else { return false }
      color = choice
    default: return false
    }
    return true
  }
}
