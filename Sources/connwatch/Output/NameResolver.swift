// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
@preconcurrency import Glibc
import Synchronization

/// Host names of addresses, for `-r`: looked up on threads of its own and waited for only so long.
///
/// getnameinfo(3) cannot be interrupted. A thread stuck in it is left behind; it ends with its look-up or with the
/// program, and what has not been answered by then is shown as a number.
final class NameResolver: Sendable {
  /// How long all look-ups together are waited for, in microseconds.
  static let patience: Int64 = 2_000_000

  private struct Work: Sendable {
    var asked: Set<IPAddress> = []
    var waiting: [IPAddress] = []
    var running = 0
    var names: [IPAddress: String] = [:]
  }

  private let work = Mutex(Work())
  private let threads: Int
  private let lookUp: @Sendable (IPAddress) -> String?

  /// Makes a resolver that asks the system, or `lookUp` in its place, on at most so many threads.
  init(threads: Int = 8, lookUp: @escaping @Sendable (IPAddress) -> String? = NameResolver.systemName) {
    self.threads = threads
    self.lookUp = lookUp
  }

  /// The names known by now.
  var names: [IPAddress: String] { work.withLock { $0.names } }

  /// Begins to look up the addresses that were not asked for before, and returns at once.
  func request(_ addresses: some Sequence<IPAddress>) {
    let starting = work.withLock { work in
      for address in addresses where !address.isUnspecified && work.asked.insert(address).inserted {
        work.waiting.append(address)
      }
      let starting = max(0, min(threads - work.running, work.waiting.count))
      work.running += starting
      return starting
    }
    for _ in 0..<starting where !startThread() {
      work.withLock { $0.running -= 1 }
    }
  }

  /// Looks the addresses up and returns what is known when all are answered or `patience` is over.
  func resolve(
    _ addresses: some Sequence<IPAddress>, patience: Int64 = NameResolver.patience
  ) -> [IPAddress: String] {
    request(addresses)
    let deadline = Self.monotonicMicroseconds() + patience
    // Polling at 2 ms costs nothing beside a look-up, and needs no condition variable.
    while work.withLock({ $0.running > 0 }), Self.monotonicMicroseconds() < deadline { usleep(2000) }
    return names
  }

  private func startThread() -> Bool {
    var thread = pthread_t()
    let box = Unmanaged.passRetained(self)
    let failed = pthread_create(
      &thread, nil,
      { argument in
        let resolver = Unmanaged<NameResolver>.fromOpaque(argument!).takeRetainedValue()
        resolver.run()
        return nil
      }, box.toOpaque())
    guard failed == 0 else {
      box.release()
      return false
    }
    pthread_detach(thread)
    return true
  }

  /// Looks up until nothing waits.
  private func run() {
    while let address = work.withLock({ work -> IPAddress? in
      if work.waiting.isEmpty { work.running -= 1 }
      return work.waiting.popLast()
    }) {
      guard let name = lookUp(address) else { continue }
      work.withLock { $0.names[address] = name }
    }
  }

  /// The system's name for an address, getnameinfo(3) with NI_NAMEREQD; nil where it has none.
  static func systemName(_ address: IPAddress) -> String? {
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    let result: Int32
    if let v4 = address.v4 {
      var socket = sockaddr_in()
      socket.sin_family = sa_family_t(AF_INET)
      socket.sin_addr.s_addr = v4.bigEndian
      result = withUnsafeBytes(of: &socket) { nameInfo($0, &host) }
    } else {
      var socket = sockaddr_in6()
      socket.sin6_family = sa_family_t(AF_INET6)
      withUnsafeMutableBytes(of: &socket.sin6_addr) { bytes in
        bytes.storeBytes(of: address.high.bigEndian, as: UInt64.self)
        bytes.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
      }
      result = withUnsafeBytes(of: &socket) { nameInfo($0, &host) }
    }
    guard result == 0 else { return nil }
    return String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func nameInfo(_ socket: UnsafeRawBufferPointer, _ host: inout [CChar]) -> Int32 {
    getnameinfo(
      socket.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(socket.count), &host,
      socklen_t(host.count), nil, 0, NI_NAMEREQD)
  }

  private static func monotonicMicroseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
  }
}
