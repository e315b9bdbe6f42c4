// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A scene of real programs (Tests/Scenes) that was played, and is held with everything still there, recorded.
struct PlayedScene {
  let stage: Stage
  let child: Child
  private let namespaces: [String: String]

  init(_ stage: Stage, _ child: Child, _ ready: JSONLine) throws {
    self.stage = stage
    self.child = child
    namespaces = try #require(ready.dictionary("machines"))
  }

  /// What it has said until now.
  func words() throws -> [JSONLine] { try child.lines.map { try JSONLine(String($0)) } }

  /// What it has said of one kind of thing.
  func said(_ event: String) throws -> [JSONLine] { try words().filter { $0.string("event") == event } }

  /// The network namespace of one of its machines.
  func namespace(_ role: String) throws -> String { try #require(namespaces[role]) }

  /// Where what is recorded on one of its machines goes.
  static func database(_ stage: Stage, _ role: String) -> String { stage.path(role + ".db") }

  /// Runs connwatch on one of its machines, with what was recorded there.
  func run(_ words: [String], on role: String) async throws -> Stage.Outcome {
    try await stage.run(
      words + ["-q", "--db", Self.database(stage, role)], in: namespace(role))
  }

  /// Asks connwatch on one of its machines for rows.
  func ask(
    _ words: [String], on role: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> [JSONLine] {
    let outcome = try await run(words + ["--json"], on: role)
    #expect(outcome.status == 0, "\(words): \(outcome.errors)", sourceLocation: sourceLocation)
    return try outcome.json()
  }
}

extension Stage {
  /// Starts a scene of real programs with recorders on some of its machines, and waits until it has said a word.
  func play(
    _ name: String, _ words: [String] = [], recordOn roles: [String], until event: String = "done"
  ) async throws -> PlayedScene {
    let connwatch = try #require(Machine.connwatch)
    let record = "\(connwatch) record --interval 200ms --for 120s --print --db \(path("{role}.db"))"
    let (child, _) = try await scene(
      name,
      words + ["--settle", "0.8", "--hold", "0", "--record", record, "--record-output", path("record.out")]
        + ["--record-in"] + roles)
    func find(_ event: String) throws -> JSONLine? {
      try child.lines.map { try JSONLine(String($0)) }.first { $0.string("event") == event }
    }
    try await eventually("\(name) to say \(event)\n\(child.errors)", within: 60) {
      if let status = child.status { throw TestFailure("\(name) ended with \(status): \(child.errors)") }
      return try find(event) != nil
    }
    for role in roles {
      try await eventually("a sample of \(role)") {
        try await samples(PlayedScene.database(self, role)) > 0
      }
    }
    return try PlayedScene(self, child, #require(try find("ready")))
  }
}
