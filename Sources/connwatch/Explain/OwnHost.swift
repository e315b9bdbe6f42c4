// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
@preconcurrency import Glibc

/// The addresses and the name of this machine, as far as this network namespace has them.
struct OwnHost {
  var addresses: Set<IPAddress>
  /// Its name, as gethostname(2) gives it, in lower case; nil where it has none.
  var name: String?

  init(addresses: Set<IPAddress> = [], name: String? = nil) {
    self.addresses = addresses
    self.name = name
  }

  /// Asks the system: getifaddrs(3), gethostname(2). What it does not tell is left out.
  static func look() -> OwnHost {
    var own = OwnHost()
    var buffer = [CChar](repeating: 0, count: 256)
    if gethostname(&buffer, buffer.count - 1) == 0 {
      let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      own.name = name.isEmpty ? nil : name.lowercased()
    }
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return own }
    defer { freeifaddrs(list) }
    var next = list
    while let entry = next {
      if let address = entry.pointee.ifa_addr.flatMap(address) { own.addresses.insert(address) }
      next = entry.pointee.ifa_next
    }
    return own
  }

  private static func address(_ socket: UnsafeMutablePointer<sockaddr>) -> IPAddress? {
    let raw = UnsafeRawPointer(socket)
    switch Int32(socket.pointee.sa_family) {
    case AF_INET:
      return IPAddress(v4: UInt32(bigEndian: raw.load(as: sockaddr_in.self).sin_addr.s_addr))
    case AF_INET6:
      let bytes = raw + MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!
      return IPAddress(
        high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
        low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    default: return nil
    }
  }

  /// True for an end that can be of this machine: nothing is said of its host, or what is said is this one's.
  func owns(_ end: EvidenceEnd) -> Bool {
    if let address = end.address {
      return address.isUnspecified || address.isLoopback || addresses.contains(address)
    }
    guard let host = end.host?.lowercased() else { return true }
    if host == "localhost" || host == name { return true }
    // `mirage` and `mirage.example.org` are one.
    guard let name else { return false }
    return host.split(separator: ".").first == name.split(separator: ".").first
      && (host.contains(".") != name.contains("."))
  }
}
