// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What a history must still have after a recorder was killed: all that another process could read from it before.
struct KilledHistory {
  /// Whatever has this port is there all the time.
  static let heldPort = 8080

  /// How many lives it has: both ends of twenty connections, and five UDP sockets.
  static let heldCount = 45
  /// How long a history that is pruned keeps what has ended, in microseconds.
  static let keep = 1_000_000

  /// What another process reads at one moment.
  private struct Reading: CustomStringConvertible {
    /// When each life ended, nil for those that go on, by number; of the latest some thousands.
    var lives: [Int: Int?] = [:]
    var held: Set<[String]> = []
    var samples = 0
    /// When the last sample was taken, in microseconds.
    var last = 0
    /// The oldest life that is stored as finished.
    var oldest = 0

    var description: String { "\(lives.count) lives from \(oldest), \(samples) samples until \(last)" }
  }

  let path: String
  private let stage: Stage
  private let prunes: Bool
  private var held: Set<[String]> = []
  private var acknowledged = Reading()
  private var samplesAtBegin = 0
  /// Lives up to this number are not read: those before the last thousands.
  private var readFrom = 0
  private var checkpoint: timespec?
  /// Recorders that have stored something.
  private var stored = 0
  /// Kills of which the printed lines were compared, and those after which none was missing.
  private(set) var (compared, withoutLoss) = (0, 0)
  private var (kills, acknowledgedLives, printed, missing, mostMissing) = (0, 0, 0, 0, 0)

  init(_ stage: Stage, _ path: String, prunes: Bool) {
    self.stage = stage
    self.path = path
    self.prunes = prunes
  }

  var figures: String {
    """
    \(kills) kills, \(stored) recorders that stored something, \(acknowledgedLives) lives acknowledged, none lost; \
    \(printed) lines printed, \(missing) of them in flight, \(mostMissing) at most after one kill; \
    \(withoutLoss) of \(compared) kills lost none
    """
  }

  /// Before a recorder starts: what there is by then is acknowledged.
  mutating func begin() async throws {
    let next =
      access(path, F_OK) == 0
      ? try? await stage.sql("SELECT coalesce(max(next_life), 0) FROM sample", path) : nil
    readFrom = (next.flatMap { Int($0[0][0]) } ?? 0) - 1000
    acknowledged = try await read()
    samplesAtBegin = acknowledged.samples
    checkpoint = nil
  }

  /// The recorder that has begun has stored a sample.
  func hasBeenAdded() async throws -> Bool { try await samples() > samplesAtBegin }

  /// Just before a kill: what another process reads now must never be lost.
  mutating func acknowledge() async throws {
    acknowledged = try await read()
    acknowledgedLives += acknowledged.lives.count
  }

  /// Waits for the moment when the log is written back to the database; gives whether it came.
  func waitForCheckpoint() async -> Bool {
    func changed() -> timespec {
      var status = stat()
      stat(path, &status)
      return status.st_mtim
    }
    let before = changed()
    let end = ContinuousClock.now + .seconds(3)
    while ContinuousClock.now < end {
      let now = changed()
      if now.tv_sec != before.tv_sec || now.tv_nsec != before.tv_nsec { return true }
      usleep(200)
    }
    return false
  }

  /// After a kill.
  mutating func check(after recorder: Child, _ what: String) async throws {
    kills += 1
    let now = try await read()
    if now.samples > samplesAtBegin { stored += 1 }
    if held.isEmpty && now.samples > 0 {
      held = now.held
      try #require(held.count == Self.heldCount && held.allSatisfy { $0.last == "" }, "\(what): \(held)")
    }
    try #require(now.held == held, "\(what): what was held has other numbers, or was closed")
    let hasSamples = prunes || now.samples >= acknowledged.samples
    try #require(hasSamples, "\(what): a sample that was read is lost")
    // The oldest may have been taken out, and nothing else.
    let lost = acknowledged.lives.filter { id, closed in
      guard let later = now.lives[id] else {
        guard prunes else { return true }
        // What went on then can have ended at once, and be old enough by now.
        return id >= now.oldest && (closed ?? acknowledged.last) + Self.keep > now.last
      }
      return closed != nil && later == nil
    }
    let isWhole = lost.isEmpty
    try #require(
      isWhole,
      "\(what): \(lost.count) lives that were read are lost: \(lost.keys.sorted().prefix(5)) of \(now)")
    try compare(recorder, now, what)
  }

  /// Batches are stored in the order in which they are printed: where one is missing, none after it is there.
  private mutating func compare(_ recorder: Child, _ now: Reading, _ what: String) throws {
    // The latest thousands were read; what was printed before those is not asked for.
    let first = now.lives.keys.min() ?? .max
    let lines = try recorder.lines.map { try JSONLine(String($0)) }.filter {
      ["opened", "closed"].contains($0.string("event") ?? "") && ($0.int("id") ?? 0) >= first
    }
    guard !lines.isEmpty else { return }
    let isThere = lines.map { line in
      guard let closed = now.lives[line.int("id") ?? 0] else { return false }
      return line.string("event") == "opened" || closed != nil
    }
    let prefix = isThere.prefix { $0 }.count
    if !prunes {
      let later = isThere[prefix...].firstIndex(of: true)
      try #require(
        later == nil, "\(what): \(lines[prefix].text) is missing, \(lines[later ?? 0].text) is not")
      (compared, printed, missing) = (compared + 1, printed + lines.count, missing + lines.count - prefix)
      mostMissing = max(mostMissing, lines.count - prefix)
      if prefix == lines.count { withoutLoss += 1 }
    }
  }

  /// That the database is whole, and the counts of its samples are those of its lives.
  func checkAll(_ what: String) async throws {
    guard access(path, F_OK) == 0 else { return }
    try #require(try await stage.sql("PRAGMA integrity_check", path) == [["ok"]], "\(what)")
    let ours = try await stage.run(["db", "check", "--db", path])
    try #require(ours.status == 0, "\(what): \(ours.output)\(ours.errors)")
    let both =
      "SELECT closed_us, first_seen_us FROM connections UNION ALL SELECT closed_us, first_seen_us FROM listening"
    try #require(
      try await stage.sql("SELECT count(*) FROM (\(both)) WHERE closed_us < first_seen_us", path) == [["0"]],
      "\(what)")
    if prunes { return }
    let sums = try await stage.sql(
      "SELECT sum(opened), sum(closed), min(samples > 0 AND first_us <= last_us) FROM samples", path)
    let counts = try await stage.sql("SELECT count(*), count(closed_us), 1 FROM (\(both))", path)
    try #require(sums == counts, "\(what): opened and closed by the samples, and by the lives")
  }

  /// After the last kill: a gap for each time that a recorder went on, and no four-tuple with two lives at
  /// once, by more than their times can be off.
  func finish() async throws {
    let causes = try await stage.sql(
      "SELECT cause, count(*) FROM gaps WHERE cause LIKE 'recorder%' GROUP BY 1", path)
    #expect(causes == [["recorder killed", "\(stored - 1)"]])
    let doubled = try await stage.sql(
      """
      SELECT * FROM (
        SELECT id, first_seen_us, closed_us, uncertainty_s, states, source, lead(id) OVER same AS next_id,
          lead(first_seen_us) OVER same AS next, lead(states) OVER same AS next_states
        FROM connections
        WINDOW same AS (
          PARTITION BY proto, local_addr, local_port, remote_addr, remote_port ORDER BY first_seen_us))
      WHERE next IS NOT NULL AND (closed_us IS NULL OR closed_us - 1e6 * coalesce(uncertainty_s, 0) > next + 1)
      """, path)
    #expect(doubled.isEmpty, "a life that was lost and found again")
  }

  private func samples() async throws -> Int {
    guard access(path, F_OK) == 0 else { return 0 }
    // While a new database is being made there may be no such view.
    return (try? await stage.sql("SELECT coalesce(sum(samples), 0) FROM samples", path)).flatMap {
      Int($0[0][0])
    } ?? 0
  }

  private func read() async throws -> Reading {
    var reading = Reading()
    guard access(path, F_OK) == 0, try await samples() > 0 else { return reading }
    let rows = try await stage.sql(
      """
      BEGIN;
      SELECT 'samples', sum(samples), (SELECT coalesce(min(id), 0) FROM life), max(last_us) FROM samples;
      SELECT 'life', id, coalesce(closed_us, '') FROM connections
        WHERE id > \(readFrom);
      SELECT 'held', id, proto, local_port, remote_port, coalesce(closed_us, '') FROM connections
        WHERE id < 2000 AND (local_port = \(Self.heldPort) OR remote_port = \(Self.heldPort));
      COMMIT;
      """, path)
    for row in rows {
      switch row[0] {
      case "samples":
        reading.samples = Int(row[1]) ?? 0
        reading.oldest = Int(row[2]) ?? 0
        reading.last = Int(row[3]) ?? 0
      case "held": reading.held.insert(row)
      default: reading.lives[Int(row[1]) ?? 0] = .some(Int(row[2]))
      }
    }
    return reading
  }
}
