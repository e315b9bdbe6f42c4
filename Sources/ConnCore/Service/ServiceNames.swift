// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The registered names of ports: what /etc/services says (services(5)), then a table of our own for what it lacks.
///
/// Names are looked up by open addressing on (transport, port), so naming a row allocates nothing.
public struct ServiceNames: Sendable {
  private struct Entry {
    var name: String
    var key: UInt32
  }

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
    slots = [UInt16](repeating: 0, count: 2048)
    add(file)
    let named = Set(primary.map { Self.identity($0) } + aliases.map { Self.identity($0) })
    add(Array(Self.ownTable.utf8), except: named)
  }

  /// The name of `port`, or nil where it has none.
  public func name(_ port: UInt16, _ transport: Transport) -> String? {
    guard let index = index(of: Self.key(port, transport)) else { return nil }
    return primary[index].name
  }

  /// Every port called `name`, by its name or an alias, in the order they were read; letters match in either case.
  public func ports(named name: String) -> [(UInt16, Transport)] {
    var found: [UInt32] = []
    for entries in [primary, aliases] {
      for entry in entries where Self.isSame(entry.name, name) && !found.contains(entry.key) {
        found.append(entry.key)
      }
    }
    return found.map { (UInt16(truncatingIfNeeded: $0), $0 >> 16 == 0 ? .tcp : .udp) }
  }

  /// Every name there is, aliases too, some more than once: for suggestions.
  public var names: some Sequence<String> { [primary, aliases].joined().lazy.map(\.name) }

  private static func isSame(_ left: String, _ right: String) -> Bool {
    guard left.utf8.count == right.utf8.count else { return false }
    return zip(left.utf8, right.utf8).allSatisfy { left, right in
      left == right || (left ^ right == 32 && (97...122).contains(left | 32))
    }
  }

  private static func key(_ port: UInt16, _ transport: Transport) -> UInt32 {
    UInt32(port) | UInt32(transport.rawValue) << 16
  }

  /// A name in one transport: ours is left out where the file has the same one, perhaps with another port.
  private static func identity(_ entry: Entry) -> String {
    (entry.key >> 16 == 0 ? "t" : "u") + entry.name
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
  private mutating func add(_ text: [UInt8], except known: Set<String> = []) {
    var start = 0
    while start < text.count {
      var end = start
      while end < text.count, text[end] != UInt8(ascii: "\n") { end += 1 }
      addLine(text[start..<end], except: known)
      start = end + 1
    }
  }

  /// Reads `name port/transport alias…`, up to a `#`.
  private mutating func addLine(_ line: ArraySlice<UInt8>, except known: Set<String>) {
    var position = line.startIndex
    guard let name = Self.word(line, &position), let number = Self.word(line, &position) else { return }
    guard let key = Self.portAndTransport(number) else { return }
    var word: ArraySlice<UInt8>? = name
    while let name = word {
      if let entry = Self.entry(name, key), known.isEmpty || !known.contains(Self.identity(entry)) {
        add(entry)
      }
      word = Self.word(line, &position)
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

  private static func word(_ line: ArraySlice<UInt8>, _ position: inout Int) -> ArraySlice<UInt8>? {
    func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }
    while position < line.endIndex, isBlank(line[position]) { position += 1 }
    let start = position
    while position < line.endIndex, !isBlank(line[position]), line[position] != UInt8(ascii: "#") {
      position += 1
    }
    if start == position {
      position = line.endIndex
      return nil
    }
    return line[start..<position]
  }

  private static func portAndTransport(_ word: ArraySlice<UInt8>) -> UInt32? {
    guard let slash = word.firstIndex(of: UInt8(ascii: "/")), slash - word.startIndex <= 5 else { return nil }
    var port: UInt32 = 0
    for byte in word[..<slash] {
      guard byte >= 48, byte <= 57 else { return nil }
      port = port * 10 + UInt32(byte - 48)
    }
    guard port > 0, port <= 65535 else { return nil }
    if word[(slash + 1)...].elementsEqual("tcp".utf8) { return key(UInt16(port), .tcp) }
    if word[(slash + 1)...].elementsEqual("udp".utf8) { return key(UInt16(port), .udp) }
    return nil
  }

  private static func entry(_ name: ArraySlice<UInt8>, _ key: UInt32) -> Entry? {
    guard name.allSatisfy({ $0 > 32 && $0 < 127 }) else { return nil }
    return Entry(name: String(decoding: name, as: UTF8.self), key: key)
  }
}
