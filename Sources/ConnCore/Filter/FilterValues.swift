// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Some addresses that share their leading bits: a CIDR block (RFC 4632, RFC 4291 section 2.3).
public struct AddressBlock: Hashable, Sendable {
  /// The lowest address.
  public let first: IPAddress
  /// The highest address.
  public let last: IPAddress

  /// Makes the block of `prefix` bits (of the 128, so 96 more than an IPv4 prefix) that `address` is in.
  public init(_ address: IPAddress, prefix: Int) {
    let high: UInt64 = prefix <= 0 ? 0 : prefix >= 64 ? .max : ~(.max >> UInt64(prefix))
    let low: UInt64 = prefix <= 64 ? 0 : prefix >= 128 ? .max : ~(.max >> UInt64(prefix - 64))
    first = IPAddress(high: address.high & high, low: address.low & low)
    last = IPAddress(high: address.high | ~high, low: address.low | ~low)
  }

  /// Every IPv4 address, plain or v4-mapped.
  public static let everyV4 = AddressBlock(.anyV4, prefix: 96)

  /// True for a block of IPv6 around all of IPv4, such as `::/0`: what is asked for is IPv6, so IPv4 is left out.
  public var leavesOutV4: Bool { !first.isV4 && first <= Self.everyV4.first && Self.everyV4.last <= last }

  /// True for a block of IPv4.
  public var isV4: Bool { first.isV4 && last.isV4 }

  /// True where `address` is in the block.
  public func contains(_ address: IPAddress) -> Bool {
    first <= address && address <= last && (!address.isV4 || first.isV4)
  }
}

/// A name to look for, in which `*` stands for any text: compared byte by byte, upper and lower case apart.
public struct NamePattern: Hashable, Sendable {
  /// The text as it was written.
  public let text: String
  private let bytes: [UInt8]
  /// True where there is a `*` in it.
  public let hasWildcard: Bool

  /// Makes a pattern of its text.
  public init(_ text: String) {
    self.text = text
    bytes = Array(text.utf8)
    hasWildcard = bytes.contains(Self.star)
    isPath = bytes.contains(UInt8(ascii: "/"))
  }

  private static let star = UInt8(ascii: "*")

  /// True where it speaks of a path rather than of a name.
  public let isPath: Bool

  /// True where all of `name` fits.
  public func matches(_ name: String) -> Bool { Self.withBytes(of: name) { fits($0) } }

  /// True where all of `name` fits, followed by `suffix` in the pattern: `sshd` with `.service` fits `sshd.service`.
  func matches(_ name: String, adding suffix: StaticString) -> Bool {
    Self.withBytes(of: name) { name in
      let rest = name.count - suffix.utf8CodeUnitCount
      guard rest >= 0 else { return false }
      for place in 0..<suffix.utf8CodeUnitCount where name[rest + place] != suffix.utf8Start[place] {
        return false
      }
      return fits(UnsafeBufferPointer(rebasing: name[..<rest]))
    }
  }

  /// True where the part of `path` after its last slash fits.
  func matchesLastComponent(of path: String) -> Bool {
    Self.withBytes(of: path) { path in
      let slash = path.lastIndex(of: UInt8(ascii: "/")) ?? -1
      return fits(UnsafeBufferPointer(rebasing: path[(slash + 1)...]))
    }
  }

  /// True where the beginning of `name` fits.
  func matchesBeginning(of name: String) -> Bool { Self.withBytes(of: name) { fits($0, beginning: true) } }

  private static func withBytes(of name: String, _ body: (UnsafeBufferPointer<UInt8>) -> Bool) -> Bool {
    // Strings that Swift made are contiguous; the other way is for those that a framework lends.
    name.utf8.withContiguousStorageIfAvailable(body) ?? Array(name.utf8).withUnsafeBufferPointer(body)
  }

  /// Matches with one step back: a later `*` never needs an earlier one tried again.
  private func fits(_ name: UnsafeBufferPointer<UInt8>, beginning: Bool = false) -> Bool {
    if !hasWildcard, !beginning, name.count != bytes.count { return false }
    var at = 0
    var next = 0
    var retry: (at: Int, next: Int)?
    while true {
      if next == bytes.count, beginning || at == name.count { return true }
      if next < bytes.count, bytes[next] == Self.star {
        next += 1
        retry = (at, next)
      } else if at < name.count, next < bytes.count, name[at] == bytes[next] {
        at += 1
        next += 1
      } else if let last = retry, last.at < name.count {
        at = last.at + 1
        next = last.next
        retry = (at, next)
      } else {
        return false
      }
    }
  }
}

/// The service ports that one word of a filter stands for.
public struct ServicePorts: Hashable, Sendable {
  /// The ports of TCP services.
  public var tcp: [UInt16] = []
  /// The ports of UDP services.
  public var udp: [UInt16] = []

  /// Makes a set with no ports.
  public init() {}

  /// The ports of one transport.
  public subscript(transport: Transport) -> [UInt16] {
    get { transport == .tcp ? tcp : udp }
    set { if transport == .tcp { tcp = newValue } else { udp = newValue } }
  }
}
