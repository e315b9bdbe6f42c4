// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// Port scanners with lines of their own: SuperScan and its like, nc(1).
extension EvidenceReader {
  /// nil where it is not such a line.
  mutating func scanLine(_ words: EvidenceWords) throws(EvidenceProblem) -> EvidenceLine? {
    if words[0] == "*", words[1] == "+" || words[1] == "-", words.count >= 3 {
      // `* + 192.0.2.1   name`
      scanHost = try EvidenceEnds.host(words[2])
      heading = .portScan
      branchIndent = nil
      return .context(.heading(.portScan))
    }
    if let line = try ncLine(words) { return line }
    return try branchLine(words)
  }

  /// `|___ 23  [telnet] Telnet`: a port of the host above; what hangs beneath it is what the service said.
  private mutating func branchLine(_ words: EvidenceWords) throws(EvidenceProblem) -> EvidenceLine? {
    let branch = words[0].drop { $0 == "|" }
    let underscores = branch.prefix { $0 == "_" }
    if underscores.count < 2 {
      // A banner has as many lines as the service wishes.
      return last == .portScan && branchIndent.map { words.indent > $0 } == true ? .context(.detail) : nil
    }
    let isJoined = underscores.endIndex < branch.endIndex
    let number = isJoined ? branch[underscores.endIndex...] : words[1]
    let isBanner = branchIndent.map { words.indent > $0 } ?? false
    guard !isBanner, number.isDecimal else {
      if last == .portScan || heading == .portScan { return .context(.detail) }
      throw EvidenceProblem("no port behind '\(words[0].prefix(10))'", "as in ___ 23 [telnet] Telnet")
    }
    branchIndent = words.indent
    var row = EvidenceRow(format: .portScan, local: scanHost ?? EvidenceEnd())
    row.transport = .tcp
    row.scan = .open
    row.local.port = try ends.end(host: "", port: number, .tcp).port
    row.setFamily()
    let text = words.text(from: isJoined ? 1 : 2)
    if text.first == "[", let close = text.firstIndex(of: "]") {
      row.service = String(text.dropFirst().prefix(upTo: close))
    } else if !text.isEmpty {
      row.service = String(text)
    }
    return .rows([row])
  }

  /// `Connection to 192.0.2.1 23 port [tcp/telnet] succeeded!` and `nc: connect to 192.0.2.1 port 24 (tcp) failed: …`
  private mutating func ncLine(_ words: EvidenceWords) throws(EvidenceProblem) -> EvidenceLine? {
    var row = EvidenceRow(format: .portScan)
    let (host, port): (Substring, Substring)
    if words[0] == "Connection", words[1] == "to", words[4] == "port", words[6] == "succeeded!" {
      let parts = words[5].dropFirst().dropLast().split(separator: "/")
      guard parts.count == 2, let transport = Transport(written: parts[0]) else { return nil }
      (host, port) = (words[2], words[3])
      row.transport = transport
      row.scan = .open
      row.service = parts[1] == "*" ? nil : String(parts[1])
    } else if words[0] == "nc:", words[1] == "connect", words[2] == "to", words[4] == "port" {
      guard let transport = Transport(written: words[6].dropFirst().dropLast()) else { return nil }
      (host, port) = (words[3], words[5])
      row.transport = transport
      row.scan = words.line.hasSuffix("refused") ? .closed : .filtered
    } else {
      return nil
    }
    row.local = try ends.end(host: host, port: port, row.transport)
    row.setFamily()
    return .rows([row])
  }
}
