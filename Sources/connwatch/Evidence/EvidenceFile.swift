// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
@preconcurrency import Glibc

/// A file of evidence, opened, or standard input.
final class EvidenceFile {
  /// As it was named.
  let name: String
  /// When it was last written; nil for standard input.
  let modified: Timestamp?
  private let descriptor: Int32

  /// The longest line that is kept; what goes beyond is told and thrown away.
  static let longestLine = EvidenceReader.longestLine
  private static let chunk = 262_144

  /// A line of it.
  struct Line {
    /// Counted from 1.
    var number: Int
    /// False for a last line without a line end.
    var isTerminated: Bool
    /// It goes on beyond ``longestLine``, which is all that is given of it.
    var isTooLong: Bool
  }

  /// Opens a file; `-` is standard input.
  init(_ name: String) throws(Failure) {
    self.name = name
    if name == "-" {
      descriptor = STDIN_FILENO
      modified = nil
      return
    }
    descriptor = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw Failure("\(name): \(String(cString: strerror(errno)))") }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
      close(descriptor)
      throw Failure("\(name): a directory (name the files in it)")
    }
    modified = Timestamp(
      microseconds: Int64(status.st_mtim.tv_sec) * 1_000_000 + Int64(status.st_mtim.tv_nsec) / 1000)
  }

  deinit { if descriptor > STDIN_FILENO { close(descriptor) } }

  /// The digest of all bytes as ``lines(_:)`` returns it, without moving on in the file; nil where that cannot be: of
  /// a stream.
  func digest() -> [UInt8]? {
    guard modified != nil else { return nil }
    var digest = Digest128()
    var offset: off_t = 0
    return withUnsafeTemporaryAllocation(byteCount: Self.chunk, alignment: 16) { room in
      while true {
        let count = pread(descriptor, room.baseAddress, room.count, offset)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { return nil }
        if count == 0 { return digest.bytes }
        digest.add(UnsafeRawBufferPointer(rebasing: room[..<count]))
        offset += off_t(count)
      }
    }
  }

  /// Hands over every line without its end, in little memory whatever the file's size.
  ///
  /// - Returns: the digest of all bytes: FNV-1a of 128 bits, 16 bytes.
  func lines(_ body: (UnsafeRawBufferPointer, Line) throws -> Void) throws -> [UInt8] {
    var digest = Digest128()
    var held: [UInt8] = []
    var line = Line(number: 1, isTerminated: true, isTooLong: false)
    try withUnsafeTemporaryAllocation(byteCount: Self.chunk, alignment: 16) { room in
      while true {
        var count: Int
        repeat { count = read(descriptor, room.baseAddress, room.count) } while count < 0 && errno == EINTR
        guard count >= 0 else { throw Failure("\(name): \(String(cString: strerror(errno)))") }
        if count == 0 { break }
        let bytes = UnsafeRawBufferPointer(rebasing: room[..<count])
        digest.add(bytes)
        var start = 0
        while start < count {
          let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
          guard let base = rest.baseAddress, let found = memchr(base, 0x0A, rest.count) else {
            line.isTooLong = Self.hold(rest, &held) || line.isTooLong
            break
          }
          let length = UnsafeRawPointer(found) - base
          let piece = UnsafeRawBufferPointer(rebasing: rest[..<length])
          if held.isEmpty, length <= Self.longestLine {
            try body(piece, line)
          } else {
            line.isTooLong = Self.hold(piece, &held) || line.isTooLong
            try held.withUnsafeBytes { try body($0, line) }
            held.removeAll(keepingCapacity: true)
          }
          line.number += 1
          line.isTooLong = false
          start += length + 1
        }
      }
    }
    if !held.isEmpty {
      line.isTerminated = false
      try held.withUnsafeBytes { try body($0, line) }
    }
    return digest.bytes
  }

  /// Keeps the beginning of a line; true where some of it had to go.
  private static func hold(_ piece: UnsafeRawBufferPointer, _ held: inout [UInt8]) -> Bool {
    let room = longestLine - held.count
    held.append(contentsOf: piece.prefix(max(0, room)))
    return piece.count > room
  }
}

/// FNV-1a of 128 bits, as its authors describe it.
struct Digest128 {
  private var hash: UInt128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    for byte in bytes {
      hash ^= UInt128(byte)
      hash &*= 0x0000_0000_0100_0000_0000_0000_0000_013B
    }
  }

  /// In network order.
  var bytes: [UInt8] { withUnsafeBytes(of: hash.bigEndian) { Array($0) } }
}
