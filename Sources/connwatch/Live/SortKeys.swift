// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Numbers that sockets are sorted by: the least comes first, and what is not known last, in either order.
struct SortKeys {
  let column: SortColumn
  let isReversed: Bool

  private static let unknown = UInt64.max
  /// What is known is below this.
  private static let limit: UInt64 = 1 << 62

  private var texts = SortLabels<String>(below: 1 << 30)
  /// Those of IPv6; IPv4 is a number already.
  private var addresses = SortLabels<IPAddress>(below: 1 << 44)
  /// The name's number by port and transport, nil where it has none.
  private var services: [UInt32: UInt64?] = [:]
  private var traffic: TrafficIndex?

  init(_ column: SortColumn, isReversed: Bool) {
    (self.column, self.isReversed) = (column, isReversed)
  }

  /// How many values are remembered, those that no socket has any more among them.
  var remembered: Int { texts.count + addresses.count + services.count }

  /// Looks at what a refresh has read.
  mutating func read(_ book: LiveBook) { traffic = column.isTraffic ? TrafficIndex(book) : nil }

  /// Lets go of what was read, which would be copied when the book goes on.
  mutating func letGo() { traffic = nil }

  /// Numbers the values of some sockets; has to be called before ``key(_:_:)``.
  ///
  /// - Returns: false where all have to be numbered anew, by other keys than these.
  mutating func learn(_ places: [Int32], _ book: LiveBook, _ names: Names) -> Bool {
    switch column {
    case .local: return learnAddresses(places) { book.lives[$0].local.address }
    case .remote: return learnAddresses(places) { book.lives[$0].remote.address }
    case .process: return learnProcesses(places, book)
    case .service: return learnServices(places, book, names)
    default: return true
    }
  }

  private mutating func learnAddresses(_ places: [Int32], _ address: (Int) -> IPAddress) -> Bool {
    var found: Set<IPAddress> = []
    for place in places {
      let address = address(Int(place))
      if !address.isV4 { found.insert(address) }
    }
    return addresses.add(found)
  }

  private mutating func learnProcesses(_ places: [Int32], _ book: LiveBook) -> Bool {
    var seen: Set<ObjectIdentifier> = []
    var found: Set<String> = []
    for place in places {
      guard let process = book.lives[Int(place)].owner.process else { continue }
      if seen.insert(ObjectIdentifier(process)).inserted { found.insert(process.name) }
    }
    return texts.add(found)
  }

  private mutating func learnServices(_ places: [Int32], _ book: LiveBook, _ names: Names) -> Bool {
    var found: [UInt32: String] = [:]
    for place in places {
      let life = book.lives[Int(place)]
      guard let port = life.servicePort, services[Self.key(port, life.proto)] == nil else { continue }
      let key = Self.key(port, life.proto)
      if found[key] != nil { continue }
      guard let name = names.service(port, life.proto.transport) else {
        services[key] = .some(nil)
        continue
      }
      found[key] = name
    }
    guard texts.add(found.values) else { return false }
    for (key, name) in found { services[key] = texts.label(name) }
    return true
  }

  private static func key(_ port: UInt16, _ proto: Proto) -> UInt32 {
    UInt32(port) << 1 | UInt32(proto.transport.rawValue)
  }

  /// The number of the socket at a place.
  func key(_ place: Int, _ book: LiveBook) -> UInt64 {
    guard let value = value(place, book) else { return Self.unknown }
    return isReversed ? Self.limit - 1 - value : value
  }

  @inline(__always)
  private func value(_ place: Int, _ book: LiveBook) -> UInt64? {
    switch column {
    case .state:
      let state = book.lives[place].state
      guard case .unknown(let number) = state else { return UInt64(state.place) << 8 }
      return UInt64(state.place) << 8 | UInt64(number)
    case .proto: return UInt64(book.lives[place].proto.rawValue)
    case .local: return value(book.lives[place].local)
    case .remote:
      let remote = book.lives[place].remote
      return remote.port == 0 && remote.address.isUnspecified ? nil : value(remote)
    case .service:
      guard let port = book.lives[place].servicePort else { return nil }
      return services[Self.key(port, book.lives[place].proto)] ?? nil
    case .direction: return book.lives[place].direction.map { UInt64($0.rawValue) }
    case .age:
      // The newest first.
      let moment = book.lives[place].firstSeen.microseconds
      return UInt64(clamping: Int64(Self.limit / 2) - max(-1 << 60, min(moment, 1 << 60)))
    case .pid: return book.lives[place].owner.process.map { UInt64(UInt32(bitPattern: $0.pid)) }
    case .process:
      guard let process = book.lives[place].owner.process else { return nil }
      return texts.label(process.name) << 32 | UInt64(UInt32(bitPattern: process.pid))
    case .bytesIn: return traffic?.traffic(place, book).map { most($0.bytesIn) }
    case .bytesOut: return traffic?.traffic(place, book).map { most($0.bytesOut) }
    }
  }

  /// The most first.
  private func most(_ bytes: UInt64) -> UInt64 { Self.limit - 1 - min(bytes, Self.limit - 1) }

  /// By address, then by port.
  private func value(_ end: Endpoint) -> UInt64 {
    if let v4 = end.address.v4 { return 1 << 60 | UInt64(v4) << 16 | UInt64(end.port) }
    let rank: UInt64 = end.address < .anyV4 ? 0 : 2
    return rank << 60 | addresses.label(end.address) << 16 | UInt64(end.port)
  }
}

extension Life {
  /// The port of its end that is the service, nil where that is not known.
  var servicePort: UInt16? {
    serviceEnd(proto, local: local, remote: remote, role: role, direction: direction)
  }
}
