// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

/// What of a filter the kernel itself can see to: it lets through every socket that the filter matches, and some more.
///
/// What it shows is to be asked the filter again. Some of what a filter asks about is known only by other sockets, such
/// as a connection's direction by its listener: ask for listeners apart.
public struct DiagFilter: Hashable, Sendable {
  /// The states of sockets that the filter can match.
  public let states: StateSet
  /// A program for `inet_diag_bc_run` of net/ipv4/inet_diag.c; empty where the kernel is to pick by state alone.
  public let bytecode: [UInt8]

  /// Lets everything through.
  public static let everything = DiagFilter(.everything)

  /// Makes the program of a filter.
  public init(_ filter: Filter) {
    states = Self.states(filter.expression)
    bytecode = DiagAssembler.assemble(DiagCondition(superset: filter.expression))
  }

  private static func states(_ expression: FilterExpression) -> StateSet {
    switch expression {
    case .all(let terms): terms.reduce(.all) { $0.intersection(states($1)) }
    case .any(let terms): terms.reduce([]) { $0.union(states($1)) }
    case .test(.state(let set)): set
    case .not(.state(let set)): StateSet.all.subtracting(set)
    case .test, .not: .all
    }
  }
}
