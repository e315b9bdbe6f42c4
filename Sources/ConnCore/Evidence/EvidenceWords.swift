// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// One line, cut into words.
struct EvidenceWords {
  /// The whole line, without spaces at its end.
  let line: Substring
  /// The words, at least one.
  let words: [Substring]

  /// nil for a line with no words.
  init?(_ line: Substring) {
    // By bytes, which is many times faster. A page that lines were copied from may have no-break spaces for others.
    let blanks: [UInt8] = [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r")]
    if line.utf8.contains(0xC2) {
      words = line.split { $0 == " " || $0 == "\t" || $0 == "\u{A0}" || $0 == "\r" }
    } else {
      words = line.utf8.split { blanks.contains($0) }.map { Substring($0) }
    }
    guard let last = words.last else { return nil }
    self.line = line[..<last.endIndex]
  }

  /// How many words there are.
  var count: Int { words.count }
  /// The word at `index`, empty where there is none.
  subscript(_ index: Int) -> Substring { index < words.count ? words[index] : "" }
  /// The words from `index` on.
  func from(_ index: Int) -> ArraySlice<Substring> { words.dropFirst(index) }
  /// The line from the word at `index` on.
  func text(from index: Int) -> Substring {
    index < words.count ? line[words[index].startIndex...] : ""
  }
  /// How many columns stand before the first word, a tab as far as the next multiple of eight.
  var indent: Int {
    line[..<words[0].startIndex].reduce(0) { $1 == "\t" ? ($0 / 8 + 1) * 8 : $0 + 1 }
  }
}

extension StringProtocol {
  /// A number of decimal digits and nothing else, nil where it does not fit.
  func decimal<Number: FixedWidthInteger>(as _: Number.Type) -> Number? {
    guard !isEmpty, utf8.count <= 20, utf8.allSatisfy({ $0 &- 48 < 10 }) else { return nil }
    return Number(self)
  }

  /// True for decimal digits and nothing else.
  var isDecimal: Bool { !isEmpty && utf8.allSatisfy { $0 &- 48 < 10 } }
}

extension SocketState {
  /// Reads a state as the tools write it: the kernel's names, ss's, those of Windows and of the BSDs, in either case
  /// of letters. ss's `UNCONN` is CLOSE for TCP.
  init?(written word: Substring, _ transport: Transport?) {
    guard word.utf8.count <= 16 else { return nil }
    switch word.uppercased().filter({ $0 != "-" && $0 != "_" }) {
    case "ESTABLISHED", "ESTAB": self = .established
    case "SYNSENT": self = .synSent
    case "SYNRECV", "SYNRECEIVED", "SYNRCVD", "SYNRCV", "NEWSYNRECV": self = .synReceived
    case "FINWAIT1": self = .finWait1
    case "FINWAIT2": self = .finWait2
    case "TIMEWAIT": self = .timeWait
    case "CLOSE", "CLOSED", "DELETETCB", "BOUND": self = transport == .udp ? .unconnected : .close
    case "CLOSEWAIT": self = .closeWait
    case "LASTACK": self = .lastAck
    case "LISTEN", "LISTENING": self = .listen
    case "CLOSING": self = .closing
    case "UNCONN", "IDLE": self = transport == .tcp ? .close : .unconnected
    default: return nil
    }
  }
}

extension Transport {
  /// Reads `tcp` or `udp` in either case of letters.
  init?(written word: some StringProtocol) {
    switch word.lowercased() {
    case "tcp": self = .tcp
    case "udp": self = .udp
    default: return nil
    }
  }
}

extension EvidenceRow {
  /// Puts both ends in, and what follows from them: the family, no other end where it is `*`, the state of UDP.
  mutating func setEnds(_ local: EvidenceEnd, _ remote: EvidenceEnd) {
    self.local = local
    self.remote = remote.isNobody ? nil : remote
    if transport == .udp, state == nil { state = self.remote == nil ? .unconnected : .established }
    setFamily()
  }

  /// Finds the table from the transport and the addresses, where the line did not say it.
  mutating func setFamily() {
    guard proto == nil, let transport else { return }
    guard let end = local.address == nil ? remote : local, let address = end.address else { return }
    // A v4-mapped address is one of a socket of IPv6, and is written with colons.
    let isV4 = address.isV4 && end.host?.contains(":") != true
    proto = isV4 ? (transport == .tcp ? .tcp : .udp) : (transport == .tcp ? .tcp6 : .udp6)
  }
}
