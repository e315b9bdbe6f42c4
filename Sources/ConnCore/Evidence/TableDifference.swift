// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What is different between two tables of sockets.
public struct TableDifference: Sendable {
  /// One socket that is.
  public struct Change: Sendable {
    /// What happened to it, in the words of events.
    public var kind: Event.Kind
    /// As it was before, nil where it was not there.
    public var before: Sighting?
    /// As it is after, nil where it is gone.
    public var after: Sighting?
    /// Which end is the service.
    public var direction: Direction?

    /// As it is, or was last.
    public var sighting: Sighting { after ?? before! }

    fileprivate init(_ before: Sighting?, _ after: Sighting?) {
      self.before = before
      self.after = after
      kind = .changed
      let isListener = Life.Role(sighting.row, ephemeral: EphemeralRange()) == .listener
      if before == nil { kind = isListener ? .listening : .opened }
      if after == nil { kind = isListener ? .unlistened : .closed }
    }
  }

  /// The changes: listeners that are new, then those that are gone, what opened, changed, and closed; each by protocol
  /// and ends.
  public private(set) var changes: [Change] = []

  /// Compares two tables.
  ///
  /// A socket is the same with the same ends and inode, or with the same ends where one of the two has no inode, unless
  /// its states would go backwards. It has changed with another state or another process.
  public init(from before: [Sighting], to after: [Sighting]) {
    var sides: [SocketEnds: (before: [Sighting], after: [Sighting])] = [:]
    for sighting in before { sides[sighting.row.ends, default: ([], [])].before.append(sighting) }
    for sighting in after { sides[sighting.row.ends, default: ([], [])].after.append(sighting) }
    for (_, side) in sides {
      add(
        SightedSocket.collapse(side.before).map(\.sighting),
        SightedSocket.collapse(side.after).map(\.sighting))
    }
    let listeners = (Self.listeners(before), Self.listeners(after))
    for place in changes.indices {
      let change = changes[place]
      changes[place].direction = Timeline.direction(
        change.sighting.row, listeners: change.after == nil ? listeners.0 : listeners.1)
    }
    changes.sort { Self.order($0) < Self.order($1) }
  }

  private static func listeners(_ sightings: [Sighting]) -> ListenerSet {
    var set = ListenerSet()
    set.insert(listenersOf: sightings.map(\.row), ephemeral: EphemeralRange())
    return set
  }

  private mutating func add(_ before: [Sighting], _ after: [Sighting]) {
    var gone = before
    var new: [Sighting] = []
    // The same inode first, so that a row that may be anybody's does not take it away.
    for isExact in [true, false] {
      let candidates = isExact ? after : new
      new = []
      for sighting in candidates {
        let inode = sighting.row.inode
        let place = gone.firstIndex { old in
          let isSame =
            isExact ? inode != 0 && old.row.inode == inode : inode == 0 || old.row.inode == 0
          return isSame && !LifeTable.goesBackwards(from: old.row.state, to: sighting.row.state)
        }
        guard let place else {
          new.append(sighting)
          continue
        }
        let old = gone.remove(at: place)
        if Self.differ(old, sighting) { changes.append(Change(old, sighting)) }
      }
    }
    changes += gone.map { Change($0, nil) } + new.map { Change(nil, $0) }
  }

  private static func differ(_ old: Sighting, _ new: Sighting) -> Bool {
    if old.row.state != new.row.state { return true }
    guard let first = old.owner.process, let second = new.owner.process else { return false }
    return first.pid != second.pid || first.name != second.name
  }

  private static func order(
    _ change: Change
  ) -> (Int, UInt8, Endpoint.Order, Endpoint.Order, UInt64) {
    let row = change.sighting.row
    let kind =
      switch change.kind {
      case .listening: 0
      case .unlistened: 1
      case .opened: 2
      case .changed: 3
      case .closed: 4
      }
    return (kind, row.proto.rawValue, .init(row.local), .init(row.remote), row.inode)
  }
}

extension Endpoint {
  /// By address, then by port.
  fileprivate struct Order: Comparable {
    let end: Endpoint

    init(_ end: Endpoint) { self.end = end }

    static func < (left: Order, right: Order) -> Bool {
      (left.end.address, left.end.port) < (right.end.address, right.end.port)
    }
  }
}
