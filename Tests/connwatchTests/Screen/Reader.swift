// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc
import Synchronization

/// Reads a descriptor on a thread of its own, until a byte says that it is enough.
final class Reader: Sendable {
  private let descriptor: Int32
  private let bytes = Mutex<[UInt8]>([])
  private let thread = Mutex<pthread_t?>(nil)

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { context in
        Unmanaged<Reader>.fromOpaque(context!).takeRetainedValue().work()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    self.thread.withLock { [thread] in $0 = thread }
  }

  private func work() {
    var block = [UInt8](repeating: 0, count: 4096)
    while true {
      var place = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      poll(&place, 1, -1)
      let length = read(descriptor, &block, block.count)
      if length <= 0 { return }
      bytes.withLock { $0 += block.prefix(length) }
      if block.prefix(length).contains(4) { return }
    }
  }

  /// - Parameter end: writes the byte 4 to what is read.
  func finish(_ end: () -> Void) -> [UInt8] {
    end()
    pthread_join(thread.withLock { $0! }, nil)
    return bytes.withLock { $0 }
  }
}
