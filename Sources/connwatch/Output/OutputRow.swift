// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// One line of output, in every format.
///
/// What machines read (``keys``) and what people read (``table``) are chosen apart from the same fields; an
/// enumeration of fields makes a key without a value a compile error. A field whose raw value is `process` is
/// the process object: CSV gives it a column for each of its parts.
protocol OutputRow {
  /// The fields; a raw value is a JSON key.
  associatedtype Field: RawRepresentable<String> & Hashable & Sendable

  /// What JSON and CSV write, in order, and what `--columns` accepts.
  static var keys: [Field] { get }
  /// What a table shows, in order, unless `--columns` says otherwise.
  static var table: [TableColumn<Field>] { get }

  /// The field's value in this row.
  func value(_ field: Field) -> Value
  /// The style of the field in a coloured table. States have their own unless this gives one.
  func style(_ field: Field) -> Style
}

extension OutputRow {
  /// Nothing but states is coloured unless a row says so.
  func style(_ field: Field) -> Style { .plain }
}

/// How a table shows a field.
///
/// What a field must be able to do is asked of ``init(_:_:drop:flexible:minimumWidth:)`` and not of the type: looking
/// that up when the first column is made would take longer than printing a short table.
struct TableColumn<Field: Sendable>: Sendable {
  /// What is shown.
  var field: Field
  /// The header; the key in capitals unless given.
  var header: String
  /// When the column is dropped from a table too wide for its terminal: lowest first, nil never.
  var dropOrder: Int?
  /// True for the column that is cut with `…` when dropping others was not enough.
  var isFlexible: Bool
  /// The least width, for tables printed a few rows at a time.
  var minimumWidth: Int
}

extension TableColumn where Field: RawRepresentable<String> {
  init(
    _ field: Field, _ header: String? = nil, drop dropOrder: Int? = nil, flexible isFlexible: Bool = false,
    minimumWidth: Int = 0
  ) {
    self.field = field
    self.header = header ?? Self.capitals(field.rawValue)
    self.dropOrder = dropOrder
    self.isFlexible = isFlexible
    self.minimumWidth = minimumWidth
  }

  /// Keys are ASCII.
  private static func capitals(_ key: String) -> String {
    String(decoding: key.utf8.map { $0 &- 97 < 26 ? $0 - 32 : $0 }, as: UTF8.self)
  }
}

/// What a command prints with: the flags, resolved.
struct OutputOptions: Sendable {
  /// The format.
  var format = OutputFormat.table
  /// False with `-H`: no header line in tables and CSV.
  var header = true
  /// The keys of `--columns`, nil for all.
  var columns: [String]?
  /// The zone of times in tables.
  var zone = Zone.local
  /// True where tables are coloured.
  var color = false
  /// The columns of the terminal, nil for no limit.
  var width: Int?
  /// True for a terminal on which two addresses and a whole time leave little room: times go without their year.
  var isNarrow: Bool { (width ?? .max) < 100 }
  /// True where columns can be kept as wide as later rows may need them without dropping any.
  var hasRoomToSpare: Bool { (width ?? .max) >= 140 }
  /// Host names shown instead of addresses in tables (`-r`).
  var names: [IPAddress: String] = [:]
}

/// The formats. Another one is a compile error until ``RowPrinter`` writes it.
enum OutputFormat: String, CaseIterable, Sendable {
  /// Aligned columns for people.
  case table
  /// One object a line.
  case json
  /// RFC 4180.
  case csv
}
