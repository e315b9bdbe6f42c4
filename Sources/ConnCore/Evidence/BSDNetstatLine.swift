// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// netstat(1) of the BSDs and macOS: `Proto Recv-Q Send-Q Local Foreign (state)`, ends written `address.port`.
extension EvidenceReader {
  /// nil where it is not such a line.
  mutating func bsdLine(_ words: EvidenceWords) throws(EvidenceProblem) -> EvidenceRow? {
    guard words.count >= 5, words[1].isDecimal, words[2].isDecimal, Self.isPointEnd(words[3]),
      Self.isPointEnd(words[4])
    else { return nil }
    let name = words[0].lowercased()
    guard name.hasPrefix("tcp") || name.hasPrefix("udp") else { return nil }
    let transport: Transport = name.hasPrefix("tcp") ? .tcp : .udp
    var row = EvidenceRow(format: .bsdNetstat)
    row.transport = transport
    switch name.dropFirst(3) {
    case "", "4": row.proto = transport == .tcp ? .tcp : .udp
    case "6", "46", "64": row.proto = transport == .tcp ? .tcp6 : .udp6
    default: return nil
    }
    row.receiveQueue = words[1].decimal(as: UInt32.self)
    row.sendQueue = words[2].decimal(as: UInt32.self)
    row.state = SocketState(written: words[5], transport)
    row.setEnds(try ends.pointEnd(words[3], transport), try ends.pointEnd(words[4], transport))
    if row.local.host == nil, row.local.address == nil {
      row.local.address = row.proto?.isV6 == true ? .anyV6 : .anyV4
    }
    return row
  }

  /// True where the port stands behind a point: no colon follows the last one.
  private static func isPointEnd(_ text: Substring) -> Bool {
    guard let point = text.lastIndex(of: ".") else { return false }
    return !text[point...].contains(":")
      && (!text.contains(":")
        || text[point...].dropFirst().isDecimal
          && !isMapped(text))
  }

  /// `::ffff:10.0.0.1` has points and is one address.
  private static func isMapped(_ text: Substring) -> Bool { IPAddress(text) != nil }
}
