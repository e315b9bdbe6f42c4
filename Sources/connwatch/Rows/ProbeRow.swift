// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import KernelNet

/// A port of which not every witness says the same.
struct ProbeRow: OutputRow {
  enum Field: String, CaseIterable {
    case proto, port, proc
    case diag = "sock_diag"
    case bind, verdict, why
  }

  /// What is to be said of it.
  enum Verdict: String, CaseIterable {
    /// No table has it, and it cannot be bound.
    case hidden
    /// sock_diag alone has it.
    case notInProc = "not in proc"
    /// /proc alone has it.
    case notInDiag = "not in sock_diag"
    /// A socket that is bound and does not listen: in no table of /proc, and that is as it should be.
    case bound

    /// True for what `--check` finds fault with.
    var isFinding: Bool { self != .bound }
  }

  static let keys = Field.allCases
  static let table: [TableColumn<Field>] = [
    TableColumn(.proto), TableColumn(.port), TableColumn(.proc), TableColumn(.diag), TableColumn(.bind),
    TableColumn(.verdict),
  ]

  let place: HiddenSockets.Place
  let isInProc: Bool
  /// nil where sock_diag does not answer.
  let isInDiag: Bool?
  let answer: PortBinding.Answer
  let verdict: Verdict
  /// The kernel tells of sockets that are bound and do not listen.
  let listsBound: Bool

  func value(_ field: Field) -> Value {
    switch field {
    case .proto: return .proto(place.proto)
    case .port: return .port(place.port)
    case .proc: return .bool(isInProc)
    case .diag: return isInDiag.orNull(Value.bool)
    case .bind: return .text(Self.word(answer))
    case .verdict: return .text(verdict.rawValue)
    case .why: return .text(why)
    }
  }

  func style(_ field: Field) -> Style {
    field == .verdict ? (verdict.isFinding ? .brightRed : .green) : .plain
  }

  static func word(_ answer: PortBinding.Answer) -> String {
    switch answer {
    case .free: "free"
    case .held: "held"
    case .refused: "refused"
    case .untried: "untried"
    }
  }

  var why: String {
    switch verdict {
    case .hidden:
      let isTCP = place.proto.transport == .tcp
      if !isTCP { return "in no table, but it cannot be bound: a hidden socket" }
      return listsBound
        ? "in no table, but it cannot be bound: a hidden socket (this kernel lists those that are bound and do not listen)"
        : "in no table, but it cannot be bound: a hidden socket, or one that is bound and does not listen (this kernel does not list those)"
    case .notInProc: return "sock_diag has a socket on it, /proc/net/\(place.proto.name) has not"
    case .notInDiag: return "/proc/net/\(place.proto.name) has a socket on it, sock_diag has not"
    case .bound: return "a socket that is bound and does not listen: only sock_diag tells of those"
    }
  }
}
