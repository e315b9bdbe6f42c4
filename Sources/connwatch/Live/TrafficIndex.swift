// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What the sockets of the latest snapshots have carried, found by a socket's life.
struct TrafficIndex {
  /// Where rows are in a snapshot.
  private struct Rows {
    var snapshot: Snapshot
    var byInode: [UInt64: Int32] = [:]
    /// Those that have no inode.
    var byEnds: [SocketEnds: Int32] = [:]

    init(_ snapshot: Snapshot) {
      self.snapshot = snapshot
      byInode.reserveCapacity(snapshot.traffic.count)
      for (number, traffic) in snapshot.traffic.enumerated() where traffic != nil {
        let inode = snapshot.rows[number].inode
        if inode != 0 {
          byInode[inode] = Int32(number)
        } else {
          byEnds[snapshot.rows[number].ends] = Int32(number)
        }
      }
    }

    func traffic(of life: Life) -> Traffic? {
      if let number = byInode[life.inode], snapshot.rows[Int(number)].isOf(life) {
        return snapshot.traffic[Int(number)]
      }
      if byEnds.isEmpty { return nil }
      return byEnds[life.ends].flatMap { snapshot.traffic[Int($0)] }
    }
  }

  private var own: Rows?
  private var others: [String: Rows] = [:]

  init(_ book: LiveBook) {
    for (netns, snapshot) in book.samples {
      if let netns { others[netns] = Rows(snapshot) } else { own = Rows(snapshot) }
    }
  }

  /// What the socket at a place has carried; of one that is gone, in all; nil where that is not known.
  func traffic(_ place: Int, _ book: LiveBook) -> Traffic? {
    if book.isGone[place] { return book.lives[place].traffic }
    guard let netns = book.lives[place].netns else { return own?.traffic(of: book.lives[place]) }
    return others[netns]?.traffic(of: book.lives[place])
  }
}

extension LiveBook {
  /// What the sockets at a few places have carried, in one pass; those of which it is not known are left out.
  func traffic(of wanted: some Collection<Int>) -> [Int: Traffic] {
    var found: [Int: Traffic] = [:]
    var there: [String?: [SocketEnds: Int]] = [:]
    for place in wanted where isUsed[place] {
      if isGone[place] {
        found[place] = lives[place].traffic
      } else {
        // UDP alone can have the same ends twice, and it carries nothing that is counted.
        there[lives[place].netns, default: [:]][lives[place].ends] = place
      }
    }
    for (netns, places) in there {
      guard let sample = samples[netns], !sample.traffic.isEmpty else { continue }
      // Most rows are told apart by their port alone.
      var ports = [Bool](repeating: false, count: 65536)
      for ends in places.keys { ports[Int(ends.local.port)] = true }
      for number in sample.traffic.indices where ports[Int(sample.rows[number].local.port)] {
        guard let traffic = sample.traffic[number], let place = places[sample.rows[number].ends],
          sample.rows[number].isOf(lives[place])
        else { continue }
        found[place] = traffic
      }
    }
    return found
  }
}

extension SocketRow {
  /// True where it is the row of a life: its ends and its inode are the same. A socket can lose its inode.
  fileprivate func isOf(_ life: Life) -> Bool {
    (inode == life.inode || inode == 0) && proto == life.proto && local == life.local && remote == life.remote
  }
}
