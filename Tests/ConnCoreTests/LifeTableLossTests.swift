// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

/// Events that were lost, that came twice, or that began in the middle of a connection.
@Suite struct LifeTableLossTests {
  /// What must hold whatever was lost: one life for each connection that any row, event or message has told of, each
  /// opened and closed once, none left open, the bystander untouched.
  private func verdict(_ run: KernelRun) -> [String] {
    var demands = KernelRun.Demands()
    demands.timesAreExact = false
    return run.verdict(demands)
  }

  /// A stretch of the trace is lost, and said to be.
  @Test(arguments: KernelScene.recorded) func aLostStretch(_ scene: KernelScene) {
    let model = scene.model()
    for first in model.trace.indices {
      for length in 1...3 where first + length <= model.trace.count {
        var lossy = model
        lossy.trace.removeSubrange(first..<first + length)
        let lost = model.trace[first].boot
        for at in [lost - 20, lost, lost + 20] {
          var run = KernelRun(lossy)
          run.pass(cut: 0, at: 1000)
          run.pass(cut: at, at: at) { $0.lostEvents = at >= lost }
          run.pass(cut: at + 1_000_000, at: at + 1_000_000) { $0.lostEvents = at < lost }
          run.runOut(after: 10_000_000)
          let wrong = run.violations + run.neverTwice()
          #expect(wrong == [], "\(first)+\(length) \(at - lost)")
        }
      }
    }
  }

  /// Events that are told a second time in the same pass change nothing.
  @Test(arguments: KernelScene.recorded) func eventsTwice(_ scene: KernelScene) {
    var model = scene.model()
    model.trace = model.trace.flatMap { event -> [TraceEvent] in
      if case .reset = event.kind { [event, event] } else { [event] }
    }
    var run = KernelRun(model)
    run.pass(cut: 0, at: 1000)
    run.runOut(after: 10_000_000)
    #expect(run.verdict() == [])
  }

  /// The recorder begins in the middle of a scene: what is open then has no uncertainty that could be told, one life
  /// and one end.
  @Test(arguments: KernelScene.recorded) func openBeforeWeBegan(_ scene: KernelScene) {
    let model = scene.model()
    for begin in model.trace {
      for hasCookies in [true, false] {
        var late = model
        late.trace.removeAll { $0.boot <= begin.boot }
        late.ends.removeAll { $0.boot <= begin.boot }
        var options = KernelRun.Options()
        options.hasCookies = hasCookies
        var run = KernelRun(late, options)
        run.pass(cut: begin.boot, at: begin.boot)
        run.runOut(after: 10_000_000)
        #expect(run.violations + run.neverTwice() == [], "from \(begin.boot)")
        for (_, told) in run.told where told.life.role == .connection && told.life.firstSeenBoot == begin.boot
        {
          #expect(told.life.uncertainty == nil)
        }
      }
    }
  }

  /// Messages of ends are lost in one pass, and said to be; a passive connection has no other word of its namespace.
  @Test(arguments: KernelScene.recorded) func lostEnds(_ scene: KernelScene) {
    var options = KernelRun.Options()
    options.endDelays = []
    var run = KernelRun(scene.model(), options)
    run.pass(cut: 0, at: 1000)
    run.runOut(after: 10_000_000)
    var demands = KernelRun.Demands()
    demands.endsAreHeard = false
    #expect(run.verdict(demands) == [])
  }
}

extension KernelRun {
  /// What must hold of lives however little is known: each opened and closed once, and as many at most as there were
  /// connections on each pair of ends.
  func neverTwice(open: Int = 1) -> [String] {
    var wrong: [String] = []
    for told in told.values {
      let closings = told.life.closedOffset == nil ? 0 : 1
      if told.openings != 1 || told.closings != closings {
        wrong.append("#\(told.life.id): \(told.openings) openings, \(told.closings) closings")
      }
    }
    let lives = told.values.map(\.life).filter {
      $0.role == .connection && $0.local != options.bystander?.local
    }
    for local in Set(lives.map(\.local)) {
      let found = lives.count { $0.local == local }
      let real = model.lives.count { $0.local == local && $0.role == .connection && !$0.isNone }
      if found > real { wrong.append("\(found) lives at port \(local.port), not \(real)") }
    }
    if table.count != open { wrong.append("\(table.count) left open, not \(open)") }
    return wrong
  }
}
