// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Something that is known of a port. Rows of every kind have the same keys; those that say nothing of a kind are null.
struct PortRow: OutputRow {
  enum Field: String, CaseIterable {
    case kind, port, proto, service, aliases, registered, description, ephemeral, risk, note, when
    case localAddress = "local_addr"
    case localPort = "local_port"
    case remoteAddress = "remote_addr"
    case remotePort = "remote_port"
    case direction, state, exposure, status, reason, process, uid, user, processes, connections, open, sockets
    case firstSeen = "first_seen"
    case lastSeen = "last_seen"
    case closed
    case duration = "duration_s"
    case uncertainty = "uncertainty_s"
    case cause, netns, host
    // For tables only:
    case local, remote, from, until, lasted, pid, unit, holder
  }

  /// What a row is about.
  enum Kind: String, CaseIterable {
    /// The port by its number, one for each transport.
    case port
    /// A program that listens on it, or is bound to it, now or once.
    case holder
    /// A stretch of time in which nobody held it, or nobody watched.
    case gap
    /// A remote host that used it here, or whose service on it was used from here.
    case peer
    /// A connection that had it at its client's end, or at the moment that was asked about.
    case connection
  }

  /// How a row is to the moment that was asked about.
  enum When: String, CaseIterable {
    case at, before, after
  }

  private static let onlyInTables: [Field] = [
    .local, .remote, .from, .until, .lasted, .pid, .unit, .holder,
  ]
  static let keys: [Field] = Field.allCases.filter { !onlyInTables.contains($0) }
  static let table: [TableColumn<Field>] = keys.map { TableColumn($0) }

  static let holders: [TableColumn<Field>] = [
    TableColumn(.from), TableColumn(.until), TableColumn(.proto), TableColumn(.localAddress, "ADDRESS"),
    TableColumn(.sockets, drop: 1), TableColumn(.user, drop: 2), TableColumn(.unit, drop: 3),
    TableColumn(.holder, flexible: true),
  ]
  static let peers: [TableColumn<Field>] = [
    TableColumn(.remoteAddress, "HOST"), TableColumn(.proto, drop: 3), TableColumn(.connections, "CONNS"),
    TableColumn(.open, drop: 4), TableColumn(.firstSeen, drop: 1), TableColumn(.lastSeen, drop: 2),
    TableColumn(.processes, flexible: true),
  ]
  static let connections: [TableColumn<Field>] = [
    TableColumn(.from, "OPENED"), TableColumn(.lasted, "DURATION", drop: 2), TableColumn(.proto, drop: 3),
    TableColumn(.local), TableColumn(.remote), TableColumn(.direction, "DIR", drop: 1),
    TableColumn(.pid, drop: 4), TableColumn(.process, flexible: true),
  ]

  var kind: Kind
  var port: UInt16
  /// tcp or udp for ports and peers; the socket's table for others.
  var proto: String
  var service: String?
  var known: KnownPort?
  var isEphemeral: Bool?
  var risk: String?
  var note: String?
  var when: When?
  var local: Endpoint?
  var remote: Endpoint?
  var direction: Direction?
  var state: SocketState?
  var exposure: Exposure?
  var judgement: ExpectedSet.Judgement?
  /// nil where no socket is meant.
  var owner: SocketOwner?
  var uid: UInt32?
  var user: String?
  var processes: [String]?
  var connections: Int?
  var open: Int?
  var sockets: Int?
  var first: Timestamp?
  var last: Timestamp?
  var closed: Timestamp?
  var duration: Int64?
  var uncertainty: Int64?
  var cause: String?
  var netns: String?
  /// The host that it was imported for; nil for this machine.
  var host: String?
  /// Names in place of addresses, in evidence.
  var localName: String?
  var remoteName: String?

  init(_ kind: Kind, _ port: UInt16, _ proto: String) {
    (self.kind, self.port, self.proto) = (kind, port, proto)
  }

  func value(_ field: Field) -> Value {
    switch field {
    case .kind: return .text(kind.rawValue)
    case .port: return .port(port)
    case .proto: return .text(proto)
    case .service: return service.orNull(Value.text)
    case .aliases: return kind == .port ? .texts(known?.aliases ?? []) : .null
    case .registered: return (known?.registeredName).orNull(Value.text)
    case .description: return (known?.description).orNull(Value.text)
    case .ephemeral: return isEphemeral.orNull(Value.bool)
    case .risk: return risk.orNull(Value.text)
    case .note: return note.orNull(Value.text)
    case .when: return when.orNull { .text($0.rawValue) }
    case .localAddress: return local.orNull { .address($0.address, name: localName) }
    case .localPort: return local.orNull { .port($0.port) }
    case .remoteAddress: return remote.orNull { .address($0.address, name: remoteName) }
    case .remotePort: return remote.orNull { $0.port == 0 ? .null : .port($0.port) }
    case .direction: return direction.orNull(Value.direction)
    case .state: return state.orNull(Value.state)
    case .exposure: return exposure.orNull { .text($0.rawValue) }
    case .status: return judgement.orNull { .text($0.verdict.rawValue) }
    case .reason: return (judgement?.reason).orNull(Value.text)
    case .process: return owner.orNull(Value.process)
    case .uid: return uid.orNull { .number($0) }
    case .user: return user.orNull(Value.text)
    case .processes: return processes.orNull(Value.texts)
    case .connections: return connections.orNull { .number($0) }
    case .open: return open.orNull { .number($0) }
    case .sockets: return sockets.orNull { .number($0) }
    case .firstSeen, .from: return first.orNull(Value.time)
    case .lastSeen: return last.orNull(Value.time)
    case .closed: return closed.orNull(Value.time)
    case .duration: return duration.orNull(Value.seconds)
    case .uncertainty: return uncertainty.orNull(Value.seconds)
    case .cause: return cause.orNull(Value.text)
    case .netns: return netns.orNull(Value.text)
    case .host: return host.orNull(Value.text)
    case .local: return local.orNull { .endpoint($0, name: localName) }
    case .remote: return remote.orNull { .endpoint($0, name: remoteName) }
    case .until: return (open ?? 0) > 0 ? .text("now") : last.orNull(Value.time)
    // Nobody knows whether what was imported goes on.
    case .lasted: return closed == nil && host == nil ? .text("open") : duration.orNull(Value.age)
    case .pid: return (owner?.process).orNull { .number($0.pid) }
    case .unit: return (owner?.process?.unit).orNull(Value.text)
    case .holder:
      guard kind == .gap else { return owner.orNull(Value.process) }
      return .text(cause.map { "(not watched: \($0))" } ?? "(nobody)")
    }
  }
}

/// A port that has a name: a line of `port --all`.
struct KnownPortRow: OutputRow {
  enum Field: String, CaseIterable {
    case port, proto, name, registered, aliases, description
  }

  static let keys = Field.allCases
  static let table: [TableColumn<Field>] = [
    TableColumn(.port), TableColumn(.proto), TableColumn(.name), TableColumn(.aliases, drop: 1),
    TableColumn(.description, flexible: true),
  ]

  let known: KnownPort

  func value(_ field: Field) -> Value {
    switch field {
    case .port: return .port(known.port)
    case .proto: return .text(known.transport.name)
    case .name: return .text(known.name)
    case .registered: return known.registeredName.orNull(Value.text)
    case .aliases: return .texts(known.aliases)
    case .description: return known.description.orNull(Value.text)
    }
  }
}
