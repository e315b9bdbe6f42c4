// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc
import Testing

/// Sockets of this process, to be found again in what the kernel says.
final class DiagSockets {
  /// Descriptors; closed at the end, those that are still open.
  private(set) var descriptors: [Int32] = []

  deinit { for descriptor in descriptors { close(descriptor) } }

  struct Failure: Error { var code: Int32 }

  /// Makes a socket bound to loopback or to any address, on a port of the kernel's choice.
  func socket(_ family: Int32, _ type: __socket_type, any: Bool = false) throws -> Int32 {
    let made = Glibc.socket(family, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard made >= 0 else { throw Failure(code: errno) }
    descriptors.append(made)
    var result: Int32
    if family == AF_INET6 {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_addr = any ? in6addr_any : in6addr_loopback
      result = Self.withAddress(&address) { bind(made, $0, $1) }
    } else {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(any ? 0 : 0x7F00_0001).bigEndian
      result = Self.withAddress(&address) { bind(made, $0, $1) }
    }
    guard result == 0 else { throw Failure(code: errno) }
    return made
  }

  /// Connects to a port of IPv4's loopback.
  func connect(_ descriptor: Int32, port: UInt16) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    guard Self.withAddress(&address, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
      throw Failure(code: errno)
    }
  }

  /// A listener of IPv4, and both ends of a connection through it.
  func listen(_ family: Int32 = AF_INET, any: Bool = false) throws -> Int32 {
    let listener = try socket(family, SOCK_STREAM, any: any)
    guard Glibc.listen(listener, 16) == 0 else { throw Failure(code: errno) }
    return listener
  }

  func pair(_ listener: Int32) throws -> (client: Int32, server: Int32) {
    let client = try socket(AF_INET, SOCK_STREAM)
    try connect(client, port: Self.port(listener))
    let server = accept(listener, nil, nil)
    guard server >= 0 else { throw Failure(code: errno) }
    descriptors.append(server)
    return (client, server)
  }

  /// Closes a socket before the end.
  func end(_ descriptor: Int32) {
    close(descriptor)
    descriptors.removeAll { $0 == descriptor }
  }

  /// The port of a socket's own end.
  static func port(_ descriptor: Int32) -> UInt16 {
    var address = sockaddr_in6()
    var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
    // The port is at the same place for both families.
    _ = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
    }
    return UInt16(bigEndian: address.sin6_port)
  }

  static func inode(_ descriptor: Int32) -> UInt64 {
    var status = stat()
    fstat(descriptor, &status)
    return UInt64(status.st_ino)
  }

  /// SO_COOKIE, socket(7).
  static func cookie(_ descriptor: Int32) -> UInt64 {
    var cookie: UInt64 = 0
    var size = socklen_t(8)
    getsockopt(descriptor, SOL_SOCKET, 57, &cookie, &size)
    return cookie
  }

  private static func withAddress<Address>(
    _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<Address>.size))
      }
    }
  }
}

/// A network namespace with nothing in it, kept by its descriptor alone; nil where it cannot be made.
func emptyNetworkNamespace() -> Int32? {
  let place = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
  defer { place.deallocate() }
  place.initialize(to: -1)
  var thread = pthread_t()
  let error = pthread_create(
    &thread, nil,
    { place in
      // unshare(CLONE_NEWNET), which Glibc's module leaves out.
      typealias Unshare = @convention(c) (Int32) -> Int32
      guard let unshare = dlsym(nil, "unshare"), unsafeBitCast(unshare, to: Unshare.self)(0x4000_0000) == 0
      else { return nil }
      place?.assumingMemoryBound(to: Int32.self).pointee =
        open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
      return nil
    }, place)
  guard error == 0 else { return nil }
  pthread_join(thread, nil)
  return place.pointee < 0 ? nil : place.pointee
}
