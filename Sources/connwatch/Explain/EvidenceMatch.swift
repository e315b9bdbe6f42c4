// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What was imported for a host that has the two ends of a line.
struct EvidenceMatch {
  /// The host.
  let host: String
  /// How many lives have these ends, one after the other, or from both of them.
  var count = 1
  /// The first sight of the earliest.
  var first: Timestamp
  /// The last sight.
  var last: Timestamp
  /// When the latest was gone, nil where that is not known.
  var closed: Timestamp?
  /// The states of the latest, in order.
  var states: [SocketState]

  /// - Parameter latest: the one that was seen last of the host.
  init?(_ latest: Life) {
    guard let host = latest.host else { return nil }
    self.host = host
    (first, last, closed) = (latest.firstSeen, latest.lastSeen, latest.closed)
    states = latest.steps.map(\.state)
  }

  /// Matches of lives, host by host: those of the host that was seen last first.
  ///
  /// - Parameter lives: newest first.
  static func all(_ lives: [Life]) -> [EvidenceMatch] {
    var matches: [EvidenceMatch] = []
    for life in lives {
      if let place = matches.firstIndex(where: { $0.host == life.host }) {
        matches[place].count += 1
        matches[place].first = min(matches[place].first, life.firstSeen)
        matches[place].last = max(matches[place].last, life.lastSeen)
      } else if let match = EvidenceMatch(life) {
        matches.append(match)
      }
    }
    return matches
  }
}

extension Life {
  /// True for one that has the two ends of a line, from either side.
  func hasEnds(of row: EvidenceRow) -> Bool {
    guard let other = row.remote, row.local.port != nil, other.port != nil else { return false }
    func fits(_ here: EvidenceEnd, _ there: EvidenceEnd) -> Bool {
      here.fits(local, name: origin?.localName) && there.fits(remote, name: origin?.remoteName)
    }
    return fits(row.local, other) || fits(other, row.local)
  }
}

extension EvidenceEnd {
  /// True where an end is this one: names are the same in letters of either case, and are not looked up.
  fileprivate func fits(_ end: Endpoint, name: String?) -> Bool {
    guard port == end.port else { return false }
    if let address { return name == nil && address == end.address }
    return host.map { $0.lowercased() == name?.lowercased() } ?? true
  }
}
