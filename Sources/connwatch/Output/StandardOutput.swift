// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc

/// Why output could not be written.
enum OutputError: Error, Equatable, CustomStringConvertible {
  /// Nobody reads any more (EPIPE). Not a failure: the program ends quietly with status 0.
  case brokenPipe
  /// write(2) failed with this errno.
  case failed(errno: Int32)

  var description: String {
    switch self {
    case .brokenPipe: "standard output: " + String(cString: strerror(EPIPE))
    case .failed(let number): "standard output: " + String(cString: strerror(number))
    }
  }
}

/// Everything that goes to standard output: gathered in 64 KiB, written with write(2), every failure told.
final class StandardOutput {
  /// What is written at a time.
  static let chunk = 65_536

  /// True once the reader has gone: nothing is written any more.
  private(set) var isBroken = false
  /// What has been written, for an output that only collects.
  private(set) var collected: [UInt8] = []
  private let descriptor: Int32?
  private var pending = ByteBuffer()

  /// Writes to a descriptor.
  init(descriptor: Int32) { self.descriptor = descriptor }

  private init() { descriptor = nil }

  /// The process's standard output. From here on a write to a closed pipe is an error, not a signal.
  static func standard() -> StandardOutput {
    signal(SIGPIPE, SIG_IGN)
    return StandardOutput(descriptor: STDOUT_FILENO)
  }

  /// An output that keeps everything in ``collected``: screens that are drawn whole, and tests.
  static func collecting() -> StandardOutput { StandardOutput() }

  /// Writes text as it is: the caller has escaped it.
  func write(_ text: String) throws(OutputError) {
    pending.append(raw: text)
    if pending.count >= Self.chunk { try flush() }
  }

  /// Writes what is in the buffer after what is pending, at once if it is a chunk or more; empties the buffer.
  func write(_ bytes: inout ByteBuffer) throws(OutputError) {
    defer { bytes.removeAll() }
    if pending.count + bytes.count < Self.chunk {
      pending.append(bytes.bytes)
      return
    }
    try flush()
    try writeOut(bytes.bytes)
  }

  /// Writes what is pending. Called at the end, or the last rows and their errors are lost.
  func flush() throws(OutputError) {
    // After an error the rest is dropped: a second attempt would tear a line.
    defer { pending.removeAll() }
    try writeOut(pending.bytes)
  }

  private func writeOut(_ bytes: UnsafeBufferPointer<UInt8>) throws(OutputError) {
    if bytes.isEmpty { return }
    if isBroken { throw .brokenPipe }
    guard let descriptor else {
      collected.append(contentsOf: bytes)
      return
    }
    var done = 0
    while done < bytes.count {
      let written = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      if written >= 0 {
        done += written
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        // Somebody made the terminal or pipe non-blocking: wait until it takes more.
        var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&wait, 1, -1)
      case EPIPE:
        isBroken = true
        throw .brokenPipe
      case let error:
        throw .failed(errno: error)
      }
    }
  }
}
