// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A listener and what is to be said of it.
struct ListenerRow: OutputRow {
  enum Field: String, CaseIterable {
    case status, proto
    case address = "addr"
    case port, service, exposure, risk, process
    case firstSeen = "first_seen"
    case lastSeen = "last_seen"
    // For tables only:
    case local, pid, program
  }

  static let keys: [Field] = Field.allCases.filter { ![.local, .pid, .program].contains($0) }
  static let table: [TableColumn<Field>] = [
    TableColumn(.status), TableColumn(.proto), TableColumn(.local), TableColumn(.service, drop: 3),
    TableColumn(.exposure, drop: 2), TableColumn(.firstSeen, drop: 1), TableColumn(.pid, drop: 4),
    TableColumn(.process), TableColumn(.program, flexible: true),
  ]

  let verdict: ExpectedSet.Verdict
  let listener: Listener
  /// What the rule says of one that is gone.
  let expectedProgram: String?
  let service: String?
  let firstSeen: Timestamp?
  let lastSeen: Timestamp?

  func value(_ field: Field) -> Value {
    switch field {
    case .status: return .text(verdict.rawValue)
    case .proto: return .proto(listener.proto)
    case .address: return .address(listener.address)
    case .port: return .port(listener.port)
    case .local: return .endpoint(Endpoint(listener.address, listener.port))
    case .service: return service.orNull(Value.text)
    case .exposure: return .text(Self.exposure(listener.address))
    case .risk: return .null
    case .process: return .process(listener.owner)
    case .pid: return listener.owner.process.orNull { .number($0.pid) }
    case .program: return (expectedProgram ?? listener.owner.process?.exe).orNull(Value.text)
    case .firstSeen: return firstSeen.orNull(Value.time)
    case .lastSeen: return lastSeen.orNull(Value.time)
    }
  }

  func style(_ field: Field) -> Style {
    guard field == .status else { return .plain }
    switch verdict {
    case .expected: return .green
    case .new, .changed, .widened: return .brightRed
    case .gone: return .gray
    }
  }

  /// From where it can be reached: this machine, the local network, anywhere.
  static func exposure(_ address: IPAddress) -> String {
    if address.isLoopback { return "loopback" }
    return address.isPrivate ? "lan" : "any"
  }
}
