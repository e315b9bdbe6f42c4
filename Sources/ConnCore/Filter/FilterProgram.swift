// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A filter as a list of steps that each say where to go on: answering for a row is a walk along some of them.
///
/// A step holds numbers only, so that a walk copies nothing that is counted; names are kept beside.
struct FilterProgram: Sendable {
  /// What a step asks, with the values to compare with.
  private enum Check {
    case state(StateSet)
    case local(AddressBlock)
    case remote(AddressBlock)
    case localPort(ClosedRange<UInt16>)
    case remotePort(ClosedRange<UInt16>)
    case service(Transport, UInt16)
    case pid(Int32)
    case user(UInt32)
    case direction(Direction?)
    case proto(ProtoSet)
    case process(Int)
    case unit(Int)
    case container(Int)
  }

  private struct Step {
    var check: Check
    var onYes: Int32
    var onNo: Int32
  }

  private static let accept: Int32 = -1
  private static let reject: Int32 = -2

  private var steps: [Step] = []
  private var patterns: [NamePattern] = []
  private var entry = FilterProgram.accept

  init(_ expression: FilterExpression) {
    entry = add(expression, yes: Self.accept, no: Self.reject)
  }

  var acceptsAll: Bool { entry == Self.accept }

  func accepts(_ subject: borrowing FilterSubject) -> Bool {
    let steps = steps.span
    var at = entry
    while at >= 0 {
      let step = steps[Int(at)]
      at = answer(step.check, subject) ? step.onYes : step.onNo
    }
    return at == Self.accept
  }

  @inline(__always)
  private func answer(_ check: Check, _ subject: borrowing FilterSubject) -> Bool {
    switch check {
    case .state(let set): return set.contains(subject.state)
    case .local(let block): return block.contains(subject.local.address)
    case .remote(let block): return block.contains(subject.remote.address)
    case .localPort(let range): return range.contains(subject.local.port)
    case .remotePort(let range): return range.contains(subject.remote.port)
    case .service(let transport, let port):
      return subject.proto.transport == transport
        && serviceEnd(
          subject.proto, local: subject.local, remote: subject.remote, role: subject.role,
          direction: subject.direction) == port
    case .pid(let pid): return subject.process?.pid == pid
    case .user(let uid): return subject.rawUID == uid && uid != SocketRow.noUID
    case .direction(let wanted): return subject.direction == wanted
    case .proto(let set): return set.contains(subject.proto)
    case .process(let place):
      guard let process = subject.process else { return false }
      if patterns[place].matches(process.name) { return true }
      guard let exe = process.exe else { return false }
      return patterns[place].isPath
        ? patterns[place].matches(exe) : patterns[place].matchesLastComponent(of: exe)
    case .unit(let place):
      guard let unit = subject.process?.unit else { return false }
      return patterns[place].matches(unit) || patterns[place].matches(unit, adding: ".service")
    case .container(let place):
      guard let container = subject.process?.container else { return false }
      return patterns[place].matchesBeginning(of: container)
    }
  }

  // MARK: - Making

  /// Adds steps from the last to the first, so that every target is known by then. Returns where to begin.
  private mutating func add(_ expression: FilterExpression, yes: Int32, no: Int32) -> Int32 {
    switch expression {
    case .all(let terms): terms.reversed().reduce(yes) { add($1, yes: $0, no: no) }
    case .any(let terms): terms.reversed().reduce(no) { add($1, yes: yes, no: $0) }
    case .test(let test): add(test, yes: yes, no: no)
    case .not(let test): add(test, yes: no, no: yes)
    }
  }

  private mutating func add(_ test: FilterTest, yes: Int32, no: Int32) -> Int32 {
    let checks: [Check] =
      switch test {
      case .state(let set): [.state(set)]
      case .address(.local, let block): [.local(block)]
      case .address(.remote, let block): [.remote(block)]
      case .address(.either, let block): [.local(block), .remote(block)]
      case .port(.local, let range): [.localPort(range)]
      case .port(.remote, let range): [.remotePort(range)]
      case .port(.either, let range): [.localPort(range), .remotePort(range)]
      case .service(let ports): Transport.allCases.flatMap { one in ports[one].map { .service(one, $0) } }
      case .pid(let pid): [.pid(pid)]
      case .user(let uid): [.user(uid)]
      case .direction(let direction): [.direction(direction)]
      case .proto(let set): [.proto(set)]
      case .process(let pattern): [.process(add(pattern))]
      case .unit(let pattern): [.unit(add(pattern))]
      case .container(let pattern): [.container(add(pattern))]
      }
    // One of them is enough.
    return checks.reversed().reduce(no) { next, check in
      steps.append(Step(check: check, onYes: yes, onNo: next))
      return Int32(steps.count - 1)
    }
  }

  private mutating func add(_ pattern: NamePattern) -> Int {
    patterns.append(pattern)
    return patterns.count - 1
  }
}
