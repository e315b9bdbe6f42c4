// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A socket at one moment, put together from every row that shows it.
struct SightedSocket {
  var sighting: Sighting
  /// Every process that a row names.
  private var pids: Set<Int32> = []

  private init(_ sighting: Sighting) {
    self.sighting = sighting
    if let process = sighting.owner.process { pids.insert(process.pid) }
  }

  /// Puts together the rows of one moment that have the same ends: each inode is a socket, and rows without one are of
  /// the socket there is, or are one by themselves.
  static func collapse(_ sightings: some Sequence<Sighting>) -> [SightedSocket] {
    var sockets: [SightedSocket] = []
    // Rows without an inode last; the rest of the order makes the answer the same whatever the order of the rows.
    for sighting in sightings.sorted(by: isBefore) {
      let inode = sighting.row.inode
      if inode != 0, sockets.last?.sighting.row.inode != inode {
        sockets.append(SightedSocket(sighting))
      } else if sockets.count == 1 || inode != 0 {
        sockets[sockets.count - 1].join(sighting)
      } else if sockets.isEmpty {
        sockets.append(SightedSocket(sighting))
      }
    }
    return sockets
  }

  private static func isBefore(_ left: Sighting, _ right: Sighting) -> Bool {
    func key(_ sighting: Sighting) -> (UInt64, Int, Int, Int64, UInt32) {
      let row = sighting.row
      return (
        row.inode == 0 ? .max : row.inode, rank(row.state), row.state.place,
        sighting.owner.process.map { Int64($0.pid) } ?? .max, row.rawUID
      )
    }
    let (first, second) = (key(left), key(right))
    if first != second { return first < second }
    return left.owner.process?.name ?? "" < right.owner.process?.name ?? ""
  }

  /// Takes what another row knows more; of two states the later one.
  private mutating func join(_ other: Sighting) {
    if Self.rank(other.row.state) > Self.rank(sighting.row.state) { sighting.row.state = other.row.state }
    let others = max(sighting.owner.others, other.owner.others)
    if sighting.owner.process == nil { sighting.owner = other.owner }
    if let process = other.owner.process { pids.insert(process.pid) }
    sighting.owner.others = max(others, pids.count - 1)
    if sighting.row.rawUID == SocketRow.noUID { sighting.row.rawUID = other.row.rawUID }
  }

  private static func rank(_ state: SocketState) -> Int { LifeTable.rank(state) ?? 0 }
}

/// The lives of one pair of ends while they are put together.
struct TimelineRun {
  private struct Going {
    var life: Life
    var lastMoment: Int
    /// How long before the first sighting it was not there, nil where nothing tells.
    var opening: Int64?
    /// How long before it was seen to be over it was seen otherwise.
    var closing: Int64?
  }

  let timeline: Timeline
  private var going: [Going] = []
  private var ended: [Life] = []
  /// The last moment at which a life with these ends, which has ended since, was seen.
  private var lastBefore: Int?

  init(timeline: Timeline) { self.timeline = timeline }

  /// Takes what was seen at a moment, which is later than those before.
  mutating func see(_ sockets: [SightedSocket], at moment: Int) {
    endMissing(before: moment)
    var isTaken = [Bool](repeating: false, count: going.count)
    var isNew: [SightedSocket] = []
    // The same inode first, so that a row that may be anybody's does not take it away.
    var rest: [SightedSocket] = []
    for socket in sockets {
      let inode = socket.sighting.row.inode
      let place = going.indices.first { inode != 0 && !isTaken[$0] && going[$0].life.inode == inode }
      if let place, goOn(place, socket, at: moment) {
        isTaken[place] = true
      } else {
        rest.append(socket)
      }
    }
    for socket in rest {
      let inode = socket.sighting.row.inode
      let place = going.indices.first { place in
        !isTaken[place] && (inode == 0 || going[place].life.inode == 0)
      }
      if let place, goOn(place, socket, at: moment) {
        isTaken[place] = true
      } else {
        isNew.append(socket)
      }
    }
    for place in isTaken.indices.reversed() where !isTaken[place] {
      let row = sockets[0].sighting.row
      // Only one TCP connection has these ends at a time; of listeners and of UDP there can be several.
      let isReplaced = row.proto.transport == .tcp && row.state != .listen
      let isMissing = timeline.next(after: moment - 1, of: row) == moment
      if isReplaced || isMissing { end(place, at: moment) }
    }
    for socket in isNew { begin(socket, at: moment) }
  }

  /// Hands over all lives, once nothing more comes.
  mutating func finish() -> [Life] {
    endMissing(before: .max)
    ended += going.map(Self.finished)
    going.removeAll()
    return ended.sorted { ($0.firstSeen, $0.inode) < ($1.firstSeen, $1.inode) }
  }

  /// Ends what was missing at a moment between its last sighting and `moment`.
  private mutating func endMissing(before moment: Int) {
    for place in going.indices.reversed() {
      let row = going[place].life.lastRow
      if let missing = timeline.next(after: going[place].lastMoment, of: row), missing < moment {
        end(place, at: missing)
      }
    }
  }

  private mutating func end(_ place: Int, at moment: Int) {
    var gone = going.remove(at: place)
    if gone.life.closedOffset == nil {
      let offset = timeline.moments[moment].at - gone.life.firstSeen
      gone.life.closedOffset = offset
      gone.closing = offset - gone.life.lastSeenOffset
    }
    lastBefore = gone.lastMoment
    ended.append(Self.finished(gone))
  }

  private static func finished(_ gone: Going) -> Life {
    var life = gone.life
    life.uncertainty = [gone.opening, gone.closing].compactMap { $0 }.max()
    return life
  }

  private mutating func begin(_ socket: SightedSocket, at moment: Int) {
    let sighting = socket.sighting
    let row = sighting.row
    let at = timeline.moments[moment].at
    var life = Life(
      id: 0, row: row, role: Life.Role(row, ephemeral: EphemeralRange()),
      direction: Timeline.direction(row, listeners: timeline.moments[moment].listeners), firstSeen: at,
      firstSeenBoot: 0, uncertainty: nil, sources: .imported)
    life.owner = sighting.owner
    if row.state == .timeWait { life.closedOffset = 0 }
    let before = [timeline.previous(before: moment, of: row), lastBefore].compactMap { $0 }.max()
    going.append(
      Going(life: life, lastMoment: moment, opening: before.map { at - timeline.moments[$0].at }))
  }

  /// True where both are known, and neither the number nor the name is the same.
  private static func isOther(_ process: OwningProcess?, than before: OwningProcess?) -> Bool {
    guard let process, let before else { return false }
    return process.pid != before.pid && process.name != before.name
  }

  /// Adds a sighting to a life; false where it cannot be of it.
  private mutating func goOn(_ place: Int, _ socket: SightedSocket, at moment: Int) -> Bool {
    let sighting = socket.sighting
    let row = sighting.row
    let before = going[place].life.state
    if LifeTable.goesBackwards(from: before, to: row.state) { return false }
    if row.state == .listen, Self.isOther(sighting.owner.process, than: going[place].life.owner.process) {
      return false
    }
    let offset = timeline.moments[moment].at - going[place].life.firstSeen
    if row.state == .timeWait, going[place].life.closedOffset == nil {
      going[place].life.closedOffset = offset
      going[place].closing = offset - going[place].life.lastSeenOffset
    }
    going[place].lastMoment = moment
    going[place].life.lastSeenOffset = offset
    if row.state != before { going[place].life.laterSteps.append(Life.Step(row.state, at: offset)) }
    if row.inode != 0 { going[place].life.inode = row.inode }
    if row.rawUID != SocketRow.noUID { going[place].life.rawUID = row.rawUID }
    if sighting.owner.process != nil { going[place].life.owner = sighting.owner }
    if going[place].life.direction == nil {
      going[place].life.direction = Timeline.direction(
        row, listeners: timeline.moments[moment].listeners)
    }
    return true
  }
}

extension Life {
  /// Its socket in its latest state.
  fileprivate var lastRow: SocketRow {
    SocketRow(proto: proto, state: state, local: local, remote: remote, inode: inode, rawUID: rawUID)
  }
}
