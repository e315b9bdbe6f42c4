// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

/// The trace is of the whole machine: sockets of other network namespaces, with the same ends as ours or not.
@Suite struct LifeTableForeignTests {
  /// A scene of another namespace and one of ours, with the same ends, `apart` microseconds later.
  private func model(
    _ foreign: KernelScene, _ ours: KernelScene?, apart: Int64, timeWait: Int64 = 60_000_000
  ) -> KernelModel {
    var model = KernelModel()
    model.timeWait = timeWait
    for (scene, isOurs) in [(foreign, false), (ours, true)] {
      guard let scene else { continue }
      let (client, server) = (KernelScene.client, KernelScene.server)
      let base: Int32 = isOurs ? 100 : 300
      let cast: [Character: Int] = [
        "C": model.cast("C", client, server, pid: base, isOurs: isOurs),
        "S": model.cast("S", server, client, pid: base + 1, isOurs: isOurs),
        "L": model.cast("L", server, Endpoint(.anyV4, 0), pid: base + 1, isOurs: isOurs),
        "E": model.cast("E", client, server, pid: base + 2, isOurs: isOurs),
        "T": model.cast("T", server, client, pid: base + 1, isOurs: isOurs),
      ]
      scene.play(&model, cast) { 2_000_000 + (isOurs ? apart : 0) + $0 }
    }
    model.sort()
    return model
  }

  /// Passes at these moments, of rows that are `lag` microseconds newer than the trace.
  private func run(_ model: KernelModel, _ passes: [Int64], lag: Int64 = 0) -> [String] {
    var run = KernelRun(model)
    run.pass(cut: 0, at: 1000)
    for pass in passes { run.pass(cut: pass, at: pass + lag) }
    run.runOut(after: 20_000_000)
    return run.verdict()
  }

  @Test(arguments: KernelScene.recorded) func noLifeOfAnotherNamespace(_ scene: KernelScene) {
    let model = model(scene, nil, apart: 0)
    #expect(run(model, []) == [])
    for event in model.trace { #expect(run(model, [event.boot]) == []) }
  }

  /// An opener that is gone is looked for where its maker was by then, which moves between namespaces.
  @Test(arguments: KernelScene.recorded) func noLifeOfAnOpenerThatIsTakenForOurs(_ scene: KernelScene) {
    var model = model(scene, nil, apart: 0)
    // Of a socket that begins another life no message comes, so nothing else is known of its first one.
    guard Set(model.lives.map(\.socket)).count == model.lives.count else { return }
    for at in model.trace.indices {
      guard case .state(var change) = model.trace[at].kind, change.namespace != 0 else { continue }
      change.namespace = KernelModel.ours
      model.trace[at].kind = .state(change)
    }
    #expect(run(model, []) == [])
    for event in model.trace { #expect(run(model, [event.boot]) == []) }
  }

  /// Ours begins before, within and after the other one, which is recorded as if it were not there.
  @Test(arguments: KernelScene.recorded, [-400_000, -100_000, -60, 60, 100_000, 600_000])
  func oursBesideOneWithTheSameEnds(_ foreign: KernelScene, _ apart: Int64) {
    let model = model(foreign, KernelScene.recorded[0], apart: apart)
    #expect(run(model, []) == [])
    var wrong: [String] = []
    for event in model.trace { wrong += run(model, [event.boot]) }
    #expect(wrong.first == nil, "\(wrong.count)")
  }

  /// The rows of a snapshot are later than what was traced before it: they can show ours where only the other one was
  /// traced so far.
  @Test(arguments: KernelScene.recorded, [-400_000, -100_000, -60, 60, 100_000, 600_000])
  func rowsOfOursWhereOnlyTheOtherWasTraced(_ foreign: KernelScene, _ apart: Int64) {
    let model = model(foreign, KernelScene.recorded[0], apart: apart)
    var wrong: [String] = []
    for event in model.trace {
      for lag in [80, 120_000] as [Int64] {
        wrong += run(model, [event.boot], lag: lag).map { "\(event.boot) +\(lag): \($0)" }
      }
    }
    #expect(wrong.first == nil, "\(wrong.count)")
  }

  /// Whoever stops has nothing more to wait for: the numbers that rows showed tell whose the message is.
  @Test(arguments: KernelScene.recorded, [-400_000, -100_000, -60, -20, 20, 60, 100_000])
  func theLastPassKnowsThemApart(_ foreign: KernelScene, _ apart: Int64) {
    let model = model(foreign, KernelScene.recorded[0], apart: apart, timeWait: 100_000)
    let over = model.trace.map(\.boot).max()! + 1_000_000
    var wrong: [String] = []
    for event in model.trace {
      for lag in [0, 80] as [Int64] {
        var run = KernelRun(model)
        run.pass(cut: 0, at: 1000)
        run.pass(cut: event.boot, at: event.boot + lag)
        // What is left in TIME_WAIT rows end, as they would for whoever goes on.
        for second in Int64(0)..<4 {
          run.pass(cut: over, at: over + second * 1_000_000) { $0.isLast = true }
        }
        wrong += run.verdict().map { "\(event.boot) +\(lag): \($0)" }
      }
    }
    #expect(wrong.first == nil, "\(wrong.count)")
  }

  /// The kernel's address of a socket that is gone is soon that of another one, which is not taken for it.
  @Test(arguments: KernelScene.recorded, [-100_000, -60, 60, 100_000])
  func anAddressThatIsUsedAgain(_ foreign: KernelScene, _ apart: Int64) {
    var model = model(foreign, KernelScene.recorded[0], apart: apart)
    let begins = (model.trace.last?.boot ?? 0) + 10
    var cast: [Character: Int] = [:]
    for (letter, at) in zip("CSLET", 0...) {
      let isServer = "SLT".contains(letter)
      let client = Endpoint(KernelScene.client.address, KernelScene.client.port + 7)
      let (local, remote) = isServer ? (KernelScene.server, client) : (client, KernelScene.server)
      cast[letter] = model.cast(
        letter, local, letter == "L" ? Endpoint(.anyV4, 0) : remote, pid: 500)
      model.sockets[model.sockets.count - 1].address = model.sockets[at].address
    }
    KernelScene.recorded[0].play(&model, cast, portShift: 7) { begins + $0 }
    model.sort()
    var wrong: [String] = []
    // A few of all pairs of moments, others in each case.
    for place in stride(from: apart < 0 ? 0 : 1, to: model.trace.count, by: 2) {
      let event = model.trace[place]
      let after = model.trace[place...].filter { $0.boot >= begins }
      for second in stride(from: place % 5, to: after.count, by: 5).map({ after[$0] }) {
        wrong += run(model, [event.boot, second.boot], lag: 80).map {
          "\(event.boot) \(second.boot): \($0)"
        }
      }
    }
    #expect(wrong.first == nil, "\(wrong.count)")
  }

  /// A connection that was there before we began is not moved by another namespace's with the same ends.
  @Test(arguments: KernelScene.recorded) func aStableOneWithTheSameEnds(_ foreign: KernelScene) {
    for local in [KernelScene.client, KernelScene.server] {
      let model = model(foreign, nil, apart: 0)
      var options = KernelRun.Options()
      options.bystander = SocketRow(
        proto: .tcp, state: .established, local: local,
        remote: local == KernelScene.client ? KernelScene.server : KernelScene.client, inode: 49_999,
        rawUID: 1000)
      for event in model.trace {
        var run = KernelRun(model, options)
        run.pass(cut: 0, at: 1000)
        run.pass(cut: event.boot, at: event.boot)
        run.runOut(after: 20_000_000)
        #expect(run.verdict() == [])
        #expect(run.table.all.first?.steps.count == 1)
        #expect(run.table.all.first?.traffic == nil)
      }
    }
  }
}
