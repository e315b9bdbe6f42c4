// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What a row of a life refers to in the dictionaries.
struct LifeReferences {
  var local: Int64
  var remote: Int64
  var path: Int64
  var program: Int64?
  var netns: Int64?

  /// The columns that the tables of lives share, in the order in which they are bound.
  static let columns = """
    id, opened, duration, seen, laddr, lport, raddr, rport, flags, path, offsets, program, pid, uncertainty, \
    bytes_in, bytes_out, rtt, retransmits, netns
    """
}

extension Statement {
  /// Binds a life to the first nineteen parameters: those of ``LifeReferences/columns``.
  func bind(_ life: Life, _ references: LifeReferences, flags: Int64) {
    bind(1, life.id)
    bind(2, life.firstSeen.microseconds)
    bind(3, life.closedOffset)
    bind(4, life.lastSeenOffset)
    bind(5, references.local)
    bind(6, Int64(life.local.port))
    bind(7, references.remote)
    bind(8, Int64(life.remote.port))
    bind(9, flags)
    bind(10, references.path)
    bind(
      11, life.laterSteps.isEmpty ? nil : life.laterSteps.map { String($0.offset) }.joined(separator: ","))
    bind(12, references.program)
    bind(13, life.owner.process.map { Int64($0.pid) })
    bind(14, life.uncertainty)
    bind(15, life.traffic.map { Int64(clamping: $0.bytesIn) })
    bind(16, life.traffic.map { Int64(clamping: $0.bytesOut) })
    bind(17, life.traffic.flatMap { $0.roundTrip == 0 ? nil : Int64($0.roundTrip) })
    bind(18, life.traffic.map { Int64($0.retransmits) })
    bind(19, references.netns)
  }
}
