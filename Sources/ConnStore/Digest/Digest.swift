// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A block of lives with neighbouring numbers, packed so that what a filter is after is found without their rows.
///
/// A row of the table `digest` has the profiles that occur, and the sequences of states and the processes; one of the
/// table `digest_life` has for each life its client's port, and which of the profiles it has. They stand beside the
/// rows of lives and say nothing that those do not: where there is no digest, the rows are read.
struct Digest {
  /// Lives in a block: those from number `block * span` on.
  static let span: Int64 = 4096
  /// The profile of a number that no life has.
  private static let absent = UInt16.max

  private(set) var profiles: [Profile] = []
  /// By the place in the block: a place in ``profiles``, and the client's port.
  private var profileOf = [UInt16](repeating: absent, count: Int(span))
  private var clientPorts = [UInt16](repeating: 0, count: Int(span))
  private var paths: Set<Int64> = []
  private var processes: Set<DigestTraits.Process> = []
  private var places: [Profile: UInt16] = [:]

  /// Puts a life into its place.
  mutating func insert(at place: Int, _ profile: Profile, client: UInt16, path: Int64, pid: Int64?) {
    let known = places[profile]
    let number = known ?? UInt16(profiles.count)
    if known == nil {
      places[profile] = number
      profiles.append(profile)
    }
    profileOf[place] = number
    clientPorts[place] = client
    paths.insert(path)
    if let pid { processes.insert(DigestTraits.Process(pid: pid, program: profile.program)) }
  }

  // MARK: - Columns

  /// The column `traits`.
  var traitBytes: [UInt8] { DigestTraits(paths: paths.sorted(), processes: processes.sorted()).bytes }

  /// The column `profiles`.
  var profileBytes: [UInt8] { Profile.pack(profiles) }

  /// The column `ports`: two bytes each.
  var portBytes: [UInt8] {
    var bytes = PackedBytes()
    for port in clientPorts { bytes.append(pair: port) }
    return bytes.bytes
  }

  /// The column `numbers`: a byte each where there are few profiles, else two.
  var numberBytes: [UInt8] {
    if isNarrow(profiles.count) { return profileOf.map { UInt8(truncatingIfNeeded: $0) } }
    var bytes = PackedBytes()
    for number in profileOf { bytes.append(pair: number) }
    return bytes.bytes
  }
}

/// True where the number of a profile takes one byte; 255 stands for none.
private func isNarrow(_ profiles: Int) -> Bool { profiles < 255 }

/// The columns `ports` and `numbers` of a ``Digest``, read where they lie.
struct DigestLives {
  private let ports: UnsafeRawBufferPointer
  private let numbers: UnsafeRawBufferPointer
  private let narrow: Bool
  private static let span = Int(Digest.span)

  /// nil where a length is wrong.
  init?(ports: UnsafeRawBufferPointer, numbers: UnsafeRawBufferPointer, profiles: Int) {
    narrow = isNarrow(profiles)
    guard ports.count == Self.span * 2, numbers.count == Self.span * (narrow ? 1 : 2) else { return nil }
    self.ports = ports
    self.numbers = numbers
  }

  /// The place of a life's profile, nil for a number that no life has.
  func profile(at place: Int) -> Int? {
    if narrow {
      let number = numbers[place]
      return number == 255 ? nil : Int(number)
    }
    let number = Self.pair(numbers, place)
    return number == 65_535 ? nil : Int(number)
  }

  func client(at place: Int) -> UInt16 { Self.pair(ports, place) }

  /// What a life is digested as; nil where it is not.
  func life(at place: Int, _ profiles: [Profile]) -> (profile: Profile, client: UInt16)? {
    guard let number = profile(at: place), number < profiles.count else { return nil }
    return (profiles[number], client(at: place))
  }

  /// True where some port is in one of the ranges, or the length is wrong and nobody can tell.
  static func hasPort(in ranges: [ClosedRange<UInt16>], _ ports: UnsafeRawBufferPointer) -> Bool {
    guard ports.count == span * 2 else { return true }
    for range in ranges {
      let (least, length) = (range.lowerBound, range.upperBound - range.lowerBound)
      var found: UInt16 = 0
      // Without a way out, so that many are compared at once.
      for place in 0..<ports.count / 2 {
        found |=
          UInt16(littleEndian: ports.loadUnaligned(fromByteOffset: place * 2, as: UInt16.self)) &- least
            <= length ? 1 : 0
      }
      if found != 0 { return true }
    }
    return false
  }

  private static func pair(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> UInt16 {
    UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: place * 2, as: UInt16.self))
  }
}
