// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CKernelNet
import ConnCore
import Glibc

/// Writes a condition as a program of `struct inet_diag_bc_op` (linux/inet_diag.h).
///
/// An operation is a comparison with its values: where it holds the kernel goes on `yes` bytes further, else `no` bytes.
/// It lets a socket through that arrives exactly at the end, and drops one that arrives 4 bytes behind it. It refuses
/// programs (inet_diag_bc_audit) in which following `yes` from the beginning does not lead past every operation: so
/// `yes` is always the operation's own length, and only `no` jumps.
struct DiagAssembler {
  /// A place in the program, known once it has been reached.
  private typealias Label = Int

  private var bytes: [UInt8] = []
  private var places: [Int] = []
  /// Where a `no` is to be written, and the place it leads to.
  private var jumps: [(operation: Int, label: Label)] = []

  /// The longest program that is given to the kernel, whose `no` has 16 bits.
  private static let longest = 1 << 15

  /// The program; empty where it lets everything through, or would be too long.
  static func assemble(_ condition: DiagCondition) -> [UInt8] {
    if condition == .pass { return [] }
    var assembler = DiagAssembler()
    let reject = assembler.label()
    assembler.add(condition, otherwise: reject)
    assembler.places[reject] = assembler.bytes.count + 4
    guard assembler.bytes.count <= longest else { return [] }
    for jump in assembler.jumps {
      assembler.write(UInt16(assembler.places[jump.label] - jump.operation), at: jump.operation + 2)
    }
    return assembler.bytes
  }

  private mutating func label() -> Label {
    places.append(0)
    return places.count - 1
  }

  private mutating func place(_ label: Label) { places[label] = bytes.count }

  /// Adds what goes on behind itself where `condition` holds, and at `otherwise` where not.
  private mutating func add(_ condition: DiagCondition, otherwise: Label) {
    switch condition {
    case .all(let terms):
      for term in terms { add(term, otherwise: otherwise) }
    case .any(let terms):
      guard let last = terms.last else { return jump(to: otherwise) }
      let end = label()
      for term in terms.dropLast() {
        let next = label()
        add(term, otherwise: next)
        jump(to: end)
        place(next)
      }
      add(last, otherwise: otherwise)
      place(end)
    case .test(let comparison): add(comparison, otherwise: otherwise)
    case .not(let comparison):
      let next = label()
      add(comparison, otherwise: next)
      jump(to: otherwise)
      place(next)
    }
  }

  private mutating func jump(to label: Label) { operation(INET_DIAG_BC_JMP, size: 4, otherwise: label) }

  private mutating func add(_ comparison: DiagComparison, otherwise: Label) {
    switch comparison {
    case .portAtLeast(let port, let isRemote):
      operation(isRemote ? INET_DIAG_BC_D_GE : INET_DIAG_BC_S_GE, size: 8, otherwise: otherwise)
      add(port)
    case .portAtMost(let port, let isRemote):
      operation(isRemote ? INET_DIAG_BC_D_LE : INET_DIAG_BC_S_LE, size: 8, otherwise: otherwise)
      add(port)
    case .address(let address, let prefix, let isV6, let isRemote):
      operation(
        isRemote ? INET_DIAG_BC_D_COND : INET_DIAG_BC_S_COND, size: isV6 ? 28 : 16, otherwise: otherwise)
      // struct inet_diag_hostcond: the family, the prefix, two bytes unused, and any port.
      bytes += [UInt8(isV6 ? AF_INET6 : AF_INET), UInt8(prefix), 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]
      if isV6 { withUnsafeBytes(of: address.high.bigEndian) { bytes.append(contentsOf: $0) } }
      withUnsafeBytes(of: address.low.bigEndian) { bytes.append(contentsOf: $0.suffix(isV6 ? 8 : 4)) }
    }
  }

  /// The port of a comparison is the `no` of a second operation, in the host's byte order.
  private mutating func add(_ port: UInt16) {
    bytes += [0, 0, 0, 0]
    write(port, at: bytes.count - 2)
  }

  private mutating func operation(_ code: Int, size: UInt8, otherwise: Label) {
    jumps.append((bytes.count, otherwise))
    bytes += [UInt8(code), size, 0, 0]
  }

  private mutating func write(_ number: UInt16, at offset: Int) {
    withUnsafeBytes(of: number) { bytes.replaceSubrange(offset..<offset + 2, with: $0) }
  }
}
