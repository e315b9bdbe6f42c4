// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

extension KernelRun {
  /// What must be so at the end of every run of a traced model.
  struct Demands {
    /// Traffic and the source `end` are told.
    var endsAreHeard = true
    /// Times are those of the trace.
    var timesAreExact = true
    /// How many connections the counters count.
    var recorded: Int?
  }

  private func text(_ life: Life) -> String {
    let steps = life.steps.map { "\($0.state.name)@\($0.offset)" }.joined(separator: ";")
    return
      "#\(life.id) \(life.local.port)>\(life.remote.port) at \(life.firstSeenBoot) \(steps) closed \(life.closedOffset.map(String.init) ?? "-") ±\(life.uncertainty.map(String.init) ?? "-") \(life.sources.name)"
  }

  /// Where what was recorded is not what was so.
  func verdict(_ demands: Demands = Demands()) -> [String] {
    var wrong = violations
    for (_, told) in told.sorted(by: { $0.key < $1.key }) {
      if told.openings != 1 { wrong.append("\(told.openings) openings of \(text(told.life))") }
      let closings = told.life.closedOffset == nil ? 0 : 1
      if told.closings != closings { wrong.append("\(told.closings) closings of \(text(told.life))") }
    }
    var left = told.values.map(\.life).filter {
      $0.role == .connection && $0.local != options.bystander?.local
    }
    for (number, life) in model.lives.enumerated() where model.sockets[life.socket].isOurs {
      guard life.role == .connection, !life.isNone else { continue }
      let same = left.indices.filter {
        left[$0].local == life.local && left[$0].remote == life.remote && left[$0].proto == life.proto
          && (!demands.timesAreExact || left[$0].firstSeenBoot == life.opened)
      }
      guard let at = same.first else {
        wrong.append("missing: \(life.local.port)>\(life.remote.port) at \(life.opened) \(life.steps)")
        continue
      }
      if demands.timesAreExact { wrong += differences(left[at], life, number, demands) }
      left.remove(at: at)
    }
    wrong += left.map { "too many: \(text($0))" }.sorted()
    let open = table.all.filter { $0.local != options.bystander?.local }
    wrong += open.map { "left open: \(text($0))" }
    if let bystander = options.bystander,
      !table.all.contains(where: { $0.local == bystander.local && $0.id == 1 })
    {
      wrong.append("the bystander was closed")
    }
    let counted = model.lives.count {
      model.sockets[$0.socket].isOurs && $0.role == .connection && !$0.isNone
    }
    if recorded != demands.recorded ?? counted { wrong.append("recorded \(recorded), not \(counted)") }
    return wrong
  }

  private func differences(
    _ life: Life, _ truth: KernelModel.TrueLife, _ number: Int, _ demands: Demands
  ) -> [String] {
    var wrong: [String] = []
    func check(_ isRight: Bool, _ what: String) {
      if !isRight { wrong.append("\(what): \(text(life)), but \(truth.steps)") }
    }
    var steps = truth.steps.map { Life.Step($0.state, at: $0.time - truth.opened) }
    let end = steps[steps.count - 1]
    if orphansSeen.contains(number) {
      // The trace tells no end of an orphan: the tables do.
      steps.removeLast()
      check(Array(life.steps.prefix(steps.count)) == steps, "states")
      check((life.closedOffset ?? 0) >= end.offset, "end of an orphan")
    } else {
      check(life.steps == steps, "states")
      check(life.closedOffset == end.offset, "end")
      check(life.uncertainty == 0, "uncertainty")
      check(life.lastSeenOffset >= end.offset, "last seen \(life.lastSeenOffset)")
    }
    let direction: Direction? = steps[0].state == .synSent ? .outbound : .inbound
    check(life.direction == direction, "direction \(life.direction?.name ?? "-")")
    check(life.sources.contains(.trace), "sources")
    check(life.outcome == truth.outcome, "outcome \(life.outcome.map { "\($0)" } ?? "-")")
    let owner = model.sockets[truth.socket].owner
    // One that a listener took has its owner from whoever listened there, or from a row.
    check(life.owner == owner || direction == .inbound, "owner \(life.owner)")
    // Where a process held on to a socket that was over, its life is finished before the message comes.
    let isLate = truth.destroyed > truth.opened + end.offset + 1000 && life.traffic == nil
    if demands.endsAreHeard && !isLate {
      check(life.traffic == truth.traffic, "traffic \(String(describing: life.traffic))")
    }
    return wrong
  }
}
