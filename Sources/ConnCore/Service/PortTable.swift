// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Our own table of ports: IANA's names, the usual ones beside them, and what each is for in our words.
///
/// It is text, sorted by port, and searched where it stands in the binary: a start reads nothing of it. A line is
/// `PORT[-PORT]/TRANSPORT[+TRANSPORT] NAME [ALIAS…]: [DESCRIPTION]`. The first name is the one that is shown. It is
/// registered (RFC 6335), unless it begins with `~`, which is a custom without registration, or another name begins
/// with `=`, which is then the registered one. Aliases may be registered or not.
enum PortTable {
  /// A line, read.
  struct Line {
    /// The ports that it is about, one mostly.
    let ports: ClosedRange<UInt16>
    /// The transports that it is about, a bit each by raw value.
    private let transports: UInt8
    private let names: UnsafeBufferPointer<UInt8>.SubSequence
    private let rest: UnsafeBufferPointer<UInt8>.SubSequence

    /// Reads the line that begins at `start`; what is not of the form is a mistake in this program.
    fileprivate init(_ text: UnsafeBufferPointer<UInt8>, at start: Int) {
      var position = start
      let first = PortTable.number(text, &position)
      var last = first
      if text[position] == UInt8(ascii: "-") {
        position += 1
        last = PortTable.number(text, &position)
      }
      ports = first...last
      var transports: UInt8 = 0
      repeat {
        // After a slash or a plus.
        transports |= text[position + 1] == UInt8(ascii: "t") ? 1 : 2
        position += 4
      } while text[position] == UInt8(ascii: "+")
      self.transports = transports
      position += 1
      let nameStart = position
      while text[position] != UInt8(ascii: ":") { position += 1 }
      names = text[nameStart..<position]
      position = min(position + 2, text.endIndex)
      if text[position - 1] == UInt8(ascii: "\n") { position -= 1 }
      let restStart = position
      while position < text.endIndex, text[position] != UInt8(ascii: "\n") { position += 1 }
      rest = text[restStart..<position]
    }

    func isAbout(_ transport: Transport) -> Bool { transports & (1 << transport.rawValue) != 0 }

    /// What it is for, nil where only the name is known.
    var description: String? { rest.isEmpty ? nil : String(decoding: rest, as: UTF8.self) }

    /// The names, the one that is shown first, without marks.
    var words: some Sequence<Slice<UnsafeBufferPointer<UInt8>>> {
      marked.lazy.map { $0.first.map(Self.isMark) == true ? $0.dropFirst() : $0 }
    }

    /// Where the line ends in the text that it was read from.
    fileprivate var end: Int { rest.endIndex }

    /// The name that IANA has, nil for a port that is used by custom.
    var registeredName: String? {
      let word = marked.first { $0.first == UInt8(ascii: "=") }?.dropFirst() ?? marked.first { _ in true }
      guard let word, word.first != UInt8(ascii: "~") else { return nil }
      return String(decoding: word, as: UTF8.self)
    }

    private var marked: Words { Words(rest: names) }

    private static func isMark(_ byte: UInt8) -> Bool {
      byte == UInt8(ascii: "~") || byte == UInt8(ascii: "=")
    }
  }

  /// The words of a text, one after the other: every line is looked at for a name, and needs no array for that.
  private struct Words: Sequence, IteratorProtocol {
    var rest: Slice<UnsafeBufferPointer<UInt8>>

    mutating func next() -> Slice<UnsafeBufferPointer<UInt8>>? {
      let word = rest.drop { $0 == UInt8(ascii: " ") }.prefix { $0 != UInt8(ascii: " ") }
      rest = rest[word.endIndex...]
      return word.isEmpty ? nil : word
    }
  }

  /// The parts of the text, with the first port of each, ascending.
  private static func part(_ index: Int) -> (first: UInt16, text: StaticString)? {
    switch index {
    case 0: (1, from1)
    case 1: (256, from256)
    case 2: (512, from512)
    case 3: (700, from700)
    case 4: (1024, from1024)
    case 5: (4000, from4000)
    case 6: (6000, from6000)
    case 7: (9000, from9000)
    default: nil
    }
  }

  private static func bytes(_ text: StaticString) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }

  /// The line about a port, nil where there is none.
  static func line(_ port: UInt16, _ transport: Transport) -> Line? {
    var index = 0
    while let next = part(index + 1), next.first <= port { index += 1 }
    guard let part = part(index) else { return nil }
    let text = bytes(part.text)
    // Between lines that begin at or below the port and those above it.
    var low = 0
    var high = text.endIndex
    while low < high {
      let start = lineStart(text, before: low + (high - low) / 2 + 1, from: low)
      var position = start
      if number(text, &position) > port {
        high = start
      } else {
        while position < text.endIndex, text[position] != UInt8(ascii: "\n") { position += 1 }
        low = position + 1
      }
    }
    // Several can be about it, one for each transport.
    var end = low
    while end > 0 {
      let start = lineStart(text, before: end - 1, from: 0)
      let line = Line(text, at: start)
      guard line.ports.contains(port) else { return nil }
      if line.isAbout(transport) { return line }
      end = start
    }
    return nil
  }

  /// Hands over every line, by ascending port.
  static func forEach(_ body: (Line) -> Void) {
    var index = 0
    while let part = part(index) {
      let text = bytes(part.text)
      var start = 0
      while start < text.endIndex {
        let line = Line(text, at: start)
        body(line)
        start = line.end + 1
      }
      index += 1
    }
  }

  /// Where the line begins that has the byte before `position`.
  private static func lineStart(
    _ text: UnsafeBufferPointer<UInt8>, before position: Int, from least: Int
  ) -> Int {
    var start = position - 1
    while start > least, text[start - 1] != UInt8(ascii: "\n") { start -= 1 }
    return start
  }

  private static func number(_ text: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> UInt16 {
    var number: UInt16 = 0
    while text[position] &- 48 < 10 {
      number = number * 10 + UInt16(text[position] &- 48)
      position += 1
    }
    return number
  }
}
