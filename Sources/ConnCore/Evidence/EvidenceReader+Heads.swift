// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// Lines that say what follows.
extension EvidenceReader {
  /// nil where the line is no head of anything.
  mutating func head(_ words: EvidenceWords) -> EvidenceContext? {
    guard let format = Self.headed(words) else { return nil }
    switch format {
    case .table(let format): begin(format)
    case .elsewhere(let format): begin(format, elsewhere: true)
    case .remark(let format): if heading == nil { begin(format) }
    }
    return .heading(heading ?? .netstat)
  }

  private mutating func begin(_ format: EvidenceFormat, elsewhere: Bool = false) {
    heading = format
    isElsewhere = elsewhere
    isUDPWithoutNetid = false
    // Another run may be without -W.
    isWide = false
    scanHost = nil
    branchIndent = nil
  }

  private enum Head {
    /// A table of sockets.
    case table(EvidenceFormat)
    /// A table of sockets that are neither TCP nor UDP.
    case elsewhere(EvidenceFormat)
    /// What a scanner says before and after.
    case remark(EvidenceFormat)
  }

  private static func headed(_ words: EvidenceWords) -> Head? {
    let line = words.text(from: 0)
    if words[0] == "Active" { return active(words) }
    if words[0] == "Proto" {
      guard words[1] == "Recv-Q" else {
        return words[1] == "RefCnt" ? .elsewhere(.netstat) : windowsHead(words)
      }
      return line.contains("(state)") || line.contains("(State)") ? .table(.bsdNetstat) : .table(.netstat)
    }
    if words[0] == "sl", words[1] == "local_address" { return .table(.procNet) }
    if words[0] == "Netid" || words[0] == "State" || words[0] == "Recv-Q" {
      return line.contains("Send-Q") && line.contains("Local Address") ? .table(.ss) : nil
    }
    if words[0] == "COMMAND", words[1] == "PID" { return .table(.lsof) }
    if words[0] == "PORT", words[1] == "STATE" { return .remark(.nmap) }
    if line.hasPrefix("Starting Nmap") || line.hasPrefix("# Nmap") { return .table(.nmap) }
    if line.hasPrefix("Nmap done") { return .remark(.nmap) }
    return nil
  }

  /// `Active Internet connections …`, `Active Connections`, `Active UNIX domain sockets …`
  private static func active(_ words: EvidenceWords) -> Head? {
    switch words[1] {
    case "Connections": words.count == 2 ? .table(.windowsNetstat) : nil
    case "Internet":
      // net-tools says what it leaves out as "servers"; the BSDs say "including servers" or nothing.
      words.line.contains("(servers") || words.line.contains("(only servers")
        || words.line.contains("(w/o servers")
        ? .table(.netstat) : .table(.bsdNetstat)
    default: words.line.contains("sockets") || words.line.contains("connections") ? .elsewhere(.netstat) : nil
    }
  }

  /// `Proto  Local Address  Foreign Address  State  PID`: without queues it is that of Windows, in any language.
  private static func windowsHead(_ words: EvidenceWords) -> Head? {
    words.count >= 4 ? .table(.windowsNetstat) : nil
  }
}
