// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Connections that live for a fraction of the interval: the kernel tells of each.
  struct KernelShortTests {
    private static let count = 1000

    @Test(.needsTrace, .needs("bash"))
    func rootSeesEachOneWholeThoughItsProgramIsGone() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await ShortScene(stage, "programs", ["--count", "\(Self.count)"])
      let recorder = try await stage.record(in: scene.namespace, interval: "1s")
      let played = try await scene.play()
      try await stage.stop(recorder, SIGINT)
      let rows = try await stage.history()
      #expect(rows.count == 2 * Self.count)
      let ends = BothEnds(rows, port: 8080)
      // One after another, and so they are known.
      #expect(ends.clientPorts == played.connections.map(\.port))
      #expect(ends.serverPorts == played.connections.map(\.port))
      for ((client, server), connection) in zip(zip(ends.clients, ends.servers), played.connections) {
        #expect(client.isWhole && server.isWhole, "\(client.text) \(server.text)")
        #expect(client.string("direction") == "out" && server.string("direction") == "in")
        #expect(client.process?.int("pid") == connection.pid)
        #expect(client.process?.string("name") == connection.programName)
        #expect(client.process?.string("exe") == connection.program)
        #expect(server.process?.int("pid") == scene.pid, "\(server.text)")
        // The other end's FIN counts as a byte; the kernel may tell before it comes.
        #expect([7, 8].contains(client.int("bytes_in")) && client.int("bytes_out") == 5)
        #expect(server.int("bytes_in") == 6 && server.int("bytes_out") == 7)
        for end in [client, server] {
          #expect(end.double("uncertainty_s") == 0)
          #expect(["end+trace", "netlink+end+trace"].contains(end.string("source")))
          #expect(end.moment("closed") != nil && end.isNull("netns"))
        }
      }
      // They were short, and so it was not the samples that saw them.
      #expect(rows.count { $0.string("source") == "end+trace" } > rows.count * 9 / 10)
      let durations = rows.compactMap { $0.double("duration_s") }.sorted()
      #expect(durations[durations.count / 2] < 0.05)
      #expect(ends.clients.count { $0.int("bytes_in") == 8 } > Self.count * 9 / 10)
      #expect(stage.remarks(of: recorder).last == "saw 2,000 of 2,000 openings", "\(recorder.errors)")
      let information = try await stage.information()
      #expect(information.int("active_opens") == Self.count)
      #expect(information.int("passive_opens") == Self.count)
      #expect(information.int("recorded") == 2 * Self.count)
    }

    /// What anybody sees of the same: every end, whose opening it does not know.
    @Test(.needsNamespaces, .needs("bash", "setpriv"))
    func anOrdinaryUserSeesTheEndOfEach() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await ShortScene(stage, "programs", ["--count", "\(Self.count)"])
      let user = try KernelUser(stage)
      let recorder = try await user.record(in: scene.namespace, interval: "100ms")
      let played = try await scene.play()
      try await stage.stop(recorder, SIGINT)
      let rows = try await stage.history(["--db", user.database])
      #expect(rows.count == 2 * Self.count)
      let ends = BothEnds(rows, port: 8080)
      #expect(ends.clientPorts.sorted() == played.connections.map(\.port).sorted())
      #expect(ends.serverPorts.sorted() == ends.clientPorts.sorted())
      for (client, server) in zip(ends.clients, ends.servers) {
        #expect([7, 8].contains(client.int("bytes_in")) && client.int("bytes_out") == 5)
        #expect(server.int("bytes_in") == 6 && server.int("bytes_out") == 7)
        #expect(client.string("direction") == "out" && server.string("direction") == "in")
      }
      for row in rows {
        #expect(row.states.last == "CLOSE")
        #expect(["end", "netlink+end"].contains(row.string("source")))
        // Nobody told when it opened.
        #expect(row.double("uncertainty_s") ?? 0 > 0, "\(row.text)")
        #expect(row.process?.isNull("pid") == true)
      }
      let remarks = stage.remarks(of: recorder)
      let said = remarks.filter { $0.prefixMatch(of: #/recording to |recorded |saw /#) == nil }
      #expect(said.count == 1, "\(recorder.errors)")
      #expect(said.first?.contains("sudo") == true, "\(recorder.errors)")
      #expect(remarks.last == "saw 2,000 of 2,000 openings", "\(recorder.errors)")
    }

    /// /proc shows those that leave a TIME_WAIT behind and misses the rest, and the meter says how many that is.
    @Test(.needsNamespaces, .needs("bash"))
    func procMissesSomeAndTheMeterTellsHowMany() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await ShortScene(stage, "programs", ["--count", "\(Self.count)"])
      let recorder = try await stage.record(["--source", "proc"], in: scene.namespace, interval: "500ms")
      _ = try await scene.play()
      let seen = try await stage.samples()
      try await eventually("another sample") { try await stage.samples() > seen + 1 }
      try await stage.stop(recorder)
      let rows = try await stage.history()
      let ends = BothEnds(rows, port: 8080)
      #expect(rows.count < 2 * Self.count)
      #expect(ends.clients.count > Self.count / 2, "TIME_WAIT rows are evidence of a connection")
      #expect(rows.allSatisfy { $0.string("source") == "proc" && $0.isNull("bytes_in") })
      let information = try await stage.information()
      let opened = try #require(information.int("active_opens")) + #require(information.int("passive_opens"))
      #expect(abs(opened - 2 * Self.count) <= 2 * Self.count / 100)
      #expect(abs(try #require(information.int("recorded")) - rows.count) <= 2 * Self.count / 100)
      let said = try #require(stage.remarks(of: recorder).last)
      let match = try #require(
        said.wholeMatch(of: #/saw ([0-9,]+) of ([0-9,]+) openings, [0-9]+ %: .*/#), "\(said)")
      #expect(match.1.replacing(",", with: "") == "\(information.int("recorded") ?? 0)")
      #expect(match.2.replacing(",", with: "") == "\(opened)")
    }

    /// Thousands a second. What is missed, if anything, is what the meter says.
    @Test(.needsTrace, arguments: ["trace", "netlink"])
    func whatIsMissedOfAStormIsTold(_ source: String) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await ShortScene(stage, "churn", ["--for", "3"])
      let recorder = try await stage.record(["--source", source], in: scene.namespace, interval: "1s")
      let count = try await scene.play().count
      try await stage.stop(recorder)
      let history = try await stage.history()
      let overlaps = BothEnds.overlaps(history)
      // Where ends are used again within a sample, it cannot always be told whose a row was: some in ten thousand.
      let rows = history.count
      #expect(overlaps.count <= rows / 1000, "\(overlaps.count), of them \(overlaps.prefix(2))")
      let information = try await stage.information()
      #expect(count > 1000, "no storm")
      #expect(information.int("active_opens") == count)
      #expect(information.int("passive_opens") == count)
      #expect(abs(try #require(information.int("recorded")) - rows) <= rows / 1000)
      #expect(rows <= 2 * count + count / 200, "\(rows) of \(2 * count)")
      let integrity = try await stage.run(["db", "check"])
      #expect(integrity.status == 0, "\(integrity.output)\(integrity.errors)")
    }

    @Test(.needsTrace) func attemptsThatAreRefusedAreRecordedAndCounted() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await ShortScene(stage, "refused", ["--count", "50"])
      let recorder = try await stage.record(in: scene.namespace, interval: "1s")
      let played = try await scene.play()
      try await stage.stop(recorder)
      let rows = try await stage.history()
      #expect(rows.map { $0.int("local_port") } == played.connections.map(\.port))
      for row in rows {
        #expect(row.tuple == "tcp 127.0.0.1:\(row.int("local_port") ?? 0) 127.0.0.1:8080")
        #expect(row.states == ["SYN_SENT", "CLOSE"])
        #expect(row.string("direction") == "out")
        #expect(row.double("uncertainty_s") == 0)
        #expect(row.process?.int("pid") == scene.pid)
        #expect(row.moment("closed") != nil)
      }
      let information = try await stage.information()
      #expect(information.int("active_opens") == 50)
      #expect(information.int("passive_opens") == 0)
      #expect(information.int("attempt_fails") == 50)
      #expect(information.int("recorded") == 50)
      #expect(stage.remarks(of: recorder).last == "saw 50 of 50 openings")
    }

    /// The message of a failed attempt's end does not say whereto.
    @Test(.needsNamespaces, .needs("setpriv"))
    func anOrdinaryUserIsToldHowManyAttemptsFailed() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await ShortScene(stage, "refused", ["--count", "50"])
      let user = try KernelUser(stage)
      let recorder = try await user.record(in: scene.namespace)
      _ = try await scene.play()
      try await stage.stop(recorder)
      #expect(try await stage.history(["--db", user.database]).isEmpty)
      #expect(
        stage.remarks(of: recorder).last?
          .hasPrefix("saw 0 of 50 openings, 0 %, 50 attempts among them came to nothing: ") == true,
        "\(recorder.errors)")
    }

    /// What began and ended between two samples can be ignored as well.
    @Test(.needsTrace, .needs("bash"))
    func whatIsIgnoredIsNeitherStoredNorTold() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await ShortScene(stage, "programs", ["--count", "20"])
      let recorder = try await stage.record(
        ["--print", "--json", "--ignore", "direction in"], in: scene.namespace, interval: "1s")
      let played = try await scene.play()
      try await stage.stop(recorder)
      let ports = Set(played.connections.map(\.port))
      let rows = try await stage.history()
      #expect(rows.count == 20)
      #expect(Set(rows.compactMap { $0.int("local_port") }) == ports)
      #expect(rows.allSatisfy { $0.isWhole && $0.string("direction") == "out" })
      let told = try recorder.lines.map { try JSONLine(String($0)) }.filter {
        $0.string("event") != "listening"
      }
      #expect(Set(told.compactMap { $0.int("local_port") }) == ports)
      for event in ["opened", "closed"] { #expect(told.count { $0.string("event") == event } == 20) }
      // The meter knows what was seen.
      #expect(stage.remarks(of: recorder).last == "saw 40 of 40 openings", "\(recorder.errors)")
    }

    /// As those of a resolver, which has a socket for each question.
    @Test(.needsNamespaces, arguments: ["auto", "netlink"])
    func questionsByUDPAreSeenBetweenSamples(_ source: String) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let scene = try await ShortScene(stage, "udp", ["--count", "300", "--port", "53"])
      let recorder = try await stage.record(["--source", source], in: scene.namespace, interval: "1s")
      let played = try await scene.play()
      try await stage.stop(recorder)
      let rows = try await stage.history()
      // A port can be had twice: each time it is another socket.
      #expect(rows.compactMap { $0.int("local_port") }.sorted() == played.connections.map(\.port).sorted())
      for row in rows {
        #expect(row.tuple == "udp 127.0.0.1:\(row.int("local_port") ?? 0) 127.0.0.1:53")
        #expect(row.states == ["ESTABLISHED"])
        #expect(row.string("direction") == "out")
        #expect(row.string("service") == "domain")
        #expect(row.moment("closed") != nil)
        #expect(["end", "netlink+end"].contains(row.string("source")))
        #expect(row.double("uncertainty_s") ?? 0 > 0, "\(row.text)")
      }
    }
  }

  /// Somebody without privileges, with a program and a directory of its own.
  struct KernelUser {
    private static let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    let stage: Stage
    let program: String
    let database: String

    init(_ stage: Stage) throws {
      self.stage = stage
      program = stage.path("connwatch")
      try FileManager.default.copyItem(atPath: try #require(Machine.connwatch), toPath: program)
      chmod(program, 0o755)
      let home = stage.path("home")
      try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
      chown(home, 65534, 65534)
      database = home + "/connwatch.db"
    }

    /// Starts its recorder, and waits until that has written its first sample.
    func record(in namespace: String, interval: String = "1s") async throws -> Child {
      let child = try stage.start(
        Self.nobody + [program, "record", "--interval", interval, "--for", "120s", "--db", database],
        in: namespace)
      try await eventually("the first sample") {
        if let status = child.status {
          throw TestFailure("the recorder ended with \(status)\n\(child.errors)")
        }
        guard access(database, F_OK) == 0 else { return false }
        let information = try await stage.run(["db", "info", "--json", "--db", database])
        return try information.status == 0 && information.json().first?.int("samples") ?? 0 > 0
      }
      return child
    }
  }
}
