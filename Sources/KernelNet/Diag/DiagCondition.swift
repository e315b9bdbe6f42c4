// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc

/// One comparison that the kernel can make.
enum DiagComparison: Hashable {
  /// The local or the remote port is at least so much.
  case portAtLeast(UInt16, isRemote: Bool)
  /// The local or the remote port is at most so much.
  case portAtMost(UInt16, isRemote: Bool)
  /// The address begins with these bits. As in the kernel, a v4-mapped address of an IPv6 socket is in blocks of
  /// either family, and the address of an IPv4 socket in those of IPv4 alone.
  case address(IPAddress, prefix: Int, isV6: Bool, isRemote: Bool)
}

/// A filter in terms of what the kernel can compare.
indirect enum DiagCondition: Hashable {
  case all([DiagCondition])
  case any([DiagCondition])
  case test(DiagComparison)
  case not(DiagComparison)

  /// Lets everything through.
  static let pass = DiagCondition.all([])

  /// The narrowest condition that is true wherever `expression` is.
  init(superset expression: FilterExpression) {
    switch expression {
    case .all(let terms):
      self = .all(terms.map { Self(superset: $0) }.filter { $0 != .pass })
    case .any(let terms):
      let terms = terms.map { Self(superset: $0) }
      self = terms.contains(.pass) ? .pass : .any(terms)
    case .test(.service(let ports)): self = Self.ports(ports.tcp + ports.udp)
    case .test(let test): self = Self.exact(test) ?? .pass
    // Only what is exact can be turned round.
    case .not(let test): self = Self.exact(test)?.negated() ?? .pass
    }
  }

  /// Services that are compared one by one; more of them are left to the filter itself.
  private static let mostServices = 32

  /// Either end has one of these ports, whichever is the service.
  private static func ports(_ ports: [UInt16]) -> DiagCondition {
    if ports.count > mostServices { return .pass }
    return .any(ports.flatMap { [port($0...$0, isRemote: false), port($0...$0, isRemote: true)] })
  }

  /// The condition that is true exactly where `test` is; nil where the kernel cannot tell.
  private static func exact(_ test: FilterTest) -> DiagCondition? {
    switch test {
    case .port(let end, let range): at(end) { port(range, isRemote: $0) }
    case .address(let end, let block): at(end) { address(block, isRemote: $0) }
    case .state, .service, .process, .pid, .user, .unit, .container, .direction, .proto: nil
    }
  }

  private static func at(_ end: FilterTest.End, _ condition: (Bool) -> DiagCondition) -> DiagCondition {
    switch end {
    case .local: condition(false)
    case .remote: condition(true)
    case .either:
      // One that is always true makes both so.
      condition(false) == .pass ? .pass : .any([condition(false), condition(true)])
    }
  }

  private static func port(_ range: ClosedRange<UInt16>, isRemote: Bool) -> DiagCondition {
    var terms: [DiagCondition] = []
    if range.lowerBound > 0 { terms.append(.test(.portAtLeast(range.lowerBound, isRemote: isRemote))) }
    if range.upperBound < .max { terms.append(.test(.portAtMost(range.upperBound, isRemote: isRemote))) }
    return .all(terms)
  }

  private static func address(_ block: AddressBlock, isRemote: Bool) -> DiagCondition {
    let different = (block.first.high ^ block.last.high, block.first.low ^ block.last.low)
    let prefix =
      different.0 != 0 ? different.0.leadingZeroBitCount : 64 + different.1.leadingZeroBitCount
    if block.isV4 {
      return .test(.address(block.first, prefix: prefix - 96, isV6: false, isRemote: isRemote))
    }
    let inBlock = DiagComparison.address(block.first, prefix: prefix, isV6: true, isRemote: isRemote)
    guard block.leavesOutV4 else { return .test(inBlock) }
    return .all([.test(inBlock), .not(.address(.anyV4, prefix: 0, isV6: false, isRemote: isRemote))])
  }

  private func negated() -> DiagCondition {
    switch self {
    case .all(let terms): .any(terms.map { $0.negated() })
    case .any(let terms): .all(terms.map { $0.negated() })
    case .test(let comparison): .not(comparison)
    case .not(let comparison): .test(comparison)
    }
  }
}
