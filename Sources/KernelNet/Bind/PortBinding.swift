// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore
import Glibc

/// Asks the kernel of a port by binding a socket to it, which no table is asked for: bind(2) refuses with EADDRINUSE what
/// another socket has.
///
/// A socket is bound to all addresses of its family, without SO_REUSEADDR, and closed at once. For that moment the port
/// is taken: a program that binds it just then is refused.
public enum PortBinding {
  /// What came of an attempt.
  public enum Answer: UInt8, Hashable, Sendable {
    /// It could be bound: nobody has it.
    case free
    /// Another socket has it (EADDRINUSE).
    case held
    /// It takes a privilege to bind it (EACCES).
    case refused
    /// It could not be tried: no such family here, no descriptor left.
    case untried
  }

  /// Tries every port of a transport, in both families: for each table the answers from port 1 on.
  ///
  /// One socket of both families finds most ports free in one go, which is half of the work; a family is asked by
  /// itself only where that one was refused.
  public static func attemptAll(_ transport: Transport) -> [Proto: [Answer]] {
    let (four, six): (Proto, Proto) = transport == .tcp ? (.tcp, .tcp6) : (.udp, .udp6)
    let takesBoth = makesDualSockets(six)
    var fours: [Answer] = []
    var sixes: [Answer] = []
    for port in 1...UInt16.max {
      if takesBoth, isFree(port, six, isV6Only: nil) {
        fours.append(.free)
        sixes.append(.free)
      } else {
        fours.append(attempt(four, port))
        sixes.append(attempt(six, port))
      }
    }
    return [four: fours, six: sixes]
  }

  /// True where a socket of IPv6 takes IPv4 too unless it is told not to (net.ipv6.bindv6only).
  private static func makesDualSockets(_ proto: Proto) -> Bool {
    let descriptor = open(proto, isV6Only: nil)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var isV6Only: Int32 = 1
    var size = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &isV6Only, &size) == 0 && isV6Only == 0
  }

  private static func isFree(_ port: UInt16, _ proto: Proto, isV6Only: Bool?) -> Bool {
    let descriptor = open(proto, isV6Only: isV6Only)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return bind(descriptor, proto, port)
  }

  /// Tries one port.
  public static func attempt(_ proto: Proto, _ port: UInt16) -> Answer {
    let descriptor = open(proto)
    guard descriptor >= 0 else { return .untried }
    defer { close(descriptor) }
    if bind(descriptor, proto, port) { return .free }
    switch errno {
    case EADDRINUSE: return .held
    case EACCES, EPERM: return .refused
    default: return .untried
    }
  }

  /// A socket that is bound to a port of the kernel's choice and does nothing else, for as long as `body` runs with the
  /// port; nil where there can be none.
  public static func withBoundSocket<Result, Failure: Error>(
    _ proto: Proto, _ body: (UInt16) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    let descriptor = open(proto)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    guard bind(descriptor, proto, 0), let port = port(of: descriptor) else { return nil }
    return try body(port)
  }

  /// - Parameter isV6Only: nil leaves a socket of IPv6 as it is made.
  private static func open(_ proto: Proto, isV6Only: Bool? = true) -> Int32 {
    let kind =
      Int32((proto.transport == .tcp ? SOCK_STREAM : SOCK_DGRAM).rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(proto.isV6 ? AF_INET6 : AF_INET, kind, 0)
    if descriptor >= 0, proto.isV6, let isV6Only {
      var yes: Int32 = isV6Only ? 1 : 0
      // What is of IPv4 is asked by a socket of IPv4.
      setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }
    return descriptor
  }

  private static func bind(_ descriptor: Int32, _ proto: Proto, _ port: UInt16) -> Bool {
    func bind(_ pointer: UnsafeRawPointer, _ size: Int) -> Bool {
      Glibc.bind(descriptor, pointer.assumingMemoryBound(to: sockaddr.self), socklen_t(size)) == 0
    }
    if proto.isV6 {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = port.bigEndian
      return bind(&address, MemoryLayout<sockaddr_in6>.size)
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    return bind(&address, MemoryLayout<sockaddr_in>.size)
  }

  /// The local port of a socket: at the same place of both families' addresses.
  private static func port(of descriptor: Int32) -> UInt16? {
    var address = sockaddr_in6()
    var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let isKnown = withUnsafeMutableBytes(of: &address) {
      getsockname(descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), &size) == 0
    }
    return isKnown ? UInt16(bigEndian: address.sin6_port) : nil
  }
}
