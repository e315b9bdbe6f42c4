// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
@preconcurrency import Glibc

/// A file of evidence, opened, or standard input.
final class EvidenceFile {
  /// As it was named.
  let name: String
  /// When it was last written; nil for standard input.
  let modified: Timestamp?
  private let descriptor: Int32
  /// How many bytes are read: those that a file had when it was opened, however fast it grows; nil where that is not
  /// known before its end.
  private let size: Int?
  private let isFIFO: Bool

  /// The longest line that is kept; what goes beyond is told and thrown away.
  static let longestLine = EvidenceReader.longestLine
  /// The longest line of a file that is read on. No tool writes lines of so many bytes: it is no text, or has no end.
  static let longestOfAny = 16 << 20
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
      size = nil
      isFIFO = false
      return
    }
    // Without O_NONBLOCK a FIFO that nobody writes to would be waited for for ever.
    descriptor = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
    guard descriptor >= 0 else { throw Failure("\(name): \(String(cString: strerror(errno)))") }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
      close(descriptor)
      throw Failure("\(name): a directory (name the files in it)")
    }
    isFIFO = status.st_mode & S_IFMT == S_IFIFO
    if !isFIFO, let kind = FilePlace.kind(mode: status.st_mode) {
      close(descriptor)
      throw Failure("\(name): \(kind), not a file")
    }
    if isFIFO, !Self.isWritten(descriptor) {
      close(descriptor)
      throw Failure("\(name): a FIFO that nobody writes to")
    }
    // Files of /proc say that they have no bytes.
    size = status.st_size > 0 && !isFIFO ? Int(status.st_size) : nil
    modified = Timestamp(
      microseconds: Int64(status.st_mtim.tv_sec) * 1_000_000 + Int64(status.st_mtim.tv_nsec) / 1000)
  }

  deinit { if descriptor > STDIN_FILENO { close(descriptor) } }

  /// The digest of all bytes as ``lines(_:)`` returns it, without moving on in the file; nil where that cannot be: of
  /// a stream.
  func digest() -> [UInt8]? {
    guard modified != nil, !isFIFO else { return nil }
    var digest = Digest128()
    var offset = 0
    var length = 0
    return withUnsafeTemporaryAllocation(byteCount: Self.chunk, alignment: 16) { room in
      while true {
        let count = pread(descriptor, room.baseAddress, wanted(room.count, after: offset), off_t(offset))
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { return nil }
        if count == 0 { return digest.bytes }
        let bytes = UnsafeRawBufferPointer(rebasing: room[..<count])
        // What is no text is not read to its end for nothing: reading its lines says what is wrong with it.
        length = Self.lastLine(of: bytes, after: length)
        if length > Self.longestOfAny { return nil }
        digest.add(bytes)
        offset += count
      }
    }
  }

  private func wanted(_ room: Int, after offset: Int) -> Int {
    size.map { min(room, max(0, $0 - offset)) } ?? room
  }

  /// How long the line is that goes on after these bytes.
  private static func lastLine(of bytes: UnsafeRawBufferPointer, after length: Int) -> Int {
    guard let end = bytes.lastIndex(of: 0x0A) else { return length + bytes.count }
    return bytes.count - end - 1
  }

  /// Waits a second for somebody to write to a FIFO.
  private static func isWritten(_ descriptor: Int32) -> Bool {
    var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&event, 1, 1000) > 0 && event.revents & Int16(POLLIN) != 0
  }

  /// Reads on; waits for more where others are writing to a FIFO.
  private func read(_ room: UnsafeMutableRawBufferPointer, after offset: Int) throws(Failure) -> Int {
    while true {
      let count = Glibc.read(descriptor, room.baseAddress, wanted(room.count, after: offset))
      if count >= 0 { return count }
      if errno == EAGAIN {
        var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&event, 1, -1)
      } else if errno != EINTR {
        throw Failure("\(name): \(String(cString: strerror(errno)))")
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
    var offset = 0
    var length = 0
    try withUnsafeTemporaryAllocation(byteCount: Self.chunk, alignment: 16) { room in
      while true {
        let count = try read(room, after: offset)
        if count == 0 { break }
        let bytes = UnsafeRawBufferPointer(rebasing: room[..<count])
        digest.add(bytes)
        offset += count
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
        length = Self.lastLine(of: bytes, after: length)
        if length > Self.longestOfAny {
          throw Failure(
            "\(name):\(line.number): a line of more than \(Self.longestOfAny >> 20) MiB: this is no text")
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
