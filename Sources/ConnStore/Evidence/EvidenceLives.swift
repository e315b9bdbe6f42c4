// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Makes the lives of one host from all rows there are of it, in place of those that were made before.
///
/// Rows come by their ends, so only those of one socket are in memory at a time.
struct EvidenceLives {
  private let connection: Connection
  private let dictionaries: Dictionaries
  private let host: Int64

  /// The columns that make two rows those of the same ends.
  private struct Ends: Equatable {
    var proto: Int64
    var local: Int64
    var localPort: Int64
    var remote: Int64
    var remotePort: Int64
  }

  init(_ connection: Connection, _ dictionaries: Dictionaries, host: Int64) {
    self.connection = connection
    self.dictionaries = dictionaries
    self.host = host
  }

  /// Writes them; returns how many there are.
  func write() throws(StoreError) -> Int {
    try connection.run("DELETE FROM evidence_life WHERE host = \(host)")
    let (timeline, places) = try timeline()
    let add = try connection.prepare(
      """
      INSERT INTO evidence_life(\(LifeReferences.columns), host)
      VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, \(host))
      """)
    let rows = try self.rows("ORDER BY r.proto, r.laddr, r.lport, r.raddr, r.rport, e.at, e.digest, r.line")
    var next = min(0, try connection.integer("SELECT min(id) FROM evidence_life") ?? 0) - 1
    var count = 0
    var seen: [Timeline.Seen] = []
    var ends: Ends?
    func flush() throws(StoreError) {
      guard let ends else { return }
      for var life in timeline.lives(of: seen) {
        life.id = next
        next -= 1
        count += 1
        let references = LifeReferences(
          local: ends.local, remote: ends.remote, path: try dictionaries.path(of: life),
          program: try dictionaries.program(of: life), netns: nil)
        add.bind(life, references, flags: LifeFlags(life).rawValue)
        try add.run()
      }
      seen.removeAll(keepingCapacity: true)
    }
    while try rows.step() {
      let now = Ends(
        proto: rows.integer(1), local: rows.integer(3), localPort: rows.integer(4), remote: rows.integer(5),
        remotePort: rows.integer(6))
      if ends != now { try flush() }
      ends = now
      guard let place = places[rows.integer(0)], let sighting = Self.sighting(rows) else { continue }
      seen.append(Timeline.Seen(moment: place, sighting))
    }
    try flush()
    return count
  }

  private func rows(_ rest: String) throws(StoreError) -> Statement {
    try connection.prepare(
      """
      SELECT r.evidence, r.proto, r.state, r.laddr, r.lport, r.raddr, r.rport, r.pid, r.others, r.inode,
        la.bytes, ra.bytes, g.name, g.exe, g.unit, g.container, g.uid
      FROM evidence_row r JOIN evidence e ON e.id = r.evidence JOIN address la ON la.id = r.laddr
        JOIN address ra ON ra.id = r.raddr LEFT JOIN program g ON g.id = r.program
      WHERE e.host = \(host) \(rest)
      """)
  }

  private static func sighting(_ row: Statement) -> Sighting? {
    guard let local = row.withBytes(10, { IPAddress(bytes: $0) }),
      let remote = row.withBytes(11, { IPAddress(bytes: $0) })
    else { return nil }
    let socket = SocketRow(
      proto: Proto(rawValue: UInt8(truncatingIfNeeded: row.integer(1) & 3)) ?? .tcp,
      state: SocketState(stored: row.integer(2)),
      local: Endpoint(local, UInt16(truncatingIfNeeded: row.integer(4))),
      remote: Endpoint(remote, UInt16(truncatingIfNeeded: row.integer(6))),
      inode: UInt64(bitPattern: row.integer(9)),
      rawUID: row.optionalInteger(16).map { UInt32(truncatingIfNeeded: $0) } ?? SocketRow.noUID)
    var owner = SocketOwner.notLookedUp
    if let pid = row.optionalInteger(7) {
      owner = SocketOwner(
        process: OwningProcess(
          pid: Int32(truncatingIfNeeded: pid), startTime: 0, name: row.text(12), exe: row.optionalText(13),
          unit: row.optionalText(14), container: row.optionalText(15)),
        others: Int(min(max(0, row.integer(8)), 255)))
    }
    return Sighting(socket, owner: owner)
  }

  /// The host's moments, and for each piece the place of its moment.
  private func timeline() throws(StoreError) -> (Timeline, places: [Int64: Int]) {
    var moments: [Timeline.Moment] = []
    var places: [Int64: Int] = [:]
    let pieces = try connection.prepare(
      "SELECT id, at, covers FROM evidence WHERE host = \(host) ORDER BY at, id")
    while try pieces.step() {
      let at = Timestamp(microseconds: pieces.microseconds(1))
      let covers = EvidenceCover(rawValue: UInt8(truncatingIfNeeded: pieces.integer(2)))
      if moments.last?.at != at { moments.append(Timeline.Moment(at: at, covers: [])) }
      moments[moments.count - 1].covers.formUnion(covers)
      places[pieces.integer(0)] = moments.count - 1
    }
    let waiting = [SocketState.listen, .unconnected].map { String($0.stored) }.joined(separator: ",")
    let listeners = try rows("AND r.state IN (\(waiting))")
    while try listeners.step() {
      guard let place = places[listeners.integer(0)], let sighting = Self.sighting(listeners),
        Life.Role(sighting.row, ephemeral: EphemeralRange()) == .listener
      else { continue }
      moments[place].listeners = moments[place].listeners ?? ListenerSet()
      moments[place].listeners?.insert(sighting.row.proto, sighting.row.local)
    }
    return (Timeline(moments), places)
  }
}
