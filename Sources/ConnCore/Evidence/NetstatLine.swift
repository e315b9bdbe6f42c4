// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// netstat(8) of net-tools: `Proto Recv-Q Send-Q Local Foreign State [User Inode] [PID/Program] [Timer]`.
extension EvidenceReader {
  /// Columns an address and its port have in a listing without `-W`: longer addresses are cut to fit.
  private static let netstatWidth = 23

  /// nil where it is not such a line.
  mutating func netstatLine(_ words: EvidenceWords) throws(EvidenceProblem) -> EvidenceRow? {
    guard words.count >= 5, let proto = Proto.allCases.first(where: { $0.name == words[0] }),
      words[1].isDecimal, words[2].isDecimal
    else { return nil }
    var row = EvidenceRow(format: .netstat)
    row.proto = proto
    row.transport = proto.transport
    row.receiveQueue = words[1].decimal(as: UInt32.self)
    row.sendQueue = words[2].decimal(as: UInt32.self)
    var rest = words.from(5)
    if let word = rest.first, let state = SocketState(written: word, proto.transport) {
      row.state = state
      rest = rest.dropFirst()
    }
    if proto.isV6 {
      for word in [words[3], words[4]] { try refuseCut(word) }
    }
    row.setEnds(try ends.end(words[3], proto.transport), try ends.end(words[4], proto.transport))
    // A wildcard end in tcp6 may be written `*`.
    if proto.isV6, row.local.host == nil { row.local.address = .anyV6 }
    addHolder(to: &row, words, from: rest.startIndex)
    return row
  }

  /// An IPv6 address that just fits may have been cut, and would then be another one.
  private mutating func refuseCut(_ end: Substring) throws(EvidenceProblem) {
    if end.utf8.count > Self.netstatWidth { isWide = true }
    guard !isWide, end.utf8.count == Self.netstatWidth else { return }
    throw EvidenceProblem(
      "the address in '\(end)' may be cut short", "netstat shows 23 columns of it: use netstat -W, or ss")
  }

  /// Reads user and inode, then the process, then the timer, whichever there are.
  private func addHolder(to row: inout EvidenceRow, _ words: EvidenceWords, from start: Int) {
    var end = words.count
    // `keepalive (12.34/0/0)`
    if end - start >= 2, words[end - 1].first == "(", words[end - 1].last == ")" { end -= 2 }
    let process = (start..<max(start, end)).first { index in
      if words[index] == "-" { return true }
      guard let slash = words[index].firstIndex(of: "/") else { return false }
      return words[index][..<slash].isDecimal
    }
    if (process ?? end) - start == 2, let inode = words[start + 1].decimal(as: UInt64.self) {
      row.inode = inode
      row.uid = words[start].decimal(as: UInt32.self)
      if row.uid == nil { row.user = String(words[start]) }
    }
    guard let process, words[process] != "-", let slash = words[process].firstIndex(of: "/") else { return }
    row.pid = words[process][..<slash].decimal(as: Int32.self)
    // A program's name may have spaces.
    let name = words.line[words[process].index(after: slash)..<words[end - 1].endIndex]
    row.program = name.isEmpty ? nil : String(name)
  }
}
