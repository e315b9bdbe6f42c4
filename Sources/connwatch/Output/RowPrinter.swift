// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Prints rows in the format asked for: the one place that knows the formats.
///
/// Called once with all rows, or again and again with a few: the header is printed the first time, also for no rows.
struct RowPrinter<Row: OutputRow> {
  private enum Form {
    case table(TableRenderer<Row>)
    case json(JSONLines<Row>)
    case csv(CSVLines<Row>)
  }

  private let output: StandardOutput
  private var form: Form

  /// Makes a printer, or fails on a column that the rows do not have.
  ///
  /// - Parameter table: the columns of a table; those of the row where nil.
  init(
    _ row: Row.Type = Row.self, table: [TableColumn<Row.Field>]? = nil, options: OutputOptions,
    to output: StandardOutput
  ) throws(ColumnError) {
    self.output = output
    var columns = table ?? Row.table
    var fields = Row.keys
    if let keys = options.columns {
      fields = try selectColumns(keys, of: Row.self)
      // Headed by their keys, none dropped, a process cut as ever.
      columns = fields.map { TableColumn($0, flexible: $0.rawValue == "process") }
    }
    form =
      switch options.format {
      case .table: .table(TableRenderer(columns: columns, options: options))
      case .json: .json(JSONLines(fields: fields))
      case .csv:
        .csv(CSVLines(fields: fields, header: options.header, isForTerminal: options.width != nil))
      }
  }

  /// Prints rows. They may stay in the buffer until ``StandardOutput/flush()``.
  mutating func print(_ rows: some Sequence<Row>) throws(OutputError) {
    var bytes = ByteBuffer()
    switch form {
    case .table(var table):
      defer { form = .table(table) }
      try table.render(rows, to: &bytes, writing: output)
    case .json(var json):
      for row in rows {
        json.append(row, to: &bytes)
        if bytes.count >= StandardOutput.chunk { try output.write(&bytes) }
      }
      form = .json(json)
    case .csv(var csv):
      csv.appendHeader(to: &bytes)
      form = .csv(csv)
      for row in rows {
        csv.append(row, to: &bytes)
        if bytes.count >= StandardOutput.chunk { try output.write(&bytes) }
      }
    }
    try output.write(&bytes)
  }
}

/// Rows as JSON, one object a line.
struct JSONLines<Row: OutputRow> {
  private let fields: [Row.Field]
  /// `{"time":`, `,"proto":` and so on, one after the other, with zeros to spare at the end.
  private let keys: [UInt8]
  /// Where each key ends.
  private let keyEnds: [Int]
  private var text = JSONText()

  /// Writes these fields.
  init(fields: [Row.Field]) {
    self.fields = fields
    var bytes = ByteBuffer()
    var ends: [Int] = []
    for (index, field) in fields.enumerated() {
      bytes.append(index == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
      JSONText.append(field.rawValue, to: &bytes)
      bytes.append(UInt8(ascii: ":"))
      ends.append(bytes.count)
    }
    keys = Array(bytes.bytes) + Array(repeating: 0, count: ByteBuffer.slack)
    keyEnds = ends
  }

  /// Appends one line.
  mutating func append(_ row: Row, to bytes: inout ByteBuffer) {
    var start = 0
    for index in 0..<fields.count {
      let end = keyEnds[index]
      keys.withUnsafeBufferPointer { bytes.append(slackAfter: $0.baseAddress! + start, count: end - start) }
      start = end
      text.append(row.value(fields[index]), to: &bytes)
    }
    bytes.append(literal: "}\n")
  }
}

/// Rows as CSV.
struct CSVLines<Row: OutputRow> {
  private let fields: [Row.Field]
  private let isProcess: [Bool]
  private var isHeaderDue: Bool
  private var text = CSVText()

  /// Writes these fields, and first their names where asked.
  init(fields: [Row.Field], header: Bool, isForTerminal: Bool = false) {
    self.fields = fields
    text.isForTerminal = isForTerminal
    isProcess = fields.map { $0.rawValue == "process" }
    isHeaderDue = header
  }

  /// Appends the header, once.
  mutating func appendHeader(to bytes: inout ByteBuffer) {
    guard isHeaderDue else { return }
    isHeaderDue = false
    let names = fields.flatMap { field in
      field.rawValue == "process" ? CSVText.processParts.map { "process_" + $0 } : [field.rawValue]
    }
    bytes.append(raw: names.joined(separator: ",") + "\n")
  }

  /// Appends one line.
  mutating func append(_ row: Row, to bytes: inout ByteBuffer) {
    for index in 0..<fields.count {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      let value = row.value(fields[index])
      if isProcess[index] { text.appendProcess(value, to: &bytes) } else { text.append(value, to: &bytes) }
    }
    bytes.append(UInt8(ascii: "\n"))
  }
}
