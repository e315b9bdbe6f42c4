// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What many lives have in common: everything that a filter can ask for but the client's port, the process id and the
/// state. The numbers are those of the dictionaries, 0 where there is none.
struct Profile: Hashable {
  /// The low bits of ``LifeFlags``: proto, direction and role.
  var kind: UInt8
  /// The port of the end that is the service.
  var service: UInt16
  var local: UInt32
  var remote: UInt32
  var program: UInt32
  var netns: UInt32

  /// Which bits of ``LifeFlags`` are in ``kind``.
  static let kindMask: Int64 = 63

  private var flags: LifeFlags { LifeFlags(rawValue: Int64(kind)) }
  var proto: Proto { flags.proto }
  var direction: Direction? { flags.direction }
  var role: Life.Role { flags.role }

  /// True where the service is the local end: of what came in, and of listeners.
  var isServiceLocal: Bool { Self.isServiceLocal(kind) }

  static func isServiceLocal(_ kind: UInt8) -> Bool {
    let flags = LifeFlags(rawValue: Int64(kind))
    return flags.direction == .inbound || flags.direction == nil && flags.role == .listener
  }

  /// Makes the profile of a life, and hands over its other port, the client's; nil where a number does not fit, or means
  /// nothing.
  ///
  /// - Parameters:
  ///   - flags: as in ``LifeFlags``.
  ///   - addresses: the local and the remote one's numbers; ports in the same order.
  static func of(
    flags: Int64, addresses: (Int64, Int64), ports: (UInt16, UInt16), program: Int64?, netns: Int64?
  ) -> (profile: Profile, client: UInt16)? {
    guard let local = UInt32(exactly: addresses.0), let remote = UInt32(exactly: addresses.1),
      let number = UInt32(exactly: program ?? 0), let netns = UInt32(exactly: netns ?? 0)
    else { return nil }
    let kind = UInt8(flags & kindMask)
    // 0 stands for none, and of directions and roles there are three.
    guard program != 0, kind & 12 != 12, kind & 48 != 48 else { return nil }
    let isLocal = isServiceLocal(kind)
    let profile = Profile(
      kind: kind, service: isLocal ? ports.0 : ports.1, local: local, remote: remote, program: number,
      netns: netns)
    return (profile, isLocal ? ports.1 : ports.0)
  }

  /// Makes that of a row with ``columns`` from `first` on.
  static func read(_ row: Statement, from first: Int32) -> (profile: Profile, client: UInt16)? {
    guard let local = UInt16(exactly: row.integer(first + 2)),
      let remote = UInt16(exactly: row.integer(first + 4))
    else { return nil }
    return of(
      flags: row.integer(first), addresses: (row.integer(first + 1), row.integer(first + 3)),
      ports: (local, remote), program: row.optionalInteger(first + 5), netns: row.optionalInteger(first + 6))
  }

  /// Of `life` or `open_life`, with the alias `l`.
  static let columns = "l.flags, l.laddr, l.lport, l.raddr, l.rport, l.program, l.netns"

  func write(to bytes: inout PackedBytes) {
    bytes.append(kind)
    bytes.append(pair: service)
    for number in [local, remote, program, netns] { bytes.append(number: UInt64(number)) }
  }

  init(kind: UInt8, service: UInt16, local: UInt32, remote: UInt32, program: UInt32, netns: UInt32) {
    self.kind = kind
    self.service = service
    self.local = local
    self.remote = remote
    self.program = program
    self.netns = netns
  }

  init?(_ reader: inout PackedReader) {
    guard let kind = reader.byte(), let service = reader.pair(), let local = reader.number(),
      let remote = reader.number(), let program = reader.number(), let netns = reader.number()
    else { return nil }
    self.init(
      kind: kind, service: service, local: UInt32(truncatingIfNeeded: local),
      remote: UInt32(truncatingIfNeeded: remote), program: UInt32(truncatingIfNeeded: program),
      netns: UInt32(truncatingIfNeeded: netns))
  }

  /// Packs several, with their number first.
  static func pack(_ profiles: [Profile]) -> [UInt8] {
    var bytes = PackedBytes()
    bytes.append(number: UInt64(profiles.count))
    for profile in profiles { profile.write(to: &bytes) }
    return bytes.bytes
  }

  /// The most bytes that one takes: a byte, two, and four numbers of five.
  private static let longest = 23

  /// Takes apart what ``pack(_:)`` made, into an array that can be used again; false where it is damaged.
  static func unpack(_ bytes: UnsafeRawBufferPointer, into profiles: inout [Profile]) -> Bool {
    profiles.removeAll(keepingCapacity: true)
    var reader = PackedReader(bytes)
    guard let count = reader.number(), count <= bytes.count else { return false }
    profiles.reserveCapacity(Int(count))
    var left = Int(count)
    // Millions are read for one question, so while there is room for the longest, nothing else is checked.
    if let base = bytes.baseAddress {
      var place = reader.place
      while left > 0, bytes.count - place >= longest {
        let kind = base.load(fromByteOffset: place, as: UInt8.self)
        let service = base.loadUnaligned(fromByteOffset: place + 1, as: UInt16.self)
        place += 3
        let local = shortNumber(base, &place)
        let remote = shortNumber(base, &place)
        let program = shortNumber(base, &place)
        let netns = shortNumber(base, &place)
        profiles.append(
          Profile(
            kind: kind, service: UInt16(littleEndian: service), local: local, remote: remote,
            program: program, netns: netns))
        left -= 1
      }
      _ = reader.take(place - reader.place)
    }
    while left > 0 {
      guard let profile = Profile(&reader) else { return false }
      profiles.append(profile)
      left -= 1
    }
    return reader.isAtEnd
  }

  /// Reads a number of at most five bytes; of a longer one, which only damage makes, something that is not it.
  private static func shortNumber(_ base: UnsafeRawPointer, _ place: inout Int) -> UInt32 {
    var byte = base.load(fromByteOffset: place, as: UInt8.self)
    place += 1
    if byte < 0x80 { return UInt32(byte) }
    var value = UInt32(byte & 0x7F)
    var shift: UInt32 = 7
    repeat {
      byte = base.load(fromByteOffset: place, as: UInt8.self)
      place += 1
      value |= UInt32(byte & 0x7F) << shift
      shift += 7
    } while byte >= 0x80 && shift < 35
    return value
  }
}
