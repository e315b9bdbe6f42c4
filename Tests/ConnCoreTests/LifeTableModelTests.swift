// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

/// Dozens of connections at random in two network namespaces: each of ours is recorded once, exactly, and none of the
/// other.
@Suite struct LifeTableModelTests {
  /// Messages of ends come with the events or one pass later. Ends are used again after some seconds: of two sockets that
  /// had the same ends in one pass it cannot always be told whose a row was. Nor can it where a row of ours is newer than
  /// its trace, and another namespace's listener has taken a connection with the same ends.
  @Test(arguments: 0..<8, [true, false])
  func randomConnections(_ block: UInt64, _ sharesEnds: Bool) {
    for seed in block * 20..<block * 20 + 20 {
      let areInTime = seed.isMultiple(of: 2)
      var random = SeededGenerator(state: seed)
      let model = KernelModel.random(&random, scenes: 30, rest: 4_000_000, sharesEnds: sharesEnds)
      var options = KernelRun.Options()
      options.hasCookies = Bool.random(using: &random)
      options.endsAreEarly = Bool.random(using: &random)
      options.endDelays = [areInTime ? 0 : 1]
      var run = KernelRun(model, options)
      run.runAtRandom(&random, ahead: sharesEnds ? 0 : 2000)
      var demands = KernelRun.Demands()
      demands.endsAreHeard = areInTime
      let wrong = run.verdict(demands)
      #expect(wrong.first == nil, "seed \(seed), \(wrong.count)")
    }
  }

  /// Beside each connection one of another namespace with the same ends, at addresses that are used again at once. Rows
  /// are newer than the trace, and their numbers tell whose they are.
  @Test(arguments: 0..<8) func twins(_ block: UInt64) {
    for seed in block * 25..<block * 25 + 25 {
      var random = SeededGenerator(state: seed)
      let model = KernelModel.twins(&random, pairs: 25)
      var options = KernelRun.Options()
      options.hidesTimeWait = Bool.random(using: &random)
      options.endsAreEarly = Bool.random(using: &random)
      let ahead = Int64.random(in: 0...3000, using: &random)
      var run = KernelRun(model, options)
      run.runAtRandom(&random, ahead: ahead, from: 990_000, every: 5000...150_000)
      let wrong = run.verdict()
      #expect(wrong.first == nil, "seed \(seed), \(wrong.count)")
    }
  }
}
