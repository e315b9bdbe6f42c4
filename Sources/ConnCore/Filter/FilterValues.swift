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
  }

  private static let star = UInt8(ascii: "*")

  /// True where it speaks of a path rather than of a name.
  public var isPath: Bool { bytes.contains(UInt8(ascii: "/")) }

  /// True where all of `name` fits.
  public func matches(_ name: String) -> Bool { Self.fits(name.utf8, bytes) }

  /// True where all of `name` fits, followed by `suffix` in the pattern: `sshd` with `.service` fits `sshd.service`.
  func matches(_ name: String, adding suffix: String) -> Bool {
    guard name.utf8.count >= suffix.utf8.count, name.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    else { return false }
    return Self.fits(name.utf8.dropLast(suffix.utf8.count), bytes)
  }

  /// True where the part of `path` after its last slash fits.
  func matchesLastComponent(of path: String) -> Bool {
    let bytes = path.utf8
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return matches(path) }
    return Self.fits(bytes[bytes.index(after: slash)...], self.bytes)
  }

  /// True where the beginning of `name` fits.
  func matchesBeginning(of name: String) -> Bool {
    if !hasWildcard { return name.utf8.starts(with: bytes) }
    return Self.fits(name.utf8, bytes, beginning: true)
  }

  /// Matches with one step back: a later `*` never needs an earlier one tried again.
  private static func fits<Name: BidirectionalCollection<UInt8>>(
    _ name: Name, _ pattern: [UInt8], beginning: Bool = false
  ) -> Bool {
    var at = name.startIndex
    var next = 0
    var retry: (at: Name.Index, next: Int)?
    while true {
      if next == pattern.count, beginning || at == name.endIndex { return true }
      if next < pattern.count, pattern[next] == star {
        next += 1
        retry = (at, next)
      } else if at != name.endIndex, next < pattern.count, name[at] == pattern[next] {
        name.formIndex(after: &at)
        next += 1
      } else if let last = retry, last.at != name.endIndex {
        at = name.index(after: last.at)
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
