// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The moments of which there is evidence of one host, and how sightings at them become lives.
///
/// Pieces of the same moment are one: four tables of one capture, or the same sockets in two formats.
public struct Timeline: Sendable {
  /// A moment.
  public struct Moment: Sendable {
    /// When.
    public var at: Timestamp
    /// What its pieces have all of, together.
    public var covers: EvidenceCover
    /// Who listened.
    public var listeners: ListenerSet?

    /// Makes a moment at which nobody is known to have listened.
    public init(at: Timestamp, covers: EvidenceCover) {
      self.at = at
      self.covers = covers
    }
  }

  /// A sighting at a moment.
  public struct Seen: Sendable {
    /// The moment's place in ``moments``.
    public var moment: Int
    /// What was seen.
    public var sighting: Sighting

    /// Makes one.
    public init(moment: Int, _ sighting: Sighting) {
      self.moment = moment
      self.sighting = sighting
    }
  }

  /// The moments, oldest first.
  public let moments: [Moment]
  /// For each kind (a bit of ``EvidenceCover``) the places of the moments that have all of it, ascending.
  private var covering = [[Int]](repeating: [], count: 8)

  /// Makes a timeline of moments, oldest first.
  public init(_ moments: [Moment]) {
    self.moments = moments
    for (place, moment) in moments.enumerated() {
      for bit in 0..<8 where moment.covers.rawValue & 1 << bit != 0 { covering[bit].append(place) }
    }
  }

  /// The lives of the sockets that have the same ends, by the order of their openings. Ids are 0.
  ///
  /// One life goes on from a sighting to the next unless its states would go backwards, both have an inode and
  /// these differ, or a listener is another program's. One that is missing at a moment that has all of its kind was closed between its last sighting and
  /// that moment, which is taken for its end; with less than all nothing is closed. `uncertainty` is the longer one of
  /// the times within which it opened and closed, as far as these are known.
  ///
  /// - Parameter seen: in the order of time; the order of those at the same moment makes no difference.
  public func lives(of seen: [Seen]) -> [Life] {
    var run = TimelineRun(timeline: self)
    var start = seen.startIndex
    while start < seen.endIndex {
      let moment = seen[start].moment
      var end = start
      while end < seen.endIndex, seen[end].moment == moment { end += 1 }
      run.see(SightedSocket.collapse(seen[start..<end].lazy.map(\.sighting)), at: moment)
      start = end
    }
    return run.finish()
  }

  /// The first moment after `place` that has all of a row's kind, nil where there is none.
  func next(after place: Int, of row: SocketRow) -> Int? {
    let places = covering[EvidenceCover(of: row).rawValue.trailingZeroBitCount]
    let found = Self.firstIndex(places) { $0 > place }
    return found < places.count ? places[found] : nil
  }

  /// The last moment before `place` that has all of a row's kind, nil where there is none.
  func previous(before place: Int, of row: SocketRow) -> Int? {
    let places = covering[EvidenceCover(of: row).rawValue.trailingZeroBitCount]
    let found = Self.firstIndex(places) { $0 >= place }
    return found > 0 ? places[found - 1] : nil
  }

  /// Bisects.
  private static func firstIndex(_ places: [Int], _ isWanted: (Int) -> Bool) -> Int {
    var (low, high) = (0, places.count)
    while low < high {
      let middle = (low + high) / 2
      if isWanted(places[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Which end is the service.
  ///
  /// The range of client ports of another machine is not known, so beyond ``Direction/infer(_:listeners:ephemeral:sawOpening:)``
  /// with the kernel's own range one thing is taken as a sign: ports below 1024 are for services (RFC 6335), and no system
  /// gives them to clients by itself.
  public static func direction(_ row: SocketRow, listeners: ListenerSet?) -> Direction? {
    let inferred = Direction.infer(
      row, listeners: listeners ?? ListenerSet(), ephemeral: EphemeralRange(), sawOpening: false)
    if let inferred { return inferred }
    guard row.state != .listen, row.state != .unconnected, row.local.port != 0, row.remote.port != 0 else {
      return nil
    }
    switch (row.local.port < 1024, row.remote.port < 1024) {
    case (false, true): return .outbound
    case (true, false): return .inbound
    default: return nil
    }
  }
}
