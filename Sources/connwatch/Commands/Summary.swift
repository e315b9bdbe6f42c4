// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// How many sockets there are of each protocol and state: `list -s`, as `ss -s`.
struct Summary {
  private struct Row: OutputRow {
    enum Field: String, CaseIterable {
      case proto, state, sockets
    }
    static let keys = Field.allCases
    static let table = [TableColumn(Field.proto), TableColumn(Field.state), TableColumn(Field.sockets)]

    var proto: Proto
    var state: SocketState
    var sockets: Int

    func value(_ field: Field) -> Value {
      switch field {
      case .proto: .text(proto.name)
      case .state: .state(state)
      case .sockets: .number(sockets)
      }
    }
  }

  private var counts: [Proto: [SocketState: Int]] = [:]

  /// Counts sockets.
  init(_ rows: some Sequence<ListRow>) {
    for row in rows { counts[row.socket.proto, default: [:]][row.socket.state, default: 0] += 1 }
  }

  /// Prints a row for each protocol and state there is.
  func print(_ options: OutputOptions, to output: StandardOutput) throws {
    var printer = try RowPrinter<Row>(options: options, to: output)
    let rows = Proto.allCases.flatMap { proto in
      (counts[proto] ?? [:]).sorted { ($1.value, $0.key.name) < ($0.value, $1.key.name) }
        .map { Row(proto: proto, state: $0.key, sockets: $0.value) }
    }
    try printer.print(rows)
  }
}
