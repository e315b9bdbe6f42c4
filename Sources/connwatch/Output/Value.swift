// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What one cell of any output holds: typed, so that every format can write it in its own way.
enum Value: Sendable {
  /// Absent or unknown: `null` in JSON, nothing in CSV, `-` in a table.
  case null
  /// `true` or `false`; `yes` or `no` in a table.
  case bool(Bool)
  /// A whole number.
  case int(Int64)
  /// Text from anywhere: every format escapes it.
  case text(String)
  /// An address alone; its host name in a table with `-r`.
  case address(IPAddress)
  /// A port alone.
  case port(UInt16)
  /// An address and a port, `1.2.3.4:443` or `[::1]:22`; port 0 is written `*`, as ss does.
  case endpoint(Endpoint)
  /// The name of a socket table, as ``text`` but without a string.
  case proto(Proto)
  /// `in` or `out`, as ``text`` but without a string.
  case direction(Direction)
  /// A state, in its own colour.
  case state(SocketState)
  /// A moment: RFC 3339 with microseconds, UTC; in tables to the second, in the zone asked for.
  case time(Timestamp)
  /// A span in microseconds, written as decimal seconds.
  case seconds(Int64)
  /// A span in microseconds: as ``seconds`` for machines, `4m12s` in a table.
  case age(Int64)
  /// A span in microseconds, written as decimal milliseconds with three decimals; as `1.25ms` in a table.
  case milliseconds(Int64)
  /// A number of bytes: as `1.5M` in a table, powers of 1024.
  case size(UInt64)
  /// Who holds a socket: an object in JSON, seven columns in CSV under the key `process`, a name in a table.
  case process(SocketOwner)
  /// States with their times, oldest first.
  case steps([(state: SocketState, at: Timestamp)])
  /// Several texts.
  case texts([String])
  /// Several ports.
  case ports([UInt16])

  /// An address, or the name that was all there was of it.
  static func address(_ address: IPAddress, name: String?) -> Value { name.map(text) ?? .address(address) }

  /// An end, with a name where that was all there was of its address.
  static func endpoint(_ end: Endpoint, name: String?) -> Value {
    name.map { .text("\($0):\(end.port == 0 ? "*" : String(end.port))") } ?? .endpoint(end)
  }

  /// A whole number of any type.
  static func number(_ number: some BinaryInteger) -> Value { .int(Int64(clamping: number)) }

  /// True for what is aligned to the right, nil for null, which tells nothing.
  var isNumber: Bool? {
    switch self {
    case .null: nil
    case .int, .port, .seconds, .age, .milliseconds, .size: true
    case .bool, .text, .address, .endpoint, .proto, .direction, .state, .time, .process, .steps, .texts,
      .ports:
      false
    }
  }
}

extension Optional {
  /// The value that `make` gives, or null: `closed.orNull(Value.time)`.
  func orNull(_ make: (Wrapped) -> Value) -> Value {
    guard let self else { return .null }
    return make(self)
  }
}
