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
}
