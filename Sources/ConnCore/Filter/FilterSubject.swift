// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What a filter can ask about a socket, live or remembered.
public struct FilterSubject: Sendable {
  /// The table the socket is in.
  public var proto: Proto
  /// The state; of a finished life, the last one.
  public var state: SocketState
  /// The local end.
  public var local: Endpoint
  /// The remote end.
  public var remote: Endpoint
  /// What kind of socket it is.
  public var role: Life.Role
  /// Which end is the service, nil where that is not known.
  public var direction: Direction?
  /// The user id, ``SocketRow/noUID`` where there is none.
  public var rawUID: UInt32
  /// The process that holds it, nil where none is known.
  public var process: OwningProcess?

  /// Makes a subject of a live row; give `owner` only where ``Filter/usesOwners`` says that it matters.
  @inlinable
  public init(
    _ row: SocketRow, role: Life.Role, direction: Direction?, owner: SocketOwner = .notLookedUp
  ) {
    proto = row.proto
    state = row.state
    local = row.local
    remote = row.remote
    self.role = role
    self.direction = direction
    rawUID = row.rawUID
    process = owner.process
  }

  /// Makes a subject of a life, in its latest state.
  public init(_ life: Life) {
    proto = life.proto
    state = life.state
    local = life.local
    remote = life.remote
    role = life.role
    direction = life.direction
    rawUID = life.rawUID
    process = life.owner.process
  }

  func answers(_ test: FilterTest) -> Bool {
    switch test {
    case .state(let set): return set.contains(state)
    case .address(.local, let block): return block.contains(local.address)
    case .address(.remote, let block): return block.contains(remote.address)
    case .address(.either, let block):
      return block.contains(local.address) || block.contains(remote.address)
    case .port(.local, let range): return range.contains(local.port)
    case .port(.remote, let range): return range.contains(remote.port)
    case .port(.either, let range): return range.contains(local.port) || range.contains(remote.port)
    case .service(let ports):
      guard let port = serviceEnd(proto, local: local, remote: remote, role: role, direction: direction)
      else { return false }
      return ports[proto.transport].contains(port)
    case .process(let pattern):
      guard let process else { return false }
      if pattern.matches(process.name) { return true }
      guard let exe = process.exe else { return false }
      return pattern.isPath ? pattern.matches(exe) : pattern.matchesLastComponent(of: exe)
    case .pid(let pid): return process?.pid == pid
    case .user(let uid): return rawUID == uid && uid != SocketRow.noUID
    case .unit(let pattern):
      guard let unit = process?.unit else { return false }
      return pattern.matches(unit) || pattern.matches(unit, adding: ".service")
    case .container(let pattern):
      return process?.container.map { pattern.matchesBeginning(of: $0) } ?? false
    case .direction(let wanted): return direction == wanted
    case .proto(let set): return set.contains(proto)
    }
  }
}
