// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A recorder that faults are made for, and connections that are held through them.
final class FaultScene {
  let stage: Stage
  let puppet: Puppet
  let faults: Faults
  let listener: Puppet.Socket
  private(set) var recorder: Child
  /// Clients' ends of connections that are open from before the fault to the end.
  private(set) var held: [Puppet.Socket] = []
  private let words: [String]
  private let interval: String
  private var count = 0

  /// Begins to record, with two connections held; the long form has others come and go meanwhile.
  init(
    _ stage: Stage, source: String = "auto", _ words: [String] = [], interval: String = "100ms",
    rules: Faults.Rule? = nil
  ) async throws {
    self.stage = stage
    self.interval = interval
    self.words = ["--source", source] + words
    puppet = try await stage.puppet()
    listener = try await puppet.listen("web", 8080)
    faults = try Faults(stage)
    if let rules { faults.set(rules) }
    for key in ["held1", "held2"] { held.append(try await puppet.pair(key, listener)) }
    if Effort.isLong {
      try await puppet.order(["do": "sysctl", "name": "net.ipv4.tcp_max_tw_buckets", "value": 40])
      try await puppet.order(["do": "churn", "rate": 100, "lifetime": 0.05])
    }
    recorder = try await stage.record(
      self.words, in: puppet.namespace, interval: interval, environment: faults.environment)
    try await eventually("what is held") { try await self.heldLives().count == self.held.count * 2 }
  }

  /// Ends the recorder and begins another.
  func restart(_ signal: Int32 = SIGTERM, status: Int32 = 0, between: () -> Void = {}) async throws {
    try await stage.stop(recorder, signal, status: status)
    between()
    recorder = try await stage.record(
      words, in: puppet.namespace, interval: interval, environment: faults.environment)
  }

  /// A connection that is opened now and has been seen.
  func open() async throws -> (key: String, socket: Puppet.Socket) {
    count += 1
    let key = "more\(count)"
    let socket = try await puppet.pair(key, listener)
    try await eventually("\(key) to be seen\n\(recorder.errors)") {
      try await self.lives(of: socket).count == 2
    }
    return (key, socket)
  }

  /// Closes a connection, and waits until that is known.
  func close(_ connection: (key: String, socket: Puppet.Socket)) async throws {
    try await reset(connection)
    try await eventually("the end of \(connection.key)\n\(recorder.errors)") {
      try await self.lives(of: connection.socket).allSatisfy { !$0.isNull("closed") }
    }
  }

  /// Closes a connection without looking.
  func reset(_ connection: (key: String, socket: Puppet.Socket)) async throws {
    try await puppet.close(connection.key, reset: true)
    try await puppet.close(connection.key + "s", reset: true)
  }

  /// Every life that is stored.
  func lives() async throws -> [JSONLine] { try await stage.history() }

  func lives(of socket: Puppet.Socket) async throws -> [JSONLine] {
    try await stage.history(["port", "\(socket.port)", "and", "port", "\(listener.port)"])
  }

  private func heldLives() async throws -> [JSONLine] {
    var found: [JSONLine] = []
    for socket in held { found += try await lives(of: socket) }
    return found
  }

  /// A gap as it is stored.
  struct Gap: CustomStringConvertible {
    var cause: String
    var since: Int64
    var until: Int64
    var detail: String
    var description: String { "\(cause) \(Double(until - since) / 1e6) s: \(detail)" }
  }

  /// The gaps, or those of a cause.
  func gaps(_ cause: String? = nil) async throws -> [Gap] {
    try await stage.sql("SELECT cause, since, until, coalesce(detail, '') FROM gap ORDER BY id")
      .map { Gap(cause: $0[0], since: Int64($0[1]) ?? 0, until: Int64($0[2]) ?? 0, detail: $0[3]) }
      .filter { cause == nil || $0.cause == cause }
  }

  /// That there is no gap, or none of a cause.
  func expectNoGaps(_ cause: String? = nil, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let gaps = try await gaps(cause)
    #expect(gaps.isEmpty, "\(gaps)", sourceLocation: sourceLocation)
  }

  /// Waits for a gap of a cause, of at least so many seconds, beyond those there were.
  @discardableResult
  func gap(_ cause: String, beyond count: Int = 0, lasting seconds: Double = 0) async throws -> Gap {
    var found: [Gap] = []
    var fitting: Gap?
    try await eventually("the gap \(cause): \(found)\n\(recorder.errors)") {
      found = try await self.gaps(cause)
      fitting = found.dropFirst(count).first { Double($0.until - $0.since) / 1e6 >= seconds }
      return fitting != nil
    }
    return try #require(fitting)
  }

  /// Waits until so many more samples are stored.
  func sample(_ count: Int = 3) async throws {
    let before = try await stage.samples()
    try await eventually("\(count) more samples\n\(recorder.errors)") {
      try await self.stage.samples() >= before + count
    }
  }

  /// How often something was said on standard error.
  func said(_ words: String) -> Int { recorder.errors.split(separator: "\n").count { $0.contains(words) } }

  /// That nothing that is held was closed, each end is one life, no time goes back, and the database is whole.
  func expectSound(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let held = try await heldLives()
    #expect(
      held.count == self.held.count * 2, "each end once: \(held.map(\.text))", sourceLocation: sourceLocation)
    for life in held {
      #expect(life.isNull("closed"), "a false close: \(life.text)", sourceLocation: sourceLocation)
    }
    // Tens of thousands come and go in the long form: each of them is looked at once, at the end.
    if !Effort.isLong { try await expectOrder(sourceLocation) }
    let backwards = try await stage.sql(
      """
      SELECT 'gap', cause FROM gaps WHERE until_us < since_us UNION ALL
      SELECT 'sample', first_us FROM samples WHERE last_us < first_us UNION ALL
      SELECT 'connection', id FROM connections WHERE closed_us < first_seen_us OR last_seen_us < first_seen_us
      """)
    #expect(backwards.isEmpty, "\(backwards)", sourceLocation: sourceLocation)
    let check = try await stage.run(["db", "check"])
    #expect(check.status == 0, "\(check.output)\(check.errors)", sourceLocation: sourceLocation)
  }

  /// That no life has a time that goes back.
  private func expectOrder(_ sourceLocation: SourceLocation) async throws {
    for life in try await lives() {
      #expect((life.double("duration_s") ?? 0) >= 0, "\(life.text)", sourceLocation: sourceLocation)
      let times = [life.moment("first_seen")] + (life.objects("states") ?? []).map { $0.moment("at") }
      let known = times.compactMap { $0 }
      #expect(known == known.sorted(), "\(life.text)", sourceLocation: sourceLocation)
    }
  }

  /// Ends it: the same once more, and no crash.
  func end(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    if Effort.isLong { try await puppet.order(["do": "calm"]) }
    try await stage.stop(recorder)
    try await expectSound(sourceLocation: sourceLocation)
    if Effort.isLong { try await expectOrder(sourceLocation) }
  }
}

extension Trait where Self == ConditionTrait {
  /// Skips, and says so, where faults cannot be made.
  static var needsFaults: Self {
    .enabled(
      if: Machine.makesNamespaces && Machine.python != nil && Machine.has("sqlite3") && Faults.library != nil,
      "needs root, the right to make network namespaces, iproute2, util-linux, Python 3, sqlite3 and libFaults.so"
    )
  }
}
