// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CKernelNet
import ConnCore
import Glibc

/// What is asked of the kernel: the sockets of one transport, of one family or both.
struct DiagRequest {
  /// The tables it asks for, all of one transport.
  var protos: ProtoSet
  /// The states that are shown.
  var states: StateSet
  var wantsTraffic = false
  /// TCP sockets that are bound and neither listen nor are connected, too: the kernel tells of them since 6.8, as of a
  /// state that they never are in (TCPF_BOUND_INACTIVE), and /proc never.
  var wantsBoundInactive = false
  /// A program that picks sockets (INET_DIAG_REQ_BYTECODE); empty picks all.
  var bytecode: [UInt8] = []

  var transport: Transport { protos.isDisjoint(with: .tcpTables) ? .udp : .tcp }

  /// One bit a state, by the kernel's numbers.
  var stateMask: UInt32 { states.kernelMask(transport) | (wantsBoundInactive ? 1 << 13 : 0) }

  /// True where both families come of one walk along the table, in half the time: `struct inet_diag_req`, the request
  /// of old, has no family. There is none of that kind for UDP.
  var asksBothFamilies: Bool { protos == .tcpTables }

  /// The message, header included.
  func message(sequence: UInt32) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(96 + bytecode.count)
    func add<Number: FixedWidthInteger>(_ number: Number) {
      withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) }
    }
    let structure = asksBothFamilies ? 60 : 56
    let attribute = bytecode.isEmpty ? 0 : 4 + bytecode.count
    add(UInt32(NetlinkMessage.headerSize + structure + attribute))
    add(UInt16(asksBothFamilies ? TCPDIAG_GETSOCK : SOCK_DIAG_BY_FAMILY))
    add(UInt16(NLM_F_REQUEST | NLM_F_DUMP))
    add(sequence)
    add(UInt32(0))

    let extensions = wantsTraffic ? UInt8(1) << (UInt8(INET_DIAG_INFO) - 1) : 0
    let socket = [UInt8](repeating: 0, count: 48)
    if asksBothFamilies {
      // Family, two lengths of prefixes, which dumps do not look at, and the extensions.
      bytes += [0, 0, 0, extensions]
      bytes += socket
      add(stateMask)
      add(UInt32(0))
    } else {
      let isV6 = !protos.isDisjoint(with: .v6Tables)
      let number = transport == .tcp ? Int32(IPPROTO_TCP) : Int32(IPPROTO_UDP)
      bytes += [UInt8(isV6 ? AF_INET6 : AF_INET), UInt8(number), extensions, 0]
      add(stateMask)
      bytes += socket
    }
    if !bytecode.isEmpty {
      add(UInt16(attribute))
      add(UInt16(INET_DIAG_REQ_BYTECODE))
      bytes += bytecode
    }
    return bytes
  }
}

extension StateSet {
  /// The set with the kernel's numbers: one bit a state of include/net/tcp_states.h.
  func kernelMask(_ transport: Transport) -> UInt32 {
    var mask = UInt32(rawValue & 0x7FF) << 1
    // 7 is CLOSE for one and UNCONN for the other.
    if transport == .udp {
      mask &= ~(1 << 7)
      if contains(.unconnected) { mask |= 1 << 7 }
    }
    if contains(.synReceived) { mask |= 1 << 12 }
    // 13 is what is bound and does not listen, which is in no table of /proc.
    if contains(.unknown(0)) { mask |= ~0 << 14 }
    return mask
  }
}
