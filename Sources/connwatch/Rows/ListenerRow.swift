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
    case reason
    // For tables only:
    case local, pid, program
  }

  static let keys: [Field] = Field.allCases.filter { ![.local, .pid, .program].contains($0) }
  static let table: [TableColumn<Field>] = [
    TableColumn(.status), TableColumn(.proto), TableColumn(.local), TableColumn(.service, drop: 3),
    TableColumn(.exposure, drop: 2), TableColumn(.firstSeen, drop: 1), TableColumn(.pid, drop: 4),
    TableColumn(.process), TableColumn(.program, flexible: true),
  ]

  let judgement: ExpectedSet.Judgement
  let listener: Listener
  /// What the rule says of one that is gone.
  let expectedProgram: String?
  let service: String?
  let firstSeen: Timestamp?
  let lastSeen: Timestamp?

  var verdict: ListenerVerdict { judgement.verdict }

  /// What is expected and is not there, given what is.
  static func missing(_ set: ExpectedSet, beside listeners: [Listener], _ services: ServiceNames)
    -> [ListenerRow]
  {
    set.missing(listeners).map { rule in
      ListenerRow(
        judgement: ExpectedSet.judgeMissing(rule),
        listener: Listener(
          proto: rule.proto, address: rule.scope.representative(rule.proto), port: rule.port,
          owner: .notLookedUp),
        expectedProgram: rule.program, service: services.name(rule.port, rule.proto.transport),
        firstSeen: nil, lastSeen: nil)
    }
  }

  func value(_ field: Field) -> Value {
    switch field {
    case .status: return .text(verdict.rawValue)
    case .proto: return .proto(listener.proto)
    case .address: return .address(listener.address)
    case .port: return .port(listener.port)
    case .local: return .endpoint(Endpoint(listener.address, listener.port))
    case .service: return service.orNull(Value.text)
    case .exposure: return .text(listener.exposure.rawValue)
    case .risk: return risk.orNull(Value.text)
    case .reason: return judgement.reason.orNull(Value.text)
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

  /// What is to be minded of its port; nothing where nobody listens.
  private var risk: String? { verdict == .gone ? nil : listener.risk }

  /// What no column has room for, below the table: what was expected instead of what is there, and what is to be minded
  /// of its port. Empty where there is nothing to say.
  static func notes(_ rows: [ListenerRow]) -> String {
    var text = ""
    var said: Set<String> = []
    for row in rows {
      var lines: [String] = []
      if row.verdict.isFinding, let reason = row.judgement.reason {
        lines.append("  \(row.verdict.rawValue): \(HostileText.escaped(reason))")
      }
      if let risk = row.risk { lines.append("  risk: \(risk)") }
      if lines.isEmpty { continue }
      let address = row.listener.address
      let host = address.isV4 ? "\(address)" : "[\(address)]"
      let place = "\(row.listener.proto.name) \(host):\(row.listener.port)"
      let note = "\(place)\n\(lines.joined(separator: "\n"))\n"
      // Several programs can share an address.
      if said.insert(note).inserted { text += note }
    }
    return text.isEmpty ? "" : "\n" + text
  }
}
