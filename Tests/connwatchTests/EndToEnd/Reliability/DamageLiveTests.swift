// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// `live --record` keeps to the same promises as `record`.
  @Suite(.needsNamespaces, .needs("sqlite3", "tmux"))
  struct DamageLiveTests {
    @Test(arguments: [Damage.removed, .zeroedHeader]) func theScreenGoesOn(_ damage: Damage) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      _ = try await puppet.pair("open", listener)
      let play = try await LivePlay.begin(stage, in: puppet.namespace)
      try await play.live("--record --db \(stage.database)")
      try await eventually("what is open") {
        try await DamageTests.lives(stage, stage.database, "closed_us IS NULL")?.count == 3
      }
      let open = try await DamageTests.lives(stage, stage.database, "closed_us IS NULL")
      try damage.inflict(on: stage.database, older: "", other: "")
      try await eventually("another file") {
        let now = try await DamageTests.lives(stage, stage.database, "closed_us IS NULL")
        return try await DamageTests.gaps(stage, stage.database).first?.first == damage.cause && now == open
      }
      try await play.screen.press("q")
      try await eventually("the end") { kill(try await play.pid(), 0) != 0 }
      #expect(try await stage.run(["db", "check"]).status == 0)
    }
  }
}
