// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// How a life is read back from a row of `life` or `open_life` and its dictionaries.
struct LifeColumns {
  /// True where the row is of `open_life`, with its further columns.
  var hasExtra: Bool
  /// True where the row is of `evidence_life`, with the columns of ``evidence``.
  var isEvidence = false

  /// The columns that ``Schema/version2`` brought, from column 18 on; the verdict is column 23.
  private static let version2 = "l.bytes_in, l.bytes_out, l.rtt, l.retransmits, n.label"

  /// The statement up to and without WHERE.
  ///
  /// - Parameters:
  ///   - table: the table with its alias `l`, and an INDEXED BY where one is wanted.
  ///   - extra: true for `open_life`.
  ///   - schema: the version of the database: one that cannot be written is read as it is, without what it lacks.
  static func select(from table: String, extra: Bool, schema: Int64 = Migration.latest) -> String {
    let isOld = schema < 2
    return """
      SELECT l.id, l.opened, l.duration, l.seen, la.bytes, l.lport, ra.bytes, l.rport, l.flags, p.states,
        l.offsets, l.pid, l.uncertainty, g.name, g.exe, g.unit, g.container, g.uid,
        \(isOld ? "NULL, NULL, NULL, NULL, NULL" : version2), \(schema < 5 ? "NULL" : Schema.verdict)\
      \(extra ? ", l.opened_boot, l.inode, l.process_start, \(isOld ? "NULL" : "l.cookie")" : "")
      FROM \(table) JOIN path p ON p.id = l.path JOIN address la ON la.id = l.laddr
        JOIN address ra ON ra.id = l.raddr LEFT JOIN program g ON g.id = l.program
        \(isOld ? "" : "LEFT JOIN netns n ON n.id = l.netns")
      """
  }

  /// The statement up to and without WHERE for rows of `evidence_life`, with an alias `h` for their hosts.
  static let evidence = """
    SELECT l.id, l.opened, l.duration, l.seen, la.bytes, l.lport, ra.bytes, l.rport, l.flags, p.states,
      l.offsets, l.pid, l.uncertainty, g.name, g.exe, g.unit, g.container, g.uid,
      \(version2), h.name, la.text, ra.text
    FROM evidence_life l JOIN path p ON p.id = l.path JOIN address la ON la.id = l.laddr
      JOIN address ra ON ra.id = l.raddr LEFT JOIN program g ON g.id = l.program
      LEFT JOIN netns n ON n.id = l.netns JOIN host h ON h.id = l.host
    """

  /// Reads the row a statement stands on; nil for one that makes no sense, which a sound database never has.
  ///
  /// - Parameter lastSampleBoot: for a socket that is still there: when it was last seen, on CLOCK_BOOTTIME.
  func life(_ row: Statement, lastSampleBoot: Int64?) -> Life? {
    guard let local = row.withBytes(4, { IPAddress(bytes: $0) }),
      let remote = row.withBytes(6, { IPAddress(bytes: $0) })
    else { return nil }
    let states = row.withBytes(9, Self.states)
    guard let first = states.first else { return nil }
    let flags = LifeFlags(rawValue: row.integer(8))
    let opened = row.microseconds(1)
    let socket = SocketRow(
      proto: flags.proto, state: first,
      local: Endpoint(local, UInt16(truncatingIfNeeded: row.integer(5))),
      remote: Endpoint(remote, UInt16(truncatingIfNeeded: row.integer(7))),
      inode: hasExtra ? UInt64(bitPattern: row.integer(25)) : 0,
      rawUID: row.optionalInteger(17).map { UInt32(truncatingIfNeeded: $0) } ?? SocketRow.noUID)
    var life = Life(
      id: row.integer(0), row: socket, role: flags.role, direction: flags.direction,
      firstSeen: Timestamp(microseconds: opened), firstSeenBoot: hasExtra ? row.microseconds(24) : 0,
      uncertainty: row.optionalMicroseconds(12), sources: flags.sources)
    life.closedOffset = row.optionalMicroseconds(2)
    life.lastSeenOffset = row.microseconds(3)
    if hasExtra, let lastSampleBoot {
      life.lastSeenOffset = max(life.lastSeenOffset, lastSampleBoot - life.firstSeenBoot)
    }
    let offsets = row.isNull(10) ? [] : row.withBytes(10, Self.offsets)
    life.laterSteps = zip(states.dropFirst(), offsets).map { Life.Step($0, at: $1) }
    life.owner = owner(row, flags)
    life.outcome = flags.outcome
    life.traffic = Self.traffic(row)
    life.netns = row.optionalText(22)
    if isEvidence {
      life.origin = LifeOrigin(
        host: row.text(23), localName: Self.name(row, 24, local), remoteName: Self.name(row, 25, remote))
      return life
    }
    life.verdict = row.optionalText(23).flatMap(ListenerVerdict.init)
    if hasExtra { life.cookie = UInt64(bitPattern: row.integer(27)) }
    return life
  }

  /// The text of an address where that is a name.
  private static func name(_ row: Statement, _ column: Int32, _ address: IPAddress) -> String? {
    guard address.mayStandForName, let text = row.optionalText(column), text != address.description else {
      return nil
    }
    return text
  }

  private static func traffic(_ row: Statement) -> Traffic? {
    guard let bytesIn = row.optionalInteger(18), let bytesOut = row.optionalInteger(19) else { return nil }
    return Traffic(
      bytesIn: UInt64(clamping: bytesIn), bytesOut: UInt64(clamping: bytesOut),
      roundTrip: UInt32(clamping: row.integer(20)), retransmits: UInt32(clamping: row.integer(21)))
  }

  private func owner(_ row: Statement, _ flags: LifeFlags) -> SocketOwner {
    if let pid = row.optionalInteger(11) {
      let process = OwningProcess(
        pid: Int32(truncatingIfNeeded: pid),
        startTime: hasExtra ? UInt64(bitPattern: row.integer(26)) : 0, name: row.text(13),
        exe: row.optionalText(14), unit: row.optionalText(15), container: row.optionalText(16))
      return SocketOwner(process: process, others: flags.others)
    }
    return flags.whyUnknown.map(SocketOwner.init(unknown:)) ?? .notLookedUp
  }

  /// Reads `["ESTABLISHED","TIME_WAIT"]`; the names have nothing in them that JSON would escape.
  private static func states(_ text: UnsafeRawBufferPointer) -> [SocketState] {
    var states: [SocketState] = []
    var start: Int?
    for (place, byte) in text.enumerated() where byte == UInt8(ascii: "\"") {
      if let from = start {
        let name = String(decoding: UnsafeRawBufferPointer(rebasing: text[from..<place]), as: UTF8.self)
        states.append(SocketState(name: name) ?? .unknown(0))
        start = nil
      } else {
        start = place + 1
      }
    }
    return states
  }

  /// Reads `1000123,2000456`.
  private static func offsets(_ text: UnsafeRawBufferPointer) -> [Int64] {
    var offsets: [Int64] = []
    var number: Int64 = 0
    for byte in text {
      if byte == UInt8(ascii: ",") {
        offsets.append(Statement.bounded(number))
        number = 0
      } else {
        number = number &* 10 &+ Int64(byte &- UInt8(ascii: "0"))
      }
    }
    offsets.append(Statement.bounded(number))
    return offsets
  }
}
