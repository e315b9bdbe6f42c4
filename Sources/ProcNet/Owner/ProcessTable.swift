// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A descriptor that was a socket when it was looked at.
struct HeldSocket {
  var descriptor: UInt32
  /// It was taken from what was known before, not read.
  var wasLeftOut: Bool
  var inode: UInt64
}

/// What is kept of a process between look-ups.
struct ProcessRecord {
  /// The process id.
  let pid: Int32
  /// The inode of /proc/PID itself: the kernel makes a new one for a new process, so a pid that was given to
  /// another process is noticed while listing, at no cost. The start time confirms it where it matters.
  let directoryInode: UInt64
  /// The first look-up that listed it.
  let firstListedAt: UInt64
  /// The last look-up that listed it. Look-ups are numbered from 1.
  var listedAt: UInt64
  /// The last look-up that read its descriptors, 0 for none.
  var lookedAt: UInt64 = 0
  /// The last look-up that found it to hold a wanted socket, 0 for none.
  var foundAt: UInt64 = 0
  /// The last look-up that left out descriptors of it, 0 for none.
  var leftOutAt: UInt64 = 0
  /// In look-up `leftOutAt`: descriptors below this number were tried without a listing. 0 where it was listed.
  var triedBelow = 0
  /// The last look-up by whose end none of its descriptors was left out, 0 for none.
  var readWholeAt: UInt64 = 0
  /// How many descriptors it had when it was last looked at.
  var descriptors = 0
  /// Its number among the holders of look-up `foundAt`.
  var holder: Int32 = -1
  /// Its parent, -1 where not read yet.
  var parent: Int32 = -1
  /// A kernel thread.
  var neverHolds = false
  /// Reading its descriptors was not allowed.
  var isRefused = false
  /// Reading its descriptors failed otherwise.
  var isFailed = false
  /// Who it is, read when it was first found to hold a wanted socket.
  var details: OwningProcess?
  /// The sockets it held when it was last looked at, by ascending descriptor. Kept for incremental look-ups only.
  var sockets: [HeldSocket] = []

  /// Makes a record of a process that was just listed.
  init(pid: Int32, directoryInode: UInt64, listedAt: UInt64) {
    self.pid = pid
    self.directoryInode = directoryInode
    firstListedAt = listedAt
    self.listedAt = listedAt
  }
}

/// The processes that there are, in no order.
struct ProcessTable {
  private(set) var slots: [Int32: Int] = [:]
  var records: [ProcessRecord] = []

  /// Notes that a process is there, forgetting another one that had its pid.
  mutating func list(pid: Int32, directoryInode: UInt64, at lookUp: UInt64) {
    if let slot = slots[pid] {
      if records[slot].directoryInode == directoryInode {
        records[slot].listedAt = lookUp
      } else {
        records[slot] = ProcessRecord(pid: pid, directoryInode: directoryInode, listedAt: lookUp)
      }
      return
    }
    slots[pid] = records.count
    records.append(ProcessRecord(pid: pid, directoryInode: directoryInode, listedAt: lookUp))
  }

  /// Forgets processes that this look-up did not list.
  mutating func dropUnlisted(at lookUp: UInt64) {
    var slot = 0
    while slot < records.count {
      if records[slot].listedAt == lookUp {
        slot += 1
        continue
      }
      slots[records[slot].pid] = nil
      let last = records.removeLast()
      if slot < records.count {
        records[slot] = last
        slots[last.pid] = slot
      }
    }
  }
}
