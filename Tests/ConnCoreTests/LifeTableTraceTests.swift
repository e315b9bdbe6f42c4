// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

/// Recorded scenes that begin and end between two snapshots: the trace alone tells them.
@Suite struct LifeTableTraceTests {
  @Test(arguments: KernelScene.recorded) func aSceneBetweenTwoSnapshots(_ scene: KernelScene) {
    var run = KernelRun(scene.model())
    run.pass(cut: 0, at: 1000)
    run.runOut(after: 10_000_000)
    #expect(run.verdict() == [])
  }

  /// One socket, both ends.
  @Test func aSocketConnectedToItself() {
    for at in [1_000_105, 1_000_112, 1_100_000, 1_150_452, 1_150_454] as [Int64] {
      var model = KernelModel()
      let socket = model.cast("X", KernelScene.client, KernelScene.client, pid: 100)
      KernelScene.selfConnect.play(&model, ["X": socket]) { 1_000_000 + $0 }
      model.sort()
      var run = KernelRun(model)
      run.pass(cut: 0, at: 1000)
      run.pass(cut: at, at: at)
      run.runOut(after: 2_000_000)
      #expect(run.verdict() == [], "\(at)")
    }
  }

  /// A program that tries again and again on one descriptor.
  @Test func refusedManyTimesOnOneDescriptor() {
    var model = KernelModel()
    let socket = model.cast("C", KernelScene.client, KernelScene.server, pid: 100)
    for attempt in 0..<9 {
      let time = 1_000_000 + Int64(attempt) * 300_000
      let before: UInt16 = attempt == 0 ? 0 : model.sockets[socket].local.port
      model.sockets[socket].local.port = KernelScene.client.port + UInt16(attempt)
      model.step(socket, time, .close, .synSent, port: before, isTask: true)
      model.reset(socket, time + 40)
      model.step(socket, time + 43, .synSent, .close, isTask: true)
    }
    model.destroy(socket, 9_000_000, isWhole: false)
    model.sort()
    for apart in [100_000, 350_000, 1_000_000, 20_000_000] as [Int64] {
      var run = KernelRun(model)
      run.pass(cut: 0, at: 1000)
      for time in stride(from: Int64(1_000_000), to: 10_000_000, by: Int64.Stride(apart)) {
        run.pass(cut: time, at: time + 20)
      }
      run.runOut(after: 10_000_000)
      #expect(run.verdict() == [], "\(apart)")
    }
  }

  /// A closed life whose absence no whole table has confirmed yet is not what is left of the next one on its ends.
  @Test func theNextOneInTimeWaitBeforeTheFirstIsGone() {
    let scene = KernelScene(
      name: "",
      script: """
        100 C t SYN_SENT 0
        140 C t ESTABLISHED
        1500000 C t CLOSE
        1500010 C P 51510
        1600000 C t SYN_SENT 51042
        1600040 C t ESTABLISHED
        2500000 E t SYN_SENT
        2500040 E t ESTABLISHED
        2600000 E t FIN_WAIT1
        2600040 E s FIN_WAIT2
        2600042 E s CLOSE
        2600044 E D
        4500000 C R
        4500003 C s CLOSE
        4500005 C D
        """)
    var run = KernelRun(scene.model())
    run.pass(cut: 0, at: 1000)
    run.pass(cut: 2_000_000, at: 2_000_020)
    run.pass(cut: 3_000_000, at: 3_000_020, isWhole: false)
    run.pass(cut: 4_000_000, at: 4_000_020, isWhole: false)
    run.runOut(after: 6_000_000)
    #expect(run.verdict() == [])
  }

  /// The kernel gives the memory of a destroyed socket to the next one.
  @Test(arguments: KernelScene.recorded) func theSameAddressAgain(_ scene: KernelScene) {
    var model = KernelModel()
    for round in 0..<4 {
      let shift = UInt16(round) * 10
      var (client, server) = (KernelScene.client, KernelScene.server)
      client.port += shift
      server.port += shift
      let first = model.sockets.count
      var cast: [Character: Int] = [:]
      for name in ["C", "E"] as [Character] { cast[name] = model.cast(name, client, server, pid: 100) }
      for name in ["S", "T"] as [Character] { cast[name] = model.cast(name, server, client, pid: 200) }
      cast["L"] = model.cast("L", server, Endpoint(.anyV4, 0), pid: 200)
      for at in first..<model.sockets.count {
        model.sockets[at].address = 0xFFFF_8000_0000_0000 + UInt64(at - first) * 0x1000
      }
      scene.play(&model, cast, portShift: shift) { 1_000_000 + Int64(round) * 4_600_000 + $0 }
    }
    model.sort()
    for phase in [0, 300_000, 2_000_000] as [Int64] {
      var run = KernelRun(model)
      run.pass(cut: 0, at: 1000)
      for pass in Int64(1)..<12 {
        run.pass(cut: pass * 2_000_000 + phase, at: pass * 2_000_000 + phase + 100)
      }
      run.runOut(after: 24_000_000 + phase)
      #expect(run.verdict() == [])
    }
  }
}

extension KernelScene: CustomTestStringConvertible {
  var testDescription: String { name }
}
