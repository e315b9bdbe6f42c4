// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

@testable import KernelNet

/// The kernel's side of a program that picks sockets: what it accepts, and whom it lets through.
///
/// Written from the rules of net/ipv4/inet_diag.c for the operations that are used here.
struct DiagBytecode {
  let bytes: [UInt8]

  private func half(_ offset: Int) -> Int { bytes.withUnsafeBytes { Int($0.host16(offset)) } }

  /// Why the kernel refuses it, nil where it does not: inet_diag_bc_audit.
  var complaint: String? {
    if bytes.count < 4 { return "shorter than an operation" }
    var at = 0
    while at < bytes.count {
      let rest = bytes.count - at
      if rest < 4 { return "a piece of an operation at \(at)" }
      let (code, yes, no) = (bytes[at], Int(bytes[at + 1]), half(at + 2))
      var least = 4
      switch code {
      case 1: break
      case 2...5: least = 8
      case 7, 8:
        guard rest >= 12 else { return "no host at \(at)" }
        let (family, prefix) = (bytes[at + 4], Int(bytes[at + 5]))
        guard family == 2 || family == 10 else { return "family at \(at)" }
        least = family == 2 ? 16 : 28
        if prefix > (family == 2 ? 32 : 128) { return "prefix at \(at)" }
      default: return "operation \(code) at \(at)"
      }
      if rest < least { return "values behind the end at \(at)" }
      if no < least || no > rest + 4 || no % 4 != 0 { return "no at \(at)" }
      if no < rest, !isReached(at + no) { return "no into the middle of an operation at \(at)" }
      if yes < least || yes > rest + 4 || yes % 4 != 0 { return "yes at \(at)" }
      at += yes
    }
    return at == bytes.count ? nil : "yes behind the end"
  }

  /// True where following `yes` from the beginning comes by: valid_cc.
  private func isReached(_ place: Int) -> Bool {
    var at = 0
    while at < place { at += Int(bytes[at + 1]) }
    return at == place
  }

  /// True where a socket gets through: inet_diag_bc_run.
  func accepts(_ row: SocketRow) -> Bool {
    var at = 0
    while at < bytes.count {
      let yes =
        switch bytes[at] {
        case 2: Int(row.local.port) >= half(at + 6)
        case 3: Int(row.local.port) <= half(at + 6)
        case 4: Int(row.remote.port) >= half(at + 6)
        case 5: Int(row.remote.port) <= half(at + 6)
        case 7: hasAddress(row.local.address, row.proto.isV6, at + 4)
        case 8: hasAddress(row.remote.address, row.proto.isV6, at + 4)
        // A jump always takes its `no`.
        default: false
        }
      at += yes ? Int(bytes[at + 1]) : half(at + 2)
    }
    return at == bytes.count
  }

  private func hasAddress(_ address: IPAddress, _ isV6: Bool, _ condition: Int) -> Bool {
    let wantsV6 = bytes[condition] == 10
    let words = [address.high >> 32, address.high, address.low >> 32, address.low]
      .map { UInt32(truncatingIfNeeded: $0) }
    var entry = isV6 ? words : [words[3]]
    if wantsV6 != isV6 {
      guard isV6, entry[0] == 0, entry[1] == 0, entry[2] == 0xFFFF else { return false }
      entry = [entry[3]]
    }
    return (0..<Int(bytes[condition + 1])).allSatisfy { bit in
      let wanted = bytes[condition + 8 + bit / 8] >> UInt8(7 - bit % 8) & 1
      return entry[bit / 32] >> UInt32(31 - bit % 32) & 1 == UInt32(wanted)
    }
  }
}
