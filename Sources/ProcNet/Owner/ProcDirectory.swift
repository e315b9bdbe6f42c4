// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The error number of a system call that failed: errno(3).
struct SystemCallError: Error, Equatable {
  /// The number, such as ENOENT.
  let number: CInt

  /// The process or file is gone, as happens to processes while they are listed.
  var isVanished: Bool { number == ENOENT || number == ESRCH || number == ENOTDIR }
  /// It is there and may not be read. `hidepid=1` gives EPERM where a mode bit gives EACCES.
  var isRefused: Bool { number == EACCES || number == EPERM }
}

/// A directory under /proc, open for reading its entries and files below it.
///
/// A descriptor of a process's directory stays with that process: when it ends, everything below answers ESRCH
/// or ENOENT, even after the pid was given to another one.
struct ProcDirectory: ~Copyable {
  /// An entry: its number, or -1 where the name is not a decimal number, and the inode of the entry itself.
  struct Entry {
    var number: Int
    var inode: UInt64
    /// The name, NUL-terminated, until the next entry is read.
    var name: UnsafePointer<CChar>
  }

  private let stream: OpaquePointer
  /// The descriptor, for openat(2) and readlinkat(2).
  let descriptor: CInt

  /// Opens a directory with openat(2); AT_FDCWD for a path of its own.
  init(_ path: UnsafePointer<CChar>, at directory: CInt = AT_FDCWD) throws(SystemCallError) {
    var opened: CInt
    repeat {
      opened = openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    } while opened < 0 && errno == EINTR
    guard opened >= 0 else { throw SystemCallError(number: errno) }
    guard let stream = fdopendir(opened) else {
      let number = errno
      close(opened)
      throw SystemCallError(number: number)
    }
    self.stream = stream
    descriptor = opened
  }

  deinit { closedir(stream) }

  /// True where this is the root of the kernel's /proc, by its inode (PROC_ROOT_INO of the kernel's proc_ns.h).
  ///
  /// That of a tmpfs has the same, and sizes that promise more entries than there are, which does no harm.
  var isRealProc: Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_ino == 1
  }

  /// Its size by fstat(2).
  var size: Int {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  /// The next entry that is named by a number, nil at the end. Others are passed over.
  @inline(__always)
  borrowing func nextNumbered() throws(SystemCallError) -> Entry? {
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        // readdir(3) gives no entry at the end and on failure alike.
        if errno != 0 { throw SystemCallError(number: errno) }
        return nil
      }
      // By its offset: the name is imported as a tuple, which would be copied.
      let name = UnsafeRawPointer(entry).advanced(by: 19).assumingMemoryBound(to: CChar.self)
      let number = Self.number(name)
      if number >= 0 { return Entry(number: number, inode: UInt64(entry.pointee.d_ino), name: name) }
    }
  }

  /// The value of a decimal name without sign or leading zeros, -1 for any other.
  @inline(__always)
  static func number(_ name: UnsafePointer<CChar>) -> Int {
    if name[0] == 0 || (name[0] == 48 && name[1] != 0) { return -1 }
    var value = 0
    var index = 0
    while name[index] != 0 {
      let digit = Int(name[index]) - 48
      // No pid or descriptor has more than ten digits.
      guard digit >= 0, digit < 10, index < 10 else { return -1 }
      value = value * 10 + digit
      index += 1
    }
    return value
  }
}

/// The size of a file below a directory by fstatat(2), 0 where it cannot be had.
func fileSize(_ path: UnsafePointer<CChar>, at directory: CInt) -> Int {
  var status = stat()
  return fstatat(directory, path, &status, 0) == 0 ? Int(status.st_size) : 0
}

/// A number as a NUL-terminated name, counted up in place.
struct DecimalName {
  // Right-aligned: twelve digits, of which the last `count` are in use, and a NUL.
  private var bytes: InlineArray<13, CChar>
  private var count: Int

  /// Makes the name of a number.
  init(_ number: UInt32 = 0) {
    bytes = InlineArray(repeating: 48)
    bytes[12] = 0
    var rest = number
    var place = 11
    while rest > 0 {
      bytes[place] = CChar(48 + rest % 10)
      rest /= 10
      place -= 1
    }
    count = max(1, 11 - place)
  }

  /// Adds 1.
  mutating func increment() {
    var place = 11
    while place > 1, bytes[place] == 57 {
      bytes[place] = 48
      place -= 1
    }
    bytes[place] += 1
    count = max(count, 12 - place)
  }

  /// Calls `body` with the name.
  @inline(__always)
  func withPointer<Result>(
    _ body: (UnsafePointer<CChar>) throws(SystemCallError) -> Result
  ) throws(SystemCallError) -> Result {
    try bytes.span.withUnsafeBufferPointer { buffer throws(SystemCallError) in
      guard let base = buffer.baseAddress else { throw SystemCallError(number: EINVAL) }
      return try body(base + (12 - count))
    }
  }
}

/// Small files under a directory of /proc, read into one buffer.
struct ProcFileBuffer: ~Copyable {
  private let buffer: UnsafeMutableBufferPointer<UInt8>

  /// Makes a buffer; what is longer is cut.
  init(capacity: Int = 16_384) {
    buffer = .allocate(capacity: capacity)
  }

  deinit { buffer.deallocate() }

  /// Reads a file from its start and hands its bytes to `body`.
  mutating func read<Result>(
    _ path: UnsafePointer<CChar>, at directory: CInt, _ body: (Span<UInt8>) -> Result
  ) throws(SystemCallError) -> Result {
    var file: CInt
    repeat {
      file = openat(directory, path, O_RDONLY | O_CLOEXEC)
    } while file < 0 && errno == EINTR
    guard file >= 0 else { throw SystemCallError(number: errno) }
    defer { close(file) }
    var count = 0
    while count < buffer.count, let base = buffer.baseAddress {
      let got = Glibc.read(file, base + count, buffer.count - count)
      if got > 0 {
        count += got
      } else if got == 0 {
        break
      } else if errno != EINTR {
        throw SystemCallError(number: errno)
      }
    }
    return body(UnsafeBufferPointer(rebasing: buffer[0..<count]).span)
  }

  /// Reads where a symbolic link points to and hands its bytes to `body`.
  mutating func readLink<Result>(
    _ path: UnsafePointer<CChar>, at directory: CInt, _ body: (Span<UInt8>) -> Result
  ) throws(SystemCallError) -> Result {
    guard let base = buffer.baseAddress else { throw SystemCallError(number: ENOMEM) }
    let got = base.withMemoryRebound(to: CChar.self, capacity: buffer.count) {
      readlinkat(directory, path, $0, buffer.count)
    }
    guard got >= 0 else { throw SystemCallError(number: errno) }
    return body(UnsafeBufferPointer(rebasing: buffer[0..<got]).span)
  }
}

/// Calls `body` with the path `PID/NAME`, written on the stack.
///
/// - Parameter name: at most 12 ASCII characters.
func withPath<Result: ~Copyable>(
  _ pid: Int32, _ name: StaticString,
  _ body: (UnsafePointer<CChar>) throws(SystemCallError) -> Result
) throws(SystemCallError) -> Result {
  // Ten digits, a slash, the name and a NUL.
  var path = InlineArray<24, CChar>(repeating: 0)
  var digits = 1
  var rest = pid
  while rest >= 10 {
    rest /= 10
    digits += 1
  }
  rest = pid
  for index in stride(from: digits - 1, through: 0, by: -1) {
    path[index] = CChar(48 + rest % 10)
    rest /= 10
  }
  path[digits] = CChar(47)
  for index in 0..<name.utf8CodeUnitCount {
    path[digits + 1 + index] = CChar(bitPattern: name.utf8Start[index])
  }
  return try path.span.withUnsafeBufferPointer { buffer throws(SystemCallError) in
    guard let base = buffer.baseAddress else { throw SystemCallError(number: EINVAL) }
    return try body(base)
  }
}
