// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import Foundation

@testable import connwatch

/// A small history that a test writes and reads, with times in seconds after 2026-01-01T10:00:00Z.
final class PastHistory {
  static let second: Int64 = 1_000_000

  static func at(_ seconds: Double) -> Timestamp {
    Timestamp(microseconds: 1_767_261_600_000_000 + Int64((seconds * 1_000_000).rounded()))
  }

  static func seconds(_ time: Timestamp) -> Double { Double(time - at(0)) / 1_000_000 }

  /// A connection to port 443, or what else is said.
  static func life(
    _ id: Int64, _ opened: Double, _ steps: [(SocketState, Double)] = [(.established, 0)],
    closed: Double? = nil, seen: Double? = nil, local: Endpoint? = nil,
    remote: Endpoint = Endpoint(IPAddress(v4: 0xC000_0207), 443), proto: Proto = .tcp,
    role: Life.Role = .connection, direction: Direction? = .outbound, sources: Life.Sources = .proc,
    owner: SocketOwner = .notLookedUp, netns: String? = nil
  ) -> Life {
    let row = SocketRow(
      proto: proto, state: steps[0].0,
      local: local ?? Endpoint(IPAddress(v4: 0xC000_020A), 40_000 + UInt16(id)), remote: remote,
      inode: UInt64(id), rawUID: 0)
    func micro(_ seconds: Double) -> Int64 { Int64((seconds * 1_000_000).rounded()) }
    var life = Life(
      id: id, row: row, role: role, direction: role == .connection ? direction : nil, firstSeen: at(opened),
      firstSeenBoot: micro(opened), uncertainty: second, sources: sources)
    life.netns = netns
    life.owner = owner
    life.laterSteps = steps.dropFirst().map { Life.Step($0.0, at: micro($0.1)) }
    life.closedOffset = closed.map(micro)
    life.lastSeenOffset = micro(seen ?? closed ?? 0)
    return life
  }

  static func listener(
    _ id: Int64, _ opened: Double, port: UInt16, closed: Double? = nil, owner: SocketOwner = .notLookedUp,
    verdict: ListenerVerdict? = nil
  ) -> Life {
    var life = life(
      id, opened, [(.listen, 0)], closed: closed, local: Endpoint(.anyV4, port), remote: Endpoint(.anyV4, 0),
      role: .listener, owner: owner)
    life.verdict = verdict
    return life
  }

  let path = NSTemporaryDirectory() + "connwatch-live-\(UUID().uuidString).db"
  private let writer: HistoryWriter

  init(interval: Double = 1) throws {
    writer = try HistoryWriter(
      path: path,
      run: .init(
        bootID: "b", pid: 1, version: "t", source: "proc", interval: Int64(interval * 1_000_000)),
      now: Self.at(0))
  }

  deinit { for end in ["", "-wal", "-shm"] { unlink(path + end) } }

  /// Writes a sample.
  func sample(
    _ time: Double, next: Int64 = 1, current: [Life] = [], finished: [Life] = [], gaps: [Gap] = [],
    boot: Double? = nil
  ) throws {
    var batch = Batch(
      time: Self.at(time), boot: Int64((boot ?? time) * 1_000_000), nextLife: next, sockets: 0)
    batch.current = current
    batch.finished = finished
    batch.gaps = gaps
    try writer.write(batch)
  }

  /// A gap, for a sample to bring.
  static func gap(_ since: Double, _ until: Double, _ cause: String = "recorder stopped") -> Gap {
    Gap(since: at(since), until: at(until), cause: cause, samples: 1)
  }

  func reader() throws -> HistoryReader { try HistoryReader(path: path) }
}
