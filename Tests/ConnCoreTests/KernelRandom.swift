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
      let times = scene.times(from: begin) {
        Int64.random(in: 1...(1 << Int64.random(in: 8...22, using: &random)), using: &random)
      }
      let known = model.lives.count
      scene.play(&model, cast, portShift: shift) { times[$0]! }
      free[isOurs ? 0 : 1][place] = model.lives[known...].reduce(times.values.max()!) {
        $0 < $1.goneAt && $1.goneAt != .max ? $1.goneAt : $0
      }
    }
    model.sort()
    return model
  }

  /// Connections one after the other, each with a twin of the same ends in another namespace a little earlier or later;
  /// the kernel gives each socket the address of one that has just gone.
  static func twins(_ random: inout SeededGenerator, pairs: Int) -> KernelModel {
    var model = KernelModel()
    var start: Int64 = 1_000_000
    var gone: [(address: UInt64, at: Int64)] = []
    for pair in 0..<pairs {
      let between = Int64.random(in: 0...15_000, using: &random)
      let isOursFirst = Bool.random(using: &random)
      for isOurs in [isOursFirst, !isOursFirst] {
        let begin = isOurs == isOursFirst ? start : start + between
        let client = Endpoint(KernelScene.client.address, 41_000 + UInt16(pair))
        let pid: Int32 = isOurs ? 100 : 300
        let first = model.sockets.count
        let cast: [Character: Int] = [
          "C": model.cast("C", client, KernelScene.server, pid: pid, isOurs: isOurs),
          "S": model.cast("S", KernelScene.server, client, pid: pid, isOurs: isOurs),
        ]
        for at in first..<model.sockets.count {
          guard let place = gone.lastIndex(where: { $0.at < begin }) else { continue }
          model.sockets[at].address = gone.remove(at: place).address
        }
        let times = KernelScene.twin.times(from: begin) { Int64.random(in: 1000...40_000, using: &random) }
        KernelScene.twin.play(&model, cast) { times[$0]! }
        for at in first..<model.sockets.count {
          gone.append((model.sockets[at].address, model.lives[model.sockets[at].life].destroyed))
        }
      }
      start += between + Int64.random(in: 200...100_000, using: &random)
    }
    model.sort()
    return model
  }
}

extension KernelScene {
  /// When the lines happen of a scene that begins at `begin`. What took a program's time takes `pause()`; what the kernel
  /// does at once is done at once.
  fileprivate func times(from begin: Int64, pause: () -> Int64) -> [Int64: Int64] {
    var times: [Int64: Int64] = [:]
    var (before, now): (Int64, Int64) = (0, begin)
    for time in Set(lines.map(\.time)).sorted() {
      now += time - before < 1000 ? time - before : pause()
      times[time] = now
      before = time
    }
    return times
  }
}

extension KernelRun {
  /// A pass now and then, until all is over; the rows are up to `ahead` microseconds newer than the trace.
  mutating func runAtRandom(
    _ random: inout SeededGenerator, ahead: Int64, from begin: Int64 = 0,
    every step: ClosedRange<Int64> = 3000...1_500_000
  ) {
    let last = (model.trace.map(\.boot) + model.ends.map(\.boot)).max() ?? 0
    var time = begin
    while time < last {
      pass(cut: time, at: time + Int64.random(in: 0...ahead, using: &random))
      time += Int64.random(in: step, using: &random)
    }
    runOut(after: last)
  }
}
