// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

/// Connects to one remote end that does not answer: rows show their ports, the trace tells them at the end only.
@Suite struct LifeTablePairingTests {
  /// Sockets that connect one after the other, and the rows in another order.
  ///
  /// - Parameter answers: they are answered in the end; else they time out.
  private func model(_ ports: [UInt16], apart: Int64, answers: Bool) -> KernelModel {
    var model = KernelModel()
    let opened = ports.indices.map { 1_000_000 + Int64($0) * apart }
    // The rows come by port, the trace by time.
    var sockets: [Int] = Array(repeating: 0, count: ports.count)
    for place in ports.indices.sorted(by: { ports[$0] < ports[$1] }) {
      sockets[place] = model.cast(
        "C", Endpoint(KernelScene.client.address, ports[place]), KernelScene.server, pid: 100 + Int32(place))
    }
    for (place, at) in sockets.enumerated() {
      model.step(at, opened[place], .close, .synSent, port: 0, isTask: true)
    }
    for (place, at) in sockets.enumerated() {
      let over = 60_000_000 - Int64(place) * 1_000_000
      if answers {
        model.step(at, over, .synSent, .established, isTask: false)
        model.reset(at, over + 500_000)
        model.step(at, over + 500_003, .established, .close, isTask: false)
      } else {
        model.step(at, over, .synSent, .close, isTask: false)
      }
      model.destroy(at, over + 900_000, isWhole: answers)
    }
    model.sort()
    return model
  }

  @Test(arguments: [
    [50_001], [50_001, 50_002], [50_002, 50_001], [50_003, 50_001, 50_002], [50_004, 50_003, 50_001, 50_002],
  ])
  func severalAtOnce(_ ports: [UInt16]) {
    for apart in [100, 5_000, 400_000] as [Int64] {
      for answers in [true, false] {
        for hasCookies in [true, false] {
          var options = KernelRun.Options()
          options.hasCookies = hasCookies
          let model = model(ports, apart: apart, answers: answers)
          for phase in [0, 50, 200_000, 700_000] as [Int64] {
            var run = KernelRun(model, options)
            for second in Int64(0)...70 {
              let time = second * 1_000_000 + phase
              run.pass(cut: time, at: time + 20)
            }
            run.runOut(after: 70_000_000)
            #expect(run.verdict() == [], "\(apart) \(answers) \(phase)")
          }
        }
      }
    }
  }

  /// Another namespace's connect to the same remote end, traced earlier, does not take the row of ours for good.
  @Test(arguments: [true, false]) func oneOfAnotherNamespace(_ isAnswered: Bool) {
    var model = KernelModel()
    let foreign = model.cast(
      "F", Endpoint(KernelScene.client.address, 50_009), KernelScene.server, pid: 300, isOurs: false)
    let ours = model.cast("C", KernelScene.client, KernelScene.server, pid: 100)
    model.step(foreign, 900_000, .close, .synSent, port: 0, isTask: true)
    model.step(ours, 1_000_000, .close, .synSent, port: 0, isTask: true)
    model.step(foreign, 4_000_000, .synSent, .close, isTask: true)
    model.destroy(foreign, 4_000_002, isWhole: false)
    if isAnswered { model.step(ours, 5_000_000, .synSent, .established, isTask: false) }
    model.step(ours, 9_000_000, isAnswered ? .established : .synSent, .close, isTask: true)
    model.destroy(ours, 9_000_002, isWhole: false)
    model.sort()
    var run = KernelRun(model)
    for second in Int64(0)...12 { run.pass(cut: second * 1_000_000, at: second * 1_000_000 + 20) }
    run.runOut(after: 12_000_000)
    #expect(run.verdict() == [])
  }
}
