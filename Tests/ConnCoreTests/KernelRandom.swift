// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A sequence of numbers that a seed fixes (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}

extension KernelModel {
  /// Scenes at random times, in two namespaces.
  ///
  /// - Parameters:
  ///   - rest: how long ends are not used again after nothing is left of a connection.
  ///   - sharesEnds: connections of both namespaces have the same ends.
  static func random(
    _ random: inout SeededGenerator, scenes: Int, rest: Int64, sharesEnds: Bool
  ) -> KernelModel {
    var model = KernelModel()
    model.timeWait = 3_000_000
    // When the ports of each namespace are free again.
    var free: [[Int64]] = [Array(repeating: 0, count: 4), Array(repeating: 0, count: 4)]
    var start: Int64 = 1_000_000
    for _ in 0..<scenes {
      start += Int64.random(in: 0...700_000, using: &random)
      let isOurs = Bool.random(using: &random)
      let place = Int.random(in: 0..<4, using: &random)
      let begin = max(
        start, free[isOurs ? 0 : 1][place] + rest + Int64.random(in: 1...300_000, using: &random))
      // An error names no namespace either: of two attempts with the same ends nobody can tell whose it was.
      let scenes = KernelScene.recorded.filter {
        !(rest > 0 && $0.usesEndsAgain) && !(sharesEnds && $0.tellsErrors)
      }
      let scene = scenes.randomElement(using: &random)!
      let shift = UInt16(place) * 1000 + (isOurs || sharesEnds ? 0 : 100)
      var (client, server) = (KernelScene.client, KernelScene.server)
      client.port += shift
      server.port += shift
      let pid = Int32(model.sockets.count + 100)
      var cast: [Character: Int] = [:]
      for name in ["C", "E"] as [Character] {
        cast[name] = model.cast(name, client, server, pid: pid, isOurs: isOurs)
      }
      for name in ["S", "T"] as [Character] {
        cast[name] = model.cast(name, server, client, pid: pid + 1, isOurs: isOurs)
      }
      cast["L"] = model.cast("L", server, Endpoint(.anyV4, 0), pid: pid + 1, isOurs: isOurs)
      // What took a program's time takes another time; what the kernel does at once is done at once.
      var times: [Int64: Int64] = [:]
      var (before, now): (Int64, Int64) = (0, begin)
      for time in Set(scene.lines.map(\.time)).sorted() {
        let gap = time - before
        now +=
          gap < 1000
          ? gap : Int64.random(in: 1...(1 << Int64.random(in: 8...22, using: &random)), using: &random)
        times[time] = now
        before = time
      }
      let known = model.lives.count
      scene.play(&model, cast, portShift: shift) { times[$0]! }
      free[isOurs ? 0 : 1][place] = model.lives[known...].reduce(now) {
        $0 < $1.goneAt && $1.goneAt != .max ? $1.goneAt : $0
      }
    }
    model.sort()
    return model
  }
}

extension KernelRun {
  /// A pass about each second, until all is over; the rows are up to `ahead` microseconds newer than the trace.
  mutating func runAtRandom(_ random: inout SeededGenerator, ahead: Int64) {
    let last = (model.trace.map(\.boot) + model.ends.map(\.boot)).max() ?? 0
    var time: Int64 = 0
    while time < last {
      pass(cut: time, at: time + Int64.random(in: 0...ahead, using: &random))
      time += Int64.random(in: 3000...1_500_000, using: &random)
    }
    runOut(after: last)
  }
}
