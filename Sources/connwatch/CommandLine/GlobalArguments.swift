// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore

extension ColorChoice: ExpressibleByArgument {}

/// The words of ``GlobalOptions``, as the argument parser reads them.
struct GlobalArguments: ParsableArguments {
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
  var color = GlobalOptions().color

  @Option(help: ArgumentHelp("The history's database.", valueName: "path"))
  var db: String?

  @Option(help: ArgumentHelp("Where /proc is.", valueName: "path"))
  var proc = GlobalOptions().proc

  @Flag(name: [.customShort("q"), .long], help: "No remarks on standard error.")
  var quiet = false

  func validate() throws {
    if let conflict = options.conflict { throw ValidationError(conflict) }
  }

  /// What the words say.
  var options: GlobalOptions {
    GlobalOptions(
      json: json, csv: csv, noHeader: noHeader, columns: columns, numeric: numeric, resolve: resolve,
      utc: utc, color: color, db: db, proc: proc, quiet: quiet)
  }
}

/// The filter: the rest of the words.
struct FilterArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "What to show, in ss's grammar: state established and dport = :443", valueName: "filter"))
  var packed: [String] = []

  /// Its words.
  var words: [String] { FilterBundle.words(packed) }

  /// Reads the filter.
  func filter(_ names: Names) throws(FilterError) -> Filter {
    try Filter(words, names)
  }
}

extension Filter {
  /// Reads the words of a command line.
  init(_ words: [String], _ names: Names) throws(FilterError) {
    if words.isEmpty {
      self = .everything
    } else {
      try self.init(words, services: names.services, userID: { Names.userID($0) })
    }
  }
}
