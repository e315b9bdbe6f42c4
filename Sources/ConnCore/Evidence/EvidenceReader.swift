// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Reads lines that netstat, ss, lsof and port scanners write, one after the other, whatever they are.
///
/// A head of a table says what follows; without one each line is known by its shape. The reader keeps what lines say of
/// those behind them, so each text needs one of its own. Any bytes may be given: nothing is trusted, and what cannot be
/// read says why. Tested with netstat of net-tools 2.10, ss of iproute2 6.1, lsof 4.95, nmap 7.93, nc of OpenBSD; the
/// forms of Windows, the BSDs and SuperScan are read as they are documented.
public struct EvidenceReader: Sendable {
  /// The longest line that is read, in bytes.
  public static let longestLine = 65536

  let services: ServiceNames
  var ends: EvidenceEnds
  /// What the last head announced.
  var heading: EvidenceFormat?
  /// What wrote the last row.
  var last: EvidenceFormat?
  /// The host whose ports are being told.
  var scanHost: EvidenceEnd?
  /// How far in the ports of SuperScan's tree stand.
  var branchIndent: Int?
  /// True in a section of sockets that are neither TCP nor UDP.
  var isElsewhere = false
  /// True once netstat has shown an address that is longer than its column.
  var isWide = false
  /// True while ss without its Netid column shows what only UDP has.
  var isUDPWithoutNetid = false

  /// Makes a reader; `services` knows the ports that have names.
  public init(services: ServiceNames) {
    self.services = services
    ends = EvidenceEnds(services: services)
  }

  /// Reads one line, without the end of it.
  public mutating func read(_ line: some StringProtocol) -> EvidenceLine {
    guard line.utf8.count <= Self.longestLine else {
      return .unreadable(why: "longer than \(Self.longestLine) bytes", hint: "one line a socket")
    }
    let line = Substring(line)
    // A page or a log that lines were copied from may have coloured them; nothing of that is part of a socket.
    if line.utf8.contains(where: { $0 < 32 && $0 != 9 && $0 != 13 || $0 == 127 }) {
      return .unreadable(why: "control characters in it", hint: "give it as plain text")
    }
    guard let words = EvidenceWords(line) else { return .context(.blank) }
    do {
      if let context = head(words) { return .context(context) }
      if let found = try row(words) {
        if case .rows(let rows) = found { last = rows.last?.format }
        return found
      }
    } catch {
      return .unreadable(why: error.why, hint: error.hint)
    }
    if isElsewhere { return .context(.otherFamily) }
    return .unreadable(
      why: "not a line of netstat, ss, lsof or a port scan, and not a port",
      hint: "a whole line, PORT, PORT/udp, SERVICE or HOST:PORT")
  }

  /// Each way of reading in turn, those first that cannot be mistaken.
  private mutating func row(_ words: EvidenceWords) throws(EvidenceProblem) -> EvidenceLine? {
    if Self.isTableRow(words) {
      throw EvidenceProblem("a row of /proc/net without its table", "give the whole file, header and all")
    }
    if Self.otherNetids.contains(words[0]) || words[0] == "unix" || Self.isBSDUnix(words) {
      return words.count > 2 ? .context(.otherFamily) : nil
    }
    if let program = windowsProgram(words) { return program }
    if let row = try windowsLine(words) { return .rows([row]) }
    // `tcp 0 0 a:p b:q` is netstat's, and ss's where it has been told to show one state.
    if heading == .ss, let row = try ssLine(words) { return .rows([row]) }
    if let row = try bsdLine(words) { return .rows([row]) }
    if let row = try netstatLine(words) { return .rows([row]) }
    if let row = try ssLine(words) { return .rows([row]) }
    if let line = try lsofLine(words) { return line }
    if let line = try scanLine(words) { return line }
    // What nmap says around its tables could be taken for two ends.
    if words.count > 1, let line = try nmapLine(words) { return line }
    if let row = try bareLine(words) { return .rows([row]) }
    // Details of ss -i and -m stand beneath their socket, behind a tab.
    if last == .ss, words.line.first == "\t" { return .context(.detail) }
    return Self.isOtherProtocol(words) ? .context(.otherFamily) : nil
  }

  /// `raw6 0 0 :::58 …`, `udplite …`: netstat's rows of what is neither TCP nor UDP.
  private static func isOtherProtocol(_ words: EvidenceWords) -> Bool {
    let others: Set<Substring> = [
      "raw", "raw6", "udplite", "udpl6", "sctp", "sctp6", "icm4", "icm6", "icmp", "icmp6", "igmp", "ax25",
      "bluetooth",
      "kctl", "kevt", "rfcomm", "l2cap",
    ]
    return words.count >= 4 && others.contains(words[0])
  }

  /// `a1b2c3d4e5f60718 stream 0 0 …`: a UNIX domain socket of macOS and the BSDs.
  private static func isBSDUnix(_ words: EvidenceWords) -> Bool {
    ["stream", "dgram", "seqpac", "seqpacket"].contains(words[1]) && words[0].count >= 8
      && words[0].allSatisfy(\.isHexDigit)
  }

  /// `0: 0100007F:1F90 00000000:0000 0A …`
  private static func isTableRow(_ words: EvidenceWords) -> Bool {
    guard words.count >= 4, words[0].last == ":", words[0].dropLast().isDecimal else { return false }
    return words.words[1...2].allSatisfy { end in
      let parts = end.split(separator: ":", omittingEmptySubsequences: false)
      return parts.count == 2 && parts[0].allSatisfy(\.isHexDigit) && parts[1].allSatisfy(\.isHexDigit)
        && [8, 32].contains(parts[0].count) && parts[1].count == 4
    }
  }
}
