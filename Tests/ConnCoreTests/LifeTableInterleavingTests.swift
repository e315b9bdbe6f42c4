// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

/// Recorded scenes with snapshots at every place in them.
@Suite struct LifeTableInterleavingTests {
  /// The verdict on a scene after passes at the given moments, with one before it and some after it.
  private func play(
    _ model: KernelModel, _ passes: [(cut: Int64, at: Int64)], _ options: KernelRun.Options,
    _ demands: KernelRun.Demands
  ) -> [String] {
    var run = KernelRun(model, options)
    run.pass(cut: 0, at: 1000)
    for pass in passes { run.pass(cut: pass.cut, at: pass.at) }
    run.runOut(after: 10_000_000)
    let wrong = run.verdict(demands)
    return wrong.isEmpty ? [] : ["passes \(passes): " + wrong.joined(separator: "; ")]
  }

  /// All moments at which something happens that a row or an event tells.
  private func moments(_ model: KernelModel) -> [Int64] {
    var moments = Set(model.trace.map(\.boot))
    for socket in model.sockets where socket.isOurs {
      moments.formUnion(socket.shown.map(\.from))
      moments.formUnion(socket.short.map(\.from))
    }
    return [model.trace[0].boot - 10] + moments.filter { $0 < 10_000_000 }.sorted()
  }

  private typealias Case = (name: String, options: KernelRun.Options, demands: KernelRun.Demands)

  /// The ways in which messages of ends may come. Of ends that are used again before they have come a life can be
  /// finished without its traffic, and no more is asked.
  private func cases(_ scene: KernelScene) -> [Case] {
    let ways: [(name: String, hasCookies: Bool, delays: [Int], areEarly: Bool)] = [
      ("prompt, cookies", true, [0], false), ("late, no cookies", false, [1], false),
      ("early, no cookies", false, [0], true), ("twice, cookies", true, [0, 0], false),
      ("two passes late, cookies", true, [2], false), ("missing, no cookies", false, [], false),
    ]
    return ways.compactMap { way in
      if scene.usesEndsAgain && (way.delays.isEmpty || way.delays == [2]) { return nil }
      var options = KernelRun.Options()
      options.hasCookies = way.hasCookies
      options.endDelays = way.delays
      options.endsAreEarly = way.areEarly
      var demands = KernelRun.Demands()
      demands.endsAreHeard =
        way.delays == [0] || way.delays == [0, 0] || (way.delays == [1] && !scene.usesEndsAgain)
      return (way.name, options, demands)
    }
  }

  /// One snapshot at each place, and the trace read until each place before it.
  @Test(arguments: KernelScene.recorded) func oneSnapshot(_ scene: KernelScene) {
    let model = scene.model()
    let moments = moments(model)
    for (name, options, demands) in cases(scene) {
      var wrong: [String] = []
      for (place, at) in moments.enumerated() {
        for cut in moments[...place] { wrong += play(model, [(cut, at)], options, demands) }
      }
      #expect(wrong.first == nil, "\(wrong.count) runs, \(name)")
    }
  }

  /// Two snapshots at all pairs of places.
  @Test(arguments: KernelScene.recorded) func twoSnapshots(_ scene: KernelScene) {
    let model = scene.model()
    let moments = moments(model)
    for (name, options, demands) in cases(scene).prefix(3) {
      var wrong: [String] = []
      for (place, second) in moments.enumerated() {
        for first in moments[..<place] {
          wrong += play(model, [(first, first + 1), (second, second + 1)], options, demands)
        }
      }
      #expect(wrong.first == nil, "\(wrong.count) runs, \(name)")
    }
  }
}
