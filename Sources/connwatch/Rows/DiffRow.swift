// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A socket that is different in two tables.
struct DiffRow: OutputRow {
  enum Field: String, CaseIterable {
    case change, proto, from, to
    case localAddress = "local_addr"
    case localPort = "local_port"
    case remoteAddress = "remote_addr"
    case remotePort = "remote_port"
    case service, direction, process, previous
    // For tables only:
    case local, remote, pid
  }

  static let keys: [Field] = Field.allCases.filter { ![.local, .remote, .pid].contains($0) }

  static let table: [TableColumn<Field>] = [
    TableColumn(.change), TableColumn(.proto, drop: 4), TableColumn(.local), TableColumn(.remote),
    TableColumn(.from, drop: 6), TableColumn(.to, drop: 7), TableColumn(.service, drop: 1),
    TableColumn(.direction, "DIR", drop: 2), TableColumn(.pid, drop: 3),
    TableColumn(.process, flexible: true),
    TableColumn(.previous, drop: 5),
  ]

  let names: Names
  let change: TableDifference.Change

  func value(_ field: Field) -> Value {
    let sighting = change.sighting
    let row = sighting.row
    switch field {
    case .change: return .text(change.kind.rawValue)
    case .proto: return .proto(row.proto)
    case .from: return (change.before?.row.state).orNull(Value.state)
    case .to: return (change.after?.row.state).orNull(Value.state)
    case .localAddress: return .address(row.local.address, name: sighting.localName)
    case .localPort: return .port(row.local.port)
    case .remoteAddress: return .address(row.remote.address, name: sighting.remoteName)
    case .remotePort: return .port(row.remote.port)
    case .local: return .endpoint(row.local, name: sighting.localName)
    case .remote: return .endpoint(row.remote, name: sighting.remoteName)
    case .service:
      let role = Life.Role(row, ephemeral: EphemeralRange())
      let end = serviceEnd(
        row.proto, local: row.local, remote: row.remote, role: role, direction: change.direction)
      return end.flatMap { names.service($0, row.proto.transport) }.orNull(Value.text)
    case .direction: return change.direction.orNull(Value.direction)
    case .process: return .process(owner)
    case .pid: return owner.process.orNull { .number($0.pid) }
    case .previous:
      guard let old = change.before?.owner.process, let new = change.after?.owner.process, old != new else {
        return .null
      }
      return .text(old.name == new.name ? "\(old.name) \(old.pid)" : old.name)
    }
  }

  /// Who holds it, or held it, as far as either table says.
  private var owner: SocketOwner {
    if let after = change.after, after.owner.process != nil { return after.owner }
    return change.before?.owner ?? change.sighting.owner
  }

  func style(_ field: Field) -> Style {
    guard field == .change else { return .plain }
    switch change.kind {
    case .opened: return .green
    case .listening: return .cyan
    case .changed: return .yellow
    case .closed, .unlistened: return .red
    }
  }
}
