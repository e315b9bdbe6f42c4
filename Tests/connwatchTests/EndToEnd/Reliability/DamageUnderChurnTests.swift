// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// A database that is damaged at random moments while connections come and go.
  @Suite(.needsNamespaces, .needs("sqlite3"))
  struct DamageUnderChurnTests {
    @Test func itIsGoneOnEachTime() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let other = stage.path("other.db")
      let proc = try stage.capturedProc()
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      _ = try await puppet.pair("stays", listener)
      try await puppet.order(["do": "churn", "rate": 100, "lifetime": 0.08])
      var seen: [Damage: Int] = [:]
      var healed = 0
      for round in 0..<Effort.of(short: 3, long: 130) {
        let damage =
          Effort.isLong ? Damage.allCases[round % Damage.allCases.count] : Damage.allCases.randomElement()!
        let folder = stage.path("round\(round)")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let path = folder + "/test.db"
        let older = folder + ".older"
        _ = try await stage.succeed([
          "record", "--db", other, "--proc", proc, "--interval", "20ms", "--for", "60ms",
        ])
        let words = ["record", "--db", path, "--interval", "\(Int.random(in: 20...80))ms", "--for", "120s"]
        // The first one's log is moved into the file when it ends.
        let first = try stage.connwatch(words, in: puppet.namespace)
        try await eventually("some lives\n\(first.errors)") {
          try await DamageTests.lives(stage, path, "closed_us IS NOT NULL")?.count ?? 0 > 100
        }
        try await stage.stop(first)
        _ = try await stage.succeed(["db", "backup", older, "--db", path])
        let recorder = try stage.connwatch(words, in: puppet.namespace)
        try await eventually("a sample\n\(recorder.errors)") {
          // What is open there was left by the first one: this one must have the file before it is damaged.
          guard recorder.errors.contains("recording to") else { return false }
          return try await DamageTests.lives(stage, path, "local_port = 8080 AND closed_us IS NULL")?.isEmpty
            == false
        }
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...400)))
        try damage.inflict(on: path, older: older, other: other)
        var noticed = false
        for _ in 0..<200 where !noticed {
          noticed = recorder.errors.contains(" goes on")
          try await Task.sleep(for: .milliseconds(10))
        }
        // What was overwritten in the moment in which the log was moved is found by the next recorder.
        try await stage.stop(recorder)
        var last = recorder
        // Or by nobody: the log held the same page and has been moved over it, or it was a free one.
        var isHealed = false
        if !noticed && damage == .middlePage {
          isHealed = (try? await stage.sql("PRAGMA integrity_check", path)) == [["ok"]]
          healed += isHealed ? 1 : 0
        }
        if !noticed && damage.isPutAside && !isHealed {
          last = try stage.connwatch(words, in: puppet.namespace)
          try await eventually("the damage to be found\n\(last.errors)") { last.errors.contains(" goes on") }
          try await stage.stop(last)
        }
        #expect(noticed || damage.isPutAside, "\(damage): \(recorder.errors)")
        if noticed { seen[damage, default: 0] += 1 }
        let gaps = try await DamageTests.gaps(stage, path)
        #expect(gaps.count == (isHealed ? 0 : 1), "\(damage): \(gaps) \(last.errors)")
        #expect(try await stage.sql("PRAGMA integrity_check", path) == [["ok"]], "\(damage)")
        let check = try await stage.run(["db", "check", "--db", path])
        #expect(check.status == 0, "\(damage): \(check.output)\(check.errors)")
        let open = try await DamageTests.lives(stage, path, "closed_us IS NULL") ?? []
        #expect(open.filter { $0.hasSuffix(":8080") }.count == 2, "\(damage): \(open)")
      }
      if Effort.isLong {
        let found = seen.map { "\($0.key) \($0.value)" }.sorted()
        print("noticed within two seconds:", found, "written over by the log:", healed)
      }
    }
  }
}
