// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc

/// One file of /proc/net, opened anew for each reading.
///
/// Anew, because some kernels (6.6.102–104, 6.12.42–45, 6.14.0) refuse to seek in /proc/net/tcp. The last
/// descriptor is kept, so that a process that has none left can still read the table by seeking.
struct SocketTableFile {
  /// The path.
  let path: String
  /// The descriptor of the last reading, -1 where there is none.
  private var held: Int32 = -1
  /// The table was there once.
  private(set) var wasThere = false
  /// Opens the path, also in another network namespace; tests let it fail.
  private let opening: FileOpening

  /// Why a table could not be read.
  enum Failure: Error, Equatable {
    /// There is no such file.
    case missing
    /// What the system said: an errno value.
    case system(Int32)
  }

  init(path: String, opening: @escaping FileOpening) {
    self.path = path
    self.opening = opening
  }

  /// Adds the whole table to `buffer`.
  ///
  /// On a failure the buffer may hold part of it.
  mutating func read(into buffer: ReadBuffer) throws(Failure) {
    var descriptor: Int32
    repeat { descriptor = opening(path) } while descriptor < 0 && errno == EINTR
    if descriptor >= 0 {
      close()
      held = descriptor
    } else {
      let cause = errno
      if cause == ENOENT { throw .missing }
      guard cause == EMFILE || cause == ENFILE, held >= 0, lseek(held, 0, SEEK_SET) == 0 else {
        throw .system(cause)
      }
    }
    wasThere = true
    try Self.readAll(held, into: buffer)
  }

  /// Gives the descriptor back.
  mutating func close() {
    if held >= 0 { _ = Glibc.close(held) }
    held = -1
  }

  /// Reads to the end of a table.
  ///
  /// The read that would return 0 makes the kernel walk the table once more, and when the table has changed it
  /// gives rows a second time. So in /proc a read that leaves room for another row on the kernel's one page of
  /// text is taken for the last one; anything else is read until there is no more.
  private static func readAll(_ descriptor: Int32, into buffer: ReadBuffer) throws(Failure) {
    let page = max(Int(sysconf(Int32(_SC_PAGESIZE))), 4096)
    let isProc = isProcFile(descriptor)
    let start = buffer.count
    while true {
      let room = buffer.room(atLeast: 4 * page)
      let got = Glibc.read(descriptor, room.baseAddress, room.count)
      if got < 0 {
        if errno == EINTR { continue }
        throw .system(errno)
      }
      if got == 0 { return }
      buffer.count += got
      if isProc, got < page - 512, buffer.count > start, buffer.last == 0x0A { return }
    }
  }

  /// True for a file made by procfs, wherever it is mounted: regular, of size 0 and with blocks of 1,024 bytes
  /// (fs/proc/root.c). statfs(2) would say it outright, but Swift cannot call it.
  ///
  /// A file of another kind that looks the same is read with the short cut too; one of procfs that does not
  /// look like it would merely be read to the end.
  private static func isProcFile(_ descriptor: Int32) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_size == 0
      && status.st_blksize == 1024
  }
}

/// Bytes that are read into and read again for the next sample, without being cleared in between.
final class ReadBuffer {
  private var memory: UnsafeMutableRawBufferPointer
  /// How many bytes hold something.
  var count = 0

  /// What is kept between samples; the rest of the memory goes back to the system.
  private static let kept = 1 << 16

  init() { memory = Self.map(Self.kept) }

  deinit { munmap(memory.baseAddress, memory.count) }

  /// Fresh pages, which cost nothing until they are written to.
  private static func map(_ size: Int) -> UnsafeMutableRawBufferPointer {
    let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    precondition(start != MAP_FAILED, "out of memory")
    return UnsafeMutableRawBufferPointer(start: start, count: size)
  }

  /// Forgets what was read. Large tables take megabytes, and a recorder reads for a fraction of each second.
  func empty() {
    count = 0
    guard memory.count > Self.kept else { return }
    madvise(memory.baseAddress! + Self.kept, memory.count - Self.kept, MADV_DONTNEED)
  }

  /// What has been read.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

  /// The last byte that was read.
  var last: UInt8? { bytes.last }

  /// Free room behind what has been read, made larger where there is too little.
  func room(atLeast least: Int) -> UnsafeMutableRawBufferPointer {
    if memory.count - count < least {
      let larger = Self.map(max(2 * memory.count, (count + least + Self.kept) / Self.kept * Self.kept))
      larger.copyMemory(from: bytes)
      munmap(memory.baseAddress, memory.count)
      memory = larger
    }
    return UnsafeMutableRawBufferPointer(rebasing: memory[count...])
  }
}
