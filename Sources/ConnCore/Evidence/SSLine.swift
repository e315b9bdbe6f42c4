// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// ss(8): `[Netid] [State] Recv-Q Send-Q Local:Port Peer:Port [users:((…))] [details]`.
extension EvidenceReader {
  /// What ss calls the sockets that are neither TCP nor UDP.
  static let otherNetids: Set<Substring> = [
    "u_str", "u_dgr", "u_seq", "nl", "p_raw", "p_dgr", "raw", "mptcp", "dccp", "sctp", "icmp6", "v_str",
    "v_dgr",
    "tipc", "xdp", "???", "ti_rd", "ti_st", "ti_sq", "ti_dg",
  ]

  /// nil where it is not such a line.
  mutating func ssLine(_ words: EvidenceWords) throws(EvidenceProblem) -> EvidenceRow? {
    var at = 0
    var row = EvidenceRow(format: .ss)
    if words[0] == "tcp" || words[0] == "udp" {
      row.transport = Transport(written: words[0])
      at = 1
    }
    if let state = SocketState(written: words[at], row.transport) {
      row.state = state
      at += 1
    }
    // Without either it is a row of `ss state S`, which only its head tells from others.
    guard row.state != nil || heading == .ss, words.count >= at + 4, words[at].isDecimal,
      words[at + 1].isDecimal
    else { return nil }
    row.receiveQueue = words[at].decimal(as: UInt32.self)
    row.sendQueue = words[at + 1].decimal(as: UInt32.self)
    if row.transport == nil { row.transport = transportWithoutNetid(row.state) }
    row.setEnds(
      try ends.end(words[at + 2], row.transport), try ends.end(words[at + 3], row.transport))
    if row.local.address == nil, row.local.host == nil {
      // `*` is a socket of both families.
      row.local.address = .anyV6
      row.proto = row.transport == .udp ? .udp6 : .tcp6
    }
    if words.count > at + 4 { addHolders(to: &row, words.text(from: at + 4)) }
    for word in words.from(at + 4) {
      if word.hasPrefix("ino:") { row.inode = word.dropFirst(4).decimal(as: UInt64.self) }
      if word.hasPrefix("uid:") { row.uid = word.dropFirst(4).decimal(as: UInt32.self) }
    }
    return row
  }

  /// `ss -t` and `ss -u` leave the column out: only UDP has UNCONN in use, and has nothing else beside ESTAB.
  private mutating func transportWithoutNetid(_ state: SocketState?) -> Transport {
    if state == .unconnected { isUDPWithoutNetid = true }
    if state != .unconnected, state != .established { isUDPWithoutNetid = false }
    return isUDPWithoutNetid ? .udp : .tcp
  }

  /// Reads `users:(("sshd",pid=812,fd=3),("sshd",pid=813,fd=3))`; a name may hold anything.
  private func addHolders(to row: inout EvidenceRow, _ text: Substring) {
    guard let start = text.firstRange(of: "users:((\"") else { return }
    var rest = text[start.upperBound...]
    var pids: Set<Int32> = []
    while pids.count < 4096, let mark = rest.firstRange(of: "\",pid=") {
      let name = rest[..<mark.lowerBound]
      rest = rest[mark.upperBound...]
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard let pid = digits.decimal(as: Int32.self) else { break }
      if pid < row.pid ?? .max {
        row.pid = pid
        row.program = name.isEmpty ? nil : String(name)
      }
      pids.insert(pid)
      guard let next = rest.firstRange(of: "),(\"") else { break }
      rest = rest[next.upperBound...]
    }
    row.others = max(0, pids.count - 1)
  }
}
