// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The registered names of ports: what /etc/services says (services(5)), then a table of our own for what it lacks.
///
/// Names are looked up by open addressing on (transport, port). All of them are made for the few that a short listing
/// shows, so a name stays bytes of the text it was read from until it is asked for.
public struct ServiceNames: Sendable {
  private struct Entry {
    /// Where its name is in `text`.
    var start: Int
    var count: Int
    var key: UInt32
  }

  /// The file, and behind it our own table.
  private let text: [UInt8]
  /// Hash slots, a power of two and never full: 0 is free, else 1 + an index into `primary`.
  private var slots: [UInt16]
  /// The first name of each (transport, port).
  private var primary: [Entry] = []
  /// Every further name: aliases, and names whose port is called something else.
  private var aliases: [Entry] = []

  /// Our own table alone, for a machine without /etc/services.
  public static let builtIn = ServiceNames(file: [])

  /// Reads the text of /etc/services; where it and our own table disagree, the file wins.
  ///
  /// Lines that cannot be read, and transports other than tcp and udp, are skipped. So are names that hold anything
  /// but printable ASCII, for they end up on a terminal.
  public init(file: [UInt8]) {
    var text = file
    // The end of a line in the file's stead, should it have none.
    text.append(UInt8(ascii: "\n"))
    text.append(contentsOf: Self.ownTable.utf8)
    self.text = text
    slots = [UInt16](repeating: 0, count: 2048)
    primary.reserveCapacity(512)
    add(text, 0..<file.count, except: KnownNames())
    var known = KnownNames(capacity: primary.count + aliases.count)
    for entry in primary { known.insert(entry, in: text) }
    for entry in aliases { known.insert(entry, in: text) }
    add(text, file.count..<text.count, except: known)
  }

  /// The name of `port`, or nil where it has none.
  public func name(_ port: UInt16, _ transport: Transport) -> String? {
    guard let index = index(of: Self.key(port, transport)) else { return nil }
    return name(of: primary[index])
  }

  /// Every port called `name`, by its name or an alias, in the order they were read; letters match in either case.
  public func ports(named name: String) -> [(UInt16, Transport)] {
    var found: [UInt32] = []
    for entries in [primary, aliases] {
      for entry in entries where isNamed(entry, name) && !found.contains(entry.key) {
        found.append(entry.key)
      }
    }
    return found.map { (UInt16(truncatingIfNeeded: $0), $0 >> 16 == 0 ? .tcp : .udp) }
  }

  /// Every name there is, aliases too, some more than once: for suggestions.
  public var names: some Sequence<String> { [primary, aliases].joined().lazy.map { name(of: $0) } }

  private func name(of entry: Entry) -> String {
    String(decoding: text[entry.start..<entry.start + entry.count], as: UTF8.self)
  }

  private func isNamed(_ entry: Entry, _ name: String) -> Bool {
    guard entry.count == name.utf8.count else { return false }
    return zip(text[entry.start..<entry.start + entry.count], name.utf8).allSatisfy { left, right in
      left == right || (left ^ right == 32 && (97...122).contains(left | 32))
    }
  }

  private static func key(_ port: UInt16, _ transport: Transport) -> UInt32 {
    UInt32(port) | UInt32(transport.rawValue) << 16
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
  private mutating func add(_ text: [UInt8], _ range: Range<Int>, except known: KnownNames) {
    text.withUnsafeBufferPointer { text in
      var start = range.lowerBound
      while start < range.upperBound {
        var end = start
        while end < range.upperBound, text[end] != UInt8(ascii: "\n") { end += 1 }
        addLine(text, start..<end, except: known)
        start = end + 1
      }
    }
  }

  /// Reads `name port/transport alias…`, up to a `#`.
  private mutating func addLine(
    _ text: UnsafeBufferPointer<UInt8>, _ line: Range<Int>, except known: KnownNames
  ) {
    var position = line.lowerBound
    guard let name = Self.word(text, line, &position), let number = Self.word(text, line, &position),
      let key = Self.portAndTransport(text, number)
    else { return }
    var word: Range<Int>? = name
    while let name = word {
      let isPlain = name.allSatisfy { text[$0] > 32 && text[$0] < 127 }
      let entry = Entry(start: name.lowerBound, count: name.count, key: key)
      if isPlain, !known.contains(entry, in: text) { add(entry) }
      word = Self.word(text, line, &position)
    }
  }

  private mutating func add(_ entry: Entry) {
    // Only the first name of a port is shown; the table stays at most half full.
    guard index(of: entry.key) == nil, primary.count < Int(UInt16.max) - 1 else {
      aliases.append(entry)
      return
    }
    primary.append(entry)
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

  /// Names in a transport: ours is left out where the file has the same one, perhaps with another port.
  private struct KnownNames {
    private var entries: [Entry] = []
    /// Hash slots, at most half of them used: 0 is free, else 1 + an index into `entries`.
    private var slots: [UInt32] = []

    init() {}

    init(capacity: Int) {
      var size = 16
      while size < 2 * capacity { size *= 2 }
      slots = [UInt32](repeating: 0, count: size)
      entries.reserveCapacity(capacity)
    }

    mutating func insert(_ entry: Entry, in text: [UInt8]) {
      text.withUnsafeBufferPointer { text in
        guard let slot = place(entry, text) else { return }
        entries.append(entry)
        slots[slot] = UInt32(entries.count)
      }
    }

    func contains(_ entry: Entry, in text: UnsafeBufferPointer<UInt8>) -> Bool {
      !slots.isEmpty && place(entry, text) == nil
    }

    /// The slot where it belongs, nil where it is in one already.
    private func place(_ entry: Entry, _ text: UnsafeBufferPointer<UInt8>) -> Int? {
      // FNV-1a.
      var hash: UInt32 = 0x811C_9DC5 ^ entry.key >> 16
      for index in entry.start..<entry.start + entry.count {
        hash = (hash ^ UInt32(text[index])) &* 0x0100_0193
      }
      var slot = Int(hash) & (slots.count - 1)
      while slots[slot] != 0 {
        let other = entries[Int(slots[slot]) - 1]
        if other.key >> 16 == entry.key >> 16, other.count == entry.count,
          (0..<entry.count).allSatisfy({ text[other.start + $0] == text[entry.start + $0] })
        {
          return nil
        }
        slot = (slot + 1) & (slots.count - 1)
      }
      return slot
    }
  }
}
