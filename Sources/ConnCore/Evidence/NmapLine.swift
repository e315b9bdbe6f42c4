// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// nmap(1): `PORT STATE SERVICE [VERSION]` beneath the name of a host, and with -oG a host and all its ports in a line.
extension EvidenceReader {
  /// nil where it is not such a line.
  mutating func nmapLine(_ words: EvidenceWords) throws(EvidenceProblem) -> EvidenceLine? {
    if words.line.hasPrefix("Nmap scan report for ") {
      try setScanHost(words.from(4))
      return .context(.heading(.nmap))
    }
    if words[0] == "Host:" { return try grepableLine(words) }
    if words[0] == "Discovered", words[1] == "open", words[2] == "port" {
      return try discovered(words)
    }
    if let row = try portLine(words) { return .rows([row]) }
    guard heading == .nmap else { return nil }
    // Everything else that nmap says around its table.
    return .context(.detail)
  }

  /// `23/tcp open telnet`.
  private mutating func portLine(_ words: EvidenceWords) throws(EvidenceProblem) -> EvidenceRow? {
    guard words.count >= 2, let slash = words[0].firstIndex(of: "/"), words[0][..<slash].isDecimal,
      let state = ScanState(rawValue: words[1].lowercased())
    else { return nil }
    let name = words[0][words[0].index(after: slash)...]
    guard let transport = Transport(written: name) else {
      throw EvidenceProblem("'\(name.prefix(20))' is neither tcp nor udp", "PORT/tcp or PORT/udp")
    }
    var row = EvidenceRow(format: .nmap, local: scanHost ?? EvidenceEnd())
    row.transport = transport
    row.scan = state
    row.local.port = try ends.end(host: "", port: words[0][..<slash], transport).port
    // A question mark says that nmap guesses from the number.
    let service = words[2].last == "?" ? words[2].dropLast() : words[2]
    row.service = service.isEmpty || service == "unknown" ? nil : String(service)
    row.setFamily()
    return row
  }

  /// `Discovered open port 23/tcp on 192.0.2.1`: nmap -v, masscan.
  private mutating func discovered(_ words: EvidenceWords) throws(EvidenceProblem) -> EvidenceLine? {
    guard words[4] == "on", let slash = words[3].firstIndex(of: "/"),
      let transport = Transport(written: words[3][words[3].index(after: slash)...])
    else { return nil }
    var row = EvidenceRow(format: .portScan)
    row.transport = transport
    row.scan = .open
    row.local = try ends.end(host: words[5], port: words[3][..<slash], transport)
    row.setFamily()
    return .rows([row])
  }

  /// `Host: 192.0.2.1 (name)  Ports: 22/open/tcp//ssh///, 80/open/tcp//http///`
  private mutating func grepableLine(_ words: EvidenceWords) throws(EvidenceProblem) -> EvidenceLine {
    try setScanHost(words.from(1).prefix(2))
    guard let mark = words.words.firstIndex(of: "Ports:") else { return .context(.heading(.nmap)) }
    var rows: [EvidenceRow] = []
    for entry in words.text(from: mark + 1).split(separator: ",") {
      let fields = entry.drop { $0 == " " }.split(separator: "/", omittingEmptySubsequences: false)
      guard fields.count >= 5, fields[0].isDecimal, let state = ScanState(rawValue: String(fields[1])) else {
        continue
      }
      guard let transport = Transport(written: fields[2]) else { continue }
      var row = EvidenceRow(format: .nmap, local: scanHost ?? EvidenceEnd())
      row.transport = transport
      row.scan = state
      row.local.port = try ends.end(host: "", port: fields[0], transport).port
      row.service = fields[4].isEmpty ? nil : String(fields[4])
      row.setFamily()
      rows.append(row)
    }
    guard !rows.isEmpty else { throw EvidenceProblem("no port in it", "as in 22/open/tcp//ssh///") }
    return .rows(rows)
  }

  /// `192.0.2.1`, or `name (192.0.2.1)`, of which the address is kept.
  private mutating func setScanHost(_ words: ArraySlice<Substring>) throws(EvidenceProblem) {
    heading = .nmap
    scanHost = nil
    guard let first = words.first else { return }
    var end = try EvidenceEnds.host(first)
    if let second = words.dropFirst().first, second.first == "(", second.last == ")", second.count > 2,
      let address = IPAddress(second.dropFirst().dropLast())
    {
      end.address = address
    }
    scanHost = end
  }
}
