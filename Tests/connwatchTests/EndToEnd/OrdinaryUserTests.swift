// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Somebody without privileges: every socket is seen, the owners of one's own too, and of others' it is said why not.
  @Suite(.needsNamespaces, .needs("setpriv", "curl"))
  struct OrdinaryUserTests {
    private static let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    /// Everything that nobody needs: the program where it may be run, a home, a socket of nobody's and one of root's.
    private struct Place {
      var program: String
      var home: String
      var curl: Child
      var port: Int
    }

    private func prepare(_ stage: Stage, _ puppet: Puppet) async throws -> Place {
      let program = stage.path("connwatch")
      try FileManager.default.copyItem(atPath: try #require(Machine.connwatch), toPath: program)
      chmod(program, 0o755)
      let home = stage.path("home")
      try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
      chown(home, 65534, 65534)
      let listener = try await puppet.listen("web", 8080)
      let curl = try stage.start(
        Self.nobody + ["curl", "--silent", "http://127.0.0.1:8080/"], in: puppet.namespace)
      try await puppet.accept("served", from: "web")
      return Place(program: program, home: home, curl: curl, port: listener.port)
    }

    private func run(
      _ words: [String], _ stage: Stage, _ puppet: Puppet, _ place: Place
    ) async throws -> Stage.Outcome {
      let child = try stage.start(
        Self.nobody + [place.program] + words, in: puppet.namespace,
        environment: ["HOME": place.home, "XDG_STATE_HOME": nil, "CONNWATCH_DB": nil])
      let status = try await child.end()
      return Stage.Outcome(status: status, output: child.output, errors: child.errors)
    }

    private func check(_ rows: [JSONLine], _ place: Place, _ puppet: Puppet) throws {
      let own = try #require(rows.first { $0.int("remote_port") == place.port })
      #expect(own.process?.int("pid") == Int(place.curl.pid))
      #expect(own.process?.string("name") == "curl")
      #expect(own.process?.isNull("why_unknown") == true)
      #expect(own.string("direction") == "out")
      for row in rows where row.int("local_port") == place.port {
        #expect(row.process?.isNull("pid") == true)
        #expect(row.process?.string("why_unknown") == "no permission")
        #expect(row.int("uid") == 0, "whose it is is no secret")
      }
    }

    @Test func listShowsAllAndSaysOnceWhatItMayNotSee() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let place = try await prepare(stage, puppet)
      let outcome = try await run(["list", "--json"], stage, puppet, place)
      #expect(outcome.status == 0)
      let rows = try outcome.json()
      #expect(rows.count == 3)
      try check(rows, place, puppet)
      let remarks = outcome.errors.split(separator: "\n")
      #expect(remarks.count == 1, "\(outcome.errors)")
      #expect(remarks.first?.contains("owners of 2 sockets ") == true)
      #expect(remarks.first?.contains("no permission") == true)
      #expect(remarks.first?.contains("sudo") == true)
      let table = try await run(["-t", "-q"], stage, puppet, place)
      #expect(table.status == 0)
      #expect(table.errors.isEmpty)
      #expect(table.lines.count == 4)
      #expect(table.output.contains("(no permission)"))
    }

    @Test func recordingNeedsNoPrivileges() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let place = try await prepare(stage, puppet)
      let recorded = try await run(["record", "--interval", "50ms", "--for", "500ms"], stage, puppet, place)
      #expect(recorded.status == 0, "\(recorded.errors)")
      let said = recorded.errors.split(separator: "\n")
      #expect(said.filter { $0.contains("owners") && $0.contains("sudo") }.count == 1, "\(recorded.errors)")
      let database = place.home + "/.local/state/connwatch/connwatch.db"
      #expect(said.first?.contains(database) == true)
      let history = try await run(["history", "-a", "--json"], stage, puppet, place)
      #expect(history.status == 0)
      let rows = try history.json()
      #expect(rows.count == 3)
      try check(rows, place, puppet)
      // Nobody else's business.
      let attributes = try FileManager.default.attributesOfItem(atPath: database)
      #expect(try #require(attributes[.posixPermissions] as? Int) & 0o007 == 0)
      for words in [
        ["services"], ["events"], ["listeners"], ["db", "info"], ["db", "check"], ["list", "--at", "-1s"],
      ] {
        #expect(try await run(words, stage, puppet, place).status == 0, "\(words)")
      }
    }

    /// A directory that may be read but not written: no recorder, and readers all the same.
    @Test func aDirectoryThatMayNotBeWrittenCanBeRead() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let place = try await prepare(stage, puppet)
      let recorder = try await stage.record(in: puppet.namespace)
      try await stage.stop(recorder)
      for suffix in ["", "-wal", "-shm", ".lock"] { chmod(stage.database + suffix, 0o644) }
      for words in [["history", "-a"], ["list", "--at", "-0s"], ["db", "check"], ["events"]] {
        let outcome = try await run(words + ["--db", stage.database], stage, puppet, place)
        #expect(outcome.status == 0, "\(words): \(outcome.errors)")
      }
      let refused = try await run(["record", "--for", "1s", "--db", stage.database], stage, puppet, place)
      expectRefusal(refused, [stage.database])
      let none = stage.path("none.db")
      expectRefusal(
        try await run(["record", "--for", "1s", "--db", none], stage, puppet, place),
        [none, "Permission denied"])
      expectRefusal(
        try await run(["record", "--for", "1s", "--db", stage.path("a/b/c.db")], stage, puppet, place),
        ["Permission denied"])
      chmod(stage.database, 0o600)
      expectRefusal(
        try await run(["history", "--db", stage.database], stage, puppet, place),
        [stage.database, "Permission denied"])
    }
  }
}
