// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// netstat of Windows: `Proto Local Foreign [State] [PID]`, with `-b` the program on the next line in brackets.
extension EvidenceReader {
  /// nil where it is not such a line.
  mutating func windowsLine(_ words: EvidenceWords) throws(EvidenceProblem) -> EvidenceRow? {
    guard words.count >= 3, let transport = Transport(written: words[0]), words[1].contains(":"),
      words[2].contains(":")
    else { return nil }
    var row = EvidenceRow(format: .windowsNetstat)
    row.transport = transport
    var rest = words.from(3)
    if let word = rest.first, !word.isDecimal {
      guard let state = SocketState(written: word, transport) else {
        throw EvidenceProblem("no state is called '\(word.prefix(20))'", "as in LISTENING or ESTABLISHED")
      }
      row.state = state
      rest = rest.dropFirst()
    }
    row.setEnds(try ends.end(words[1], transport), try ends.end(words[2], transport))
    if let pid = rest.first?.decimal(as: Int32.self) { row.pid = pid }
    return row
  }

  /// The line behind a row of `netstat -b`: ` [svchost.exe]`, the name of a service in it, or that it is not known.
  func windowsProgram(_ words: EvidenceWords) -> EvidenceLine? {
    guard last == .windowsNetstat else { return nil }
    let text = words.text(from: 0)
    if text.first == "[", text.last == "]", text.count > 2, !text.contains(":") {
      return .amends(program: String(text.dropFirst().dropLast()))
    }
    if text.hasPrefix("Can not obtain ownership") { return .context(.detail) }
    // The name of a service within svchost stands alone, indented.
    return heading == .windowsNetstat && words.count == 1 && words.indent > 0 && !text.contains(":")
      ? .context(.detail) : nil
  }
}
