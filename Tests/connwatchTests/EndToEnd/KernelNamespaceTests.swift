// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// `record --netns`: several network namespaces, whose addresses are the same.
  @Suite(.needsTrace)
  struct KernelNamespaceTests {
    /// Addresses that no other run of these tests has, whose namespaces are seen as well.
    private static let net = "10.\(100 + getpid() / 250 % 100).\(getpid() % 250)"
    private static let (near, far) = (net + ".1", net + ".2")
    /// Neither the machine's own sockets nor those of other tests.
    private static let ours = ["--ignore", "not net \(net).0/24"]
    private static let tuples = ["tcp \(near):5000 \(far):80", "tcp \(far):80 \(near):5000"]
    private static let short = ["tcp \(near):5001 \(far):80", "tcp \(far):80 \(near):5001"]

    /// A namespace with a listener at its far address, port 80.
    private func place(_ stage: Stage) async throws -> Puppet {
      let puppet = try await stage.puppet()
      for address in [Self.near, Self.far] {
        _ = try await stage.tool(["ip", "-n", puppet.namespace, "addr", "add", address + "/32", "dev", "lo"])
      }
      try await puppet.listen("web", 80, address: Self.far)
      return puppet
    }

    private func connect(_ puppet: Puppet, _ key: String, _ port: Int) async throws {
      try await puppet.order([
        "do": "connect", "key": key, "address": Self.far, "port": 80, "local_address": Self.near,
        "local_port": port,
      ])
      try await puppet.accept(key + "s", from: "web")
    }

    private func close(_ puppet: Puppet, _ key: String) async throws {
      try await puppet.close(key)
      try await puppet.close(key + "s")
    }

    @Test func eachConnectionIsRecordedOnceUnderItsOwnNamespace() async throws {
      let stage = try Stage()
      defer { stage.end() }
      var places: [Puppet] = []
      for _ in 0..<3 { places.append(try await place(stage)) }
      let watcher = try await stage.puppet()
      try await connect(places[0], "early", 40999)
      let recorder = try await stage.record(["--netns", "all"] + Self.ours, in: watcher.namespace)
      for place in places { try await connect(place, "a", 5000) }
      // The same moment, the same ends, shorter than an interval.
      for place in places { try await connect(place, "b", 5001) }
      for place in places { try await close(place, "b") }
      let seen = try await stage.samples()
      try await eventually("more samples") { try await stage.samples() > seen + 3 }
      let now = try await stage.history()
      #expect(now.count { $0.string("state") == "ESTABLISHED" } == 8, "\(now.map(\.text))")
      #expect(now.count { Self.short.contains($0.tuple) } == 6, "\(now.map(\.text))")
      // One that goes while it is recorded.
      places[2].child.finish()
      try await eventually("the end of what was open in it", within: 30) {
        try await stage.history(["port", "5000"]).count { !$0.isNull("closed") } == 2
      }
      for place in places.prefix(2) { try await close(place, "a") }
      try await eventually("the ends of the others") {
        try await stage.history(["port", "5000"]).count { !$0.isNull("closed") } == 6
      }
      try await stage.stop(recorder)
      let rows = try await stage.history()
      #expect(rows.count == 14, "\(rows.map(\.tuple))")
      #expect(rows.count { $0.int("local_port") == 40999 || $0.int("remote_port") == 40999 } == 2)
      for place in places {
        let own = rows.filter { $0.string("netns") == place.namespace }
        let long = own.filter { Self.tuples.contains($0.tuple) }
        #expect(long.map(\.tuple).sorted() == Self.tuples)
        #expect(long.allSatisfy { !$0.isNull("closed") })
        let short = own.filter { Self.short.contains($0.tuple) }
        #expect(short.map(\.tuple).sorted() == Self.short)
        #expect(short.allSatisfy { $0.isWhole }, "\(short.map(\.text))")
        for row in own {
          #expect(row.process?.int("pid") == place.pid, "\(row.text)")
          #expect(row.string("direction") == (row.int("remote_port") == 80 ? "out" : "in"))
        }
      }
    }

    @Test func oneThatIsNamedIsRecordedAlone() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let (chosen, other) = (try await place(stage), try await place(stage))
      let watcher = try await place(stage)
      let recorder = try await stage.record(["--netns", chosen.namespace], in: watcher.namespace)
      for place in [chosen, other, watcher] { try await connect(place, "a", 5000) }
      for place in [chosen, other, watcher] { try await connect(place, "b", 5001) }
      for place in [chosen, other, watcher] { try await close(place, "b") }
      try await stage.stop(recorder)
      let rows = try await stage.history()
      #expect(rows.map(\.tuple).sorted() == (Self.tuples + Self.short).sorted())
      #expect(rows.allSatisfy { $0.string("netns") == chosen.namespace })
      #expect(rows.allSatisfy { $0.process?.int("pid") == chosen.pid }, "\(rows.map(\.text))")
      #expect(rows.filter { Self.short.contains($0.tuple) }.allSatisfy { $0.isWhole })
      #expect(
        stage.remarks(of: recorder).last == "\(chosen.namespace): saw 4 of 4 openings", "\(recorder.errors)")
      // Its listener too.
      let listeners = try await stage.history(["-l"])
      #expect(listeners.map { $0.int("local_port") } == [80])
      #expect(listeners.allSatisfy { $0.string("netns") == chosen.namespace })
    }

    @Test func oneThatComesWhileItIsRecordedIsTakenIn() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let watcher = try await stage.puppet()
      let recorder = try await stage.record(["--netns", "all"] + Self.ours, in: watcher.namespace)
      let late = try await place(stage)
      try await connect(late, "a", 5000)
      try await eventually("what is in it", within: 15) { try await stage.history().count == 2 }
      try await connect(late, "b", 5001)
      try await close(late, "b")
      try await stage.stop(recorder)
      let rows = try await stage.history()
      #expect(rows.map(\.tuple).sorted() == (Self.tuples + Self.short).sorted())
      #expect(rows.allSatisfy { $0.string("netns") == late.namespace }, "\(rows.map(\.text))")
      let short = rows.filter { Self.short.contains($0.tuple) }
      #expect(short.allSatisfy { $0.isWhole }, "\(short.map(\.text))")
    }

    @Test func oneThatIsNotThereIsRefused() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let outcome = try await stage.run(["record", "--for", "1s", "--netns", "connwatch-none"])
      expectRefusal(outcome, ["connwatch-none", "no such network namespace"])
    }
  }
}
