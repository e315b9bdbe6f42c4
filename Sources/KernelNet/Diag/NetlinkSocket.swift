// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CKernelNet
import ConnCore
import Glibc

/// A socket that speaks sock_diag, in one network namespace for all its life.
struct NetlinkSocket: ~Copyable {
  let descriptor: Int32

  /// Opens it in the namespace of a descriptor, or in that of the calling thread.
  init(namespaceDescriptor: Int32?) throws(SocketDiagError) {
    let made = ckn_netlink_socket(namespaceDescriptor ?? -1, NETLINK_SOCK_DIAG)
    guard made.descriptor >= 0 else {
      if made.at_namespace != 0 { throw .namespace(code: made.error) }
      if SocketDiagError.isLasting(made.error) { throw .unavailable(.all, code: made.error) }
      throw .system(call: "socket", code: made.error)
    }
    descriptor = made.descriptor
  }

  deinit { close(descriptor) }

  /// Sends one message; gives an errno value, 0 where it was sent.
  func send(_ message: [UInt8]) -> Int32 {
    while Glibc.send(descriptor, message, message.count, 0) < 0 {
      if errno != EINTR { return errno }
    }
    return 0
  }

  /// Sets an option of SOL_SOCKET that is a number; true where that was allowed.
  @discardableResult
  func set(_ option: Int32, to value: Int32) -> Bool {
    var value = value
    return setsockopt(descriptor, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
  }

  /// Reads an option of SOL_SOCKET that is a number; 0 where it cannot be read.
  func number(_ option: Int32) -> Int32 {
    var value: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(descriptor, SOL_SOCKET, option, &value, &size)
    return value
  }

  /// Joins groups of at most 32, which makes the kernel load the module that speaks to them; gives an errno value, 0
  /// where it did.
  func join(groups: [UInt32]) -> Int32 {
    var address = sockaddr_nl()
    address.nl_family = sa_family_t(AF_NETLINK)
    for group in groups { address.nl_groups |= 1 << (group - 1) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
      }
    }
    return result == 0 ? 0 : errno
  }

  /// Waits at most so long for a message.
  func limitWaiting(seconds: Int) {
    var time = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
  }
}
