// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// lsof(8): `COMMAND PID [TID…] USER FD TYPE DEVICE SIZE/OFF NODE NAME [(STATE)]`.
extension EvidenceReader {
  /// nil where it is not such a line.
  mutating func lsofLine(_ words: EvidenceWords) throws(EvidenceProblem) -> EvidenceLine? {
    guard words.count >= 7, let pid = words[1].decimal(as: Int32.self) else { return nil }
    guard let type = words.words.firstIndex(where: { $0 == "IPv4" || $0 == "IPv6" }), type >= 4 else {
      // Other files of the same listing: their descriptor ends in its access.
      return heading == .lsof ? .context(.otherFamily) : nil
    }
    guard let node = words.words[type...].firstIndex(where: { $0 == "TCP" || $0 == "UDP" }),
      let transport = Transport(written: words[node]), node + 1 < words.count
    else { return .context(.otherFamily) }
    var row = EvidenceRow(format: .lsof)
    let isV6 = words[type] == "IPv6"
    row.transport = transport
    row.proto = isV6 ? (transport == .tcp ? .tcp6 : .udp6) : (transport == .tcp ? .tcp : .udp)
    row.pid = pid
    row.program = Self.unescaped(words[0])
    row.uid = words[type - 2].decimal(as: UInt32.self)
    if row.uid == nil { row.user = String(words[type - 2]) }
    // Linux gives the inode here, others an address.
    row.inode = words[type + 1].decimal(as: UInt64.self)
    if words[node + 2].first == "(" {
      let written = words[node + 2].dropFirst().prefix { $0 != ")" }
      let name = written.hasPrefix("ST=") ? written.dropFirst(3) : written
      row.state = SocketState(written: name, transport)
    }
    let name = words[node + 1]
    if let arrow = name.firstRange(of: "->") {
      row.setEnds(
        try ends.end(name[..<arrow.lowerBound], transport), try ends.end(name[arrow.upperBound...], transport)
      )
    } else if name.contains(":") {
      row.setEnds(try ends.end(name, transport), EvidenceEnd())
    } else {
      // `no PCB` and `can't identify protocol`: a socket with no ends.
      return .context(.otherFamily)
    }
    if row.local.host == nil, row.local.address == nil { row.local.address = isV6 ? .anyV6 : .anyV4 }
    return .rows([row])
  }

  /// lsof writes what is not plain in a command's name as `\xNN`.
  private static func unescaped(_ text: Substring) -> String {
    guard text.contains("\\") else { return String(text) }
    var bytes: [UInt8] = []
    let source = Array(text.utf8)
    var at = 0
    while at < source.count {
      if source[at] == UInt8(ascii: "\\"), at + 3 < source.count, source[at + 1] == UInt8(ascii: "x"),
        let byte = UInt8(String(decoding: source[at + 2...at + 3], as: UTF8.self), radix: 16)
      {
        bytes.append(byte)
        at += 4
      } else {
        bytes.append(source[at])
        at += 1
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
