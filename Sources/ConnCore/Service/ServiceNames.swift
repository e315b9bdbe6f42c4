// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The registered names of ports: what /etc/services says (services(5)), then a table of our own for what it lacks.
///
/// Names of the file are looked up by open addressing on (transport, port). All of them are made for the few that a
/// short listing shows, so a name stays bytes of the text it was read from until it is asked for. Our own table is
/// searched where it stands.
public struct ServiceNames: Sendable {
  private struct Entry {
    /// Where its name is in `text`.
    var start: UInt32
    var count: UInt32
    var key: UInt32
    /// The next entry with the same ``hash(_:)``: 0 for none, else as in `nameHeads`.
    var next: UInt32 = 0
  }

  /// The file.
  private let text: [UInt8]
  /// Hash slots, a power of two and never full: 0 is free, else 1 + an index into `primary`.
  private var slots: [UInt16]
  /// The first name of each (transport, port) in the file.
  private var primary: [Entry] = []
  /// Every further name: aliases, and names whose port is called something else.
  private var aliases: [Entry] = []
  /// The last entry of each hash of a name: 0 for none, else 1 + twice its index, and 1 more for an alias.
  private var nameHeads = [UInt32](repeating: 0, count: 512)

  /// Our own table alone, for a machine without /etc/services.
  public static let builtIn = ServiceNames(file: [])

  /// Reads the text of /etc/services; where it and our own table disagree, the file wins.
  ///
  /// Lines that cannot be read, and transports other than tcp and udp, are skipped. So are names that hold anything
  /// but printable ASCII, for they end up on a terminal.
  public init(file: [UInt8]) {
    text = file
    slots = [UInt16](repeating: 0, count: 2048)
    primary.reserveCapacity(512)
    text.withUnsafeBufferPointer { text in
      var start = 0
      while start < text.endIndex {
        var end = start
        while end < text.endIndex, text[end] != UInt8(ascii: "\n") { end += 1 }
        addLine(text, start..<end)
        start = end + 1
      }
    }
  }

  /// The name of `port`, or nil where it has none.
  public func name(_ port: UInt16, _ transport: Transport) -> String? {
    if let index = index(of: Self.key(port, transport)) { return name(of: primary[index]) }
    guard let line = PortTable.line(port, transport) else { return nil }
    return line.words.first { !isTaken($0, transport) }.map { String(decoding: $0, as: UTF8.self) }
  }

  /// Every port called `name`, by its name or an alias, those of the file first; letters match in either case.
  public func ports(named name: String) -> [(UInt16, Transport)] {
    var found: [UInt32] = []
    for entries in [primary, aliases] {
      for entry in entries where Self.isSame(bytes(of: entry), name) && !found.contains(entry.key) {
        found.append(entry.key)
      }
    }
    PortTable.forEach { line in
      guard let word = line.words.first(where: { Self.isSame($0, name) }) else { return }
      for transport in Transport.allCases where line.isAbout(transport) && !isTaken(word, transport) {
        for port in line.ports where !found.contains(Self.key(port, transport)) {
          found.append(Self.key(port, transport))
        }
      }
    }
    return found.map(Self.portAndTransport)
  }

  /// Hands over every port that has a name, with the one that is shown, each once and in no order.
  public func forEachPort(_ body: (UInt16, Transport, String) -> Void) {
    for entry in primary {
      let (port, transport) = Self.portAndTransport(entry.key)
      body(port, transport, name(of: entry))
    }
    PortTable.forEach { line in
      for transport in Transport.allCases where line.isAbout(transport) {
        guard let word = line.words.first(where: { !isTaken($0, transport) }) else { continue }
        let name = String(decoding: word, as: UTF8.self)
        for port in line.ports where index(of: Self.key(port, transport)) == nil {
          body(port, transport, name)
        }
      }
    }
  }

  /// Every name there is, aliases too, some more than once: for suggestions.
  public var names: some Sequence<String> {
    var own: [String] = []
    PortTable.forEach { line in own += line.words.lazy.map { String(decoding: $0, as: UTF8.self) } }
    return [primary.map(name), aliases.map(name), own].joined()
  }

  /// Every name of a port, the one that is shown first.
  func allNames(_ port: UInt16, _ transport: Transport) -> [String] {
    let key = Self.key(port, transport)
    var names: [String] = []
    if let index = index(of: key) { names.append(name(of: primary[index])) }
    for entry in aliases where entry.key == key { names.append(name(of: entry)) }
    for word in PortTable.line(port, transport)?.words.map({ $0 }) ?? [] where !isTaken(word, transport) {
      names.append(String(decoding: word, as: UTF8.self))
    }
    return names
  }

  private func bytes(of entry: Entry) -> ArraySlice<UInt8> {
    text[Int(entry.start)..<Int(entry.start + entry.count)]
  }

  private func name(of entry: Entry) -> String { String(decoding: bytes(of: entry), as: UTF8.self) }

  private static func isSame(_ bytes: some Collection<UInt8>, _ name: String) -> Bool {
    guard bytes.count == name.utf8.count else { return false }
    return zip(bytes, name.utf8).allSatisfy { left, right in
      left == right || (left ^ right == 32 && (97...122).contains(left | 32))
    }
  }

  /// True where the file has the name for a port of that transport: it is not ours then, whichever port that is.
  private func isTaken(_ name: some BidirectionalCollection<UInt8>, _ transport: Transport) -> Bool {
    var place = nameHeads[hash(name)]
    while place != 0 {
      let index = Int(place - 1) / 2
      let entry = place & 1 != 0 ? primary[index] : aliases[index]
      if entry.key >> 16 == UInt32(transport.rawValue), Int(entry.count) == name.count,
        bytes(of: entry).elementsEqual(name)
      {
        return true
      }
      place = entry.next
    }
    return false
  }

  /// A hash of a name that is quick to make: its length and its ends tell most apart.
  private func hash(_ name: some BidirectionalCollection<UInt8>) -> Int {
    guard let first = name.first, let last = name.last else { return 0 }
    return (Int(first) &+ Int(last) &* 37 &+ name.count &* 101) & (nameHeads.count - 1)
  }

  private static func key(_ port: UInt16, _ transport: Transport) -> UInt32 {
    UInt32(port) | UInt32(transport.rawValue) << 16
  }

  private static func portAndTransport(_ key: UInt32) -> (UInt16, Transport) {
    (UInt16(truncatingIfNeeded: key), key >> 16 == 0 ? .tcp : .udp)
  }

  private func firstSlot(_ key: UInt32) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9E37_79B1) >> 16) & (slots.count - 1)
  }

  private func index(of key: UInt32) -> Int? {
    var slot = firstSlot(key)
    while slots[slot] != 0 {
      let index = Int(slots[slot]) - 1
      if primary[index].key == key { return index }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }
}

// MARK: - Reading

extension ServiceNames {
  /// Reads `name port/transport alias…`, up to a `#`.
  private mutating func addLine(_ text: UnsafeBufferPointer<UInt8>, _ line: Range<Int>) {
    var position = line.lowerBound
    guard let name = Self.word(text, line, &position), let number = Self.word(text, line, &position),
      let key = Self.portAndTransport(text, number)
    else { return }
    var word: Range<Int>? = name
    while let name = word {
      let isPlain = name.allSatisfy { text[$0] > 32 && text[$0] < 127 }
      if isPlain {
        let hash = hash(text[name])
        add(
          Entry(
            start: UInt32(clamping: name.lowerBound), count: UInt32(clamping: name.count), key: key,
            next: nameHeads[hash]), hash: hash)
      }
      word = Self.word(text, line, &position)
    }
  }

  private mutating func add(_ entry: Entry, hash: Int) {
    // Only the first name of a port is shown; the table stays at most half full.
    guard index(of: entry.key) == nil, primary.count < Int(UInt16.max) - 1 else {
      aliases.append(entry)
      nameHeads[hash] = UInt32(aliases.count * 2)
      return
    }
    primary.append(entry)
    nameHeads[hash] = UInt32(primary.count * 2 - 1)
    if primary.count * 2 > slots.count {
      slots = [UInt16](repeating: 0, count: slots.count * 2)
      for index in primary.indices { place(index) }
    } else {
      place(primary.count - 1)
    }
  }

  private mutating func place(_ index: Int) {
    var slot = firstSlot(primary[index].key)
    while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = UInt16(index + 1)
  }

  @inline(__always)
  private static func word(
    _ text: UnsafeBufferPointer<UInt8>, _ line: Range<Int>, _ position: inout Int
  ) -> Range<Int>? {
    func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }
    while position < line.upperBound, isBlank(text[position]) { position &+= 1 }
    let start = position
    while position < line.upperBound, !isBlank(text[position]), text[position] != UInt8(ascii: "#") {
      position &+= 1
    }
    if start == position {
      position = line.upperBound
      return nil
    }
    return start..<position
  }

  private static func portAndTransport(_ text: UnsafeBufferPointer<UInt8>, _ word: Range<Int>) -> UInt32? {
    var port: UInt32 = 0
    var position = word.lowerBound
    while position < word.upperBound, text[position] != UInt8(ascii: "/") {
      guard text[position] &- 48 < 10, position - word.lowerBound < 5 else { return nil }
      port = port * 10 + UInt32(text[position] - 48)
      position += 1
    }
    guard word.upperBound - position == 4, port > 0, port <= 65535 else { return nil }
    switch (text[position + 1], text[position + 2], text[position + 3]) {
    case (UInt8(ascii: "t"), UInt8(ascii: "c"), UInt8(ascii: "p")): return key(UInt16(port), .tcp)
    case (UInt8(ascii: "u"), UInt8(ascii: "d"), UInt8(ascii: "p")): return key(UInt16(port), .udp)
    default: return nil
    }
  }
}
