// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
@preconcurrency import Glibc

/// Socket tables as the kernel prints them, of as many connections as are wanted and the same each time.
///
/// Two thirds are established, the rest in TIME_WAIT, with a few listeners. No two have the same ends, and their order
/// has nothing to do with their addresses, as the order of a hash table has not.
enum Tables {
  /// The clients of one address; more go to the next address.
  private static let clientPorts = 28_000

  /// What the headers of all tables have in common.
  private static let columns = "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"

  /// The row of connection `number`, for snapshots that need no text.
  static func row(_ number: Int, v6: Bool = false) -> SocketRow {
    let isListener = number % 5000 == 0
    let isOver = number % 3 == 2
    let host = UInt32(number / clientPorts)
    let local = address(0x0A00_0001 + (number % 5000 == 0 ? UInt32(number / 5000) : 0), v6: v6)
    let remote = address(isListener ? 0 : 0x0A14_0000 + host, v6: v6)
    return SocketRow(
      proto: v6 ? .tcp6 : .tcp, state: isListener ? .listen : isOver ? .timeWait : .established,
      local: Endpoint(local, 443),
      remote: Endpoint(remote, isListener ? 0 : UInt16(32_768 + number % clientPorts)),
      inode: isOver && !isListener ? 0 : UInt64(100_000 + number),
      rawUID: isOver && !isListener ? SocketRow.noUID : 33)
  }

  /// A snapshot of connections `numbers`, in an order of its own.
  static func snapshot(_ numbers: Range<Int>, second: Int) -> Snapshot {
    var report = TableReport(proto: .tcp, outcome: .read)
    report.rows = numbers.count
    report.lines = numbers.count
    let boot = Int64(second) * 1_000_000
    return Snapshot(
      time: Timestamp(microseconds: 1_767_261_600_000_000 + boot), bootTime: boot, readingTook: 1000,
      rows: shuffled(numbers).map { row($0) }, tables: [report])
  }

  /// The text of a table of `count` connections.
  static func text(count: Int, v6: Bool = false) -> [UInt8] {
    var text = Array(
      (v6
        ? "  sl  local_address                         remote_address                        \(columns)\n"
        : "  sl  local_address rem_address   \(columns)" + String(repeating: " ", count: 53) + "\n").utf8)
    text.reserveCapacity(text.count + count * (v6 ? 190 : 150))
    for (line, number) in shuffled(0..<count).enumerated() {
      appendLine(line, row(number, v6: v6), v6: v6, to: &text)
    }
    return text
  }

  /// Writes /proc/net's four tables, and what else of /proc is looked at, below a directory: tcp has all rows.
  static func write(count: Int, below directory: String) throws(KitError) {
    for path in ["", "/net", "/self", "/sys", "/sys/net", "/sys/net/ipv4"] {
      guard mkdir(directory + path, 0o755) == 0 || errno == EEXIST else { throw .system(directory + path) }
    }
    let six = text(count: 0, v6: true)
    let udp = Array("   sl  local_address rem_address   \(columns) ref pointer drops\n".utf8)
    try write(text(count: count), to: directory + "/net/tcp")
    try write(six, to: directory + "/net/tcp6")
    try write(udp, to: directory + "/net/udp")
    try write(udp, to: directory + "/net/udp6")
    try write(Array("32768\t60999\n".utf8), to: directory + "/sys/net/ipv4/ip_local_port_range")
  }

  private static func write(_ bytes: [UInt8], to path: String) throws(KitError) {
    guard let file = fopen(path, "w") else { throw .system(path) }
    let written = fwrite(bytes, 1, bytes.count, file)
    guard fclose(file) == 0, written == bytes.count else { throw .system(path) }
  }

  /// Every number of the range once, far from in order: steps of a prime beyond any size that is asked for.
  private static func shuffled(_ numbers: Range<Int>) -> [Int] {
    let step = 15_485_863 % max(numbers.count, 1)
    var at = 0
    return numbers.map { _ in
      defer { at = (at + step) % numbers.count }
      return numbers.lowerBound + at
    }
  }

  private static func address(_ v4: UInt32, v6: Bool) -> IPAddress {
    v6 && v4 != 0 ? IPAddress(high: 0x2001_0DB8_0000_0000, low: UInt64(v4)) : v6 ? .anyV6 : IPAddress(v4: v4)
  }

  /// One line as tcp4_seq_show and tcp6_seq_show print it (net/ipv4/tcp_ipv4.c, net/ipv6/tcp_ipv6.c).
  private static func appendLine(_ line: Int, _ row: SocketRow, v6: Bool, to text: inout [UInt8]) {
    let start = text.count
    let isOver = row.state == .timeWait
    append(line, width: 4, to: &text)
    text += ": ".utf8
    append(row.local, v6: v6, to: &text)
    text.append(UInt8(ascii: " "))
    append(row.remote, v6: v6, to: &text)
    text += (row.state == .listen ? " 0A " : isOver ? " 06 " : " 01 ").utf8
    text += "00000000:00000000 ".utf8
    text += (isOver ? "03:00000B5C 00000000 " : "00:00000000 00000000 ").utf8
    append(row.rawUID == SocketRow.noUID ? 0 : Int(row.rawUID), width: 5, to: &text)
    text += "        0 ".utf8
    append(Int(row.inode), width: 1, to: &text)
    text += (isOver ? " 3 0000000000000000" : " 1 0000000000000000 20 4 30 10 -1").utf8
    while !v6 && text.count < start + 149 { text.append(UInt8(ascii: " ")) }
    text.append(UInt8(ascii: "\n"))
  }

  private static func append(_ end: Endpoint, v6: Bool, to text: inout [UInt8]) {
    if v6 {
      for half in [end.address.high, end.address.low] {
        appendHex(UInt32(truncatingIfNeeded: half >> 32).byteSwapped, digits: 8, to: &text)
        appendHex(UInt32(truncatingIfNeeded: half).byteSwapped, digits: 8, to: &text)
      }
    } else {
      appendHex((end.address.v4 ?? 0).byteSwapped, digits: 8, to: &text)
    }
    text.append(UInt8(ascii: ":"))
    appendHex(UInt32(end.port), digits: 4, to: &text)
  }

  private static func appendHex(_ number: UInt32, digits: UInt32, to text: inout [UInt8]) {
    for digit in (0..<digits).reversed() {
      let value = UInt8(truncatingIfNeeded: (number >> (4 * digit)) & 15)
      text.append(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10)
    }
  }

  /// A number that is not negative, padded in front.
  private static func append(_ number: Int, width: Int, to text: inout [UInt8]) {
    var digits: [UInt8] = []
    var rest = number
    repeat {
      digits.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    while digits.count < width { digits.append(UInt8(ascii: " ")) }
    text += digits.reversed()
  }
}
