// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CKernelNet
public import ConnCore
import Glibc

/// Hears of every socket of one network namespace that ends: the destroy groups of sock_diag (Linux 4.2 and later).
///
/// It takes no privilege. The kernel sends a message a socket, for as long as somebody listens, and drops it where
/// there is no room: ``receive(into:)`` says so. A refused connection and one in which this end never had a segment end
/// with a remote port of 0.
public final class SocketEndListener {
  private let socket: NetlinkSocket
  private let memory: UnsafeMutableRawBufferPointer
  private let lengths: UnsafeMutableBufferPointer<UInt32>

  /// Bytes of the kernel's memory for messages that wait, as the kernel counts: about 1,300 for each.
  public let capacity: Int

  /// Memory to ask for, which the kernel doubles: for what ends in a second at 25,000 ends a second.
  private static let wantedCapacity: Int32 = 1 << 24
  /// Messages a call, as many as `ckn_receive_batch` takes.
  private static let batch = 64
  /// Bytes for one message, which has 376 on Linux 6.18 and grows with `tcp_info`.
  private static let slot = 1024
  /// Batches after which the caller is let go, though there may be more: 16,384 messages.
  private static let mostBatches = 256

  /// Opens a listener; what ends from now on is heard.
  ///
  /// - Parameter namespaceDescriptor: an open file of another network namespace, such as /proc/PID/ns/net, which takes
  ///   CAP_SYS_ADMIN; it may be closed afterwards. nil for that of the calling thread.
  public convenience init(namespaceDescriptor: Int32? = nil) throws(SocketDiagError) {
    try self.init(namespaceDescriptor: namespaceDescriptor, wantedCapacity: Self.wantedCapacity)
  }

  init(namespaceDescriptor: Int32?, wantedCapacity: Int32) throws(SocketDiagError) {
    let socket = try NetlinkSocket(namespaceDescriptor: namespaceDescriptor)
    // As root more than net.core.rmem_max, else as much as that.
    if !socket.set(SO_RCVBUFFORCE, to: wantedCapacity) { socket.set(SO_RCVBUF, to: wantedCapacity) }
    capacity = Int(socket.number(SO_RCVBUF))
    let refusal = socket.join(
      groups: [
        SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET_UDP_DESTROY, SKNLGRP_INET6_TCP_DESTROY,
        SKNLGRP_INET6_UDP_DESTROY,
      ].map(\.rawValue))
    if refusal != 0 {
      if SocketDiagError.isLasting(refusal) { throw .unavailable(.all, code: refusal) }
      throw .system(call: "bind", code: refusal)
    }
    self.socket = socket
    memory = .allocate(byteCount: Self.batch * Self.slot, alignment: 16)
    lengths = .allocate(capacity: Self.batch)
    lengths.initialize(repeating: 0)
  }

  deinit {
    memory.deallocate()
    lengths.deallocate()
  }

  /// The descriptor to wait with: readable (POLLIN of poll(2)) where there is something to receive.
  public var descriptor: Int32 { socket.descriptor }

  /// Adds what has been heard to `ends`, without waiting.
  ///
  /// A storm may leave some for the next call; the descriptor is readable then.
  /// - Returns: how many were added, and whether others were lost before them or among them: the kernel had no room
  ///   left (ENOBUFS), or what it said cannot be read.
  public func receive(into ends: inout [SocketEnd]) -> (received: Int, overflowed: Bool) {
    let before = ends.count
    var overflowed = false
    for _ in 0..<Self.mostBatches {
      let got = ckn_receive_batch(
        socket.descriptor, memory.baseAddress, UInt32(Self.slot), UInt32(Self.batch), lengths.baseAddress)
      if got < 0 {
        if got == -EAGAIN { break }
        overflowed = true
        // What waited before there was no room is still there.
        if got == -ENOBUFS { continue }
        break
      }
      let boot = KernelClock.boot()
      for index in 0..<Int(got) where lengths[index] > 0 {
        let start = index * Self.slot
        let bytes = UnsafeRawBufferPointer(rebasing: memory[start..<start + Int(lengths[index])])
        var offset = 0
        if let message = NetlinkMessage(bytes, at: &offset), let end = SocketEnd(message, boot: boot) {
          ends.append(end)
        } else {
          overflowed = true
        }
      }
      if got < Self.batch { break }
    }
    return (ends.count - before, overflowed)
  }
}
