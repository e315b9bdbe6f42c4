// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// `list --netns`: the sockets of other network namespaces, whose addresses may be the same.
  @Suite(.needsNamespaces, .needs("ip"))
  struct NamespaceTests {
    private static let sources = ["proc", "netlink", "auto"]

    /// A namespace in which 10.0.0.1:5000 is connected with the listener 10.0.0.2:80.
    private struct Place {
      var puppet: Puppet
      var inodes: [Int]
      var name: String { puppet.namespace }
    }

    private func place(_ stage: Stage) async throws -> Place {
      let puppet = try await stage.puppet()
      for address in ["10.0.0.1", "10.0.0.2"] {
        _ = try await stage.tool(["ip", "-n", puppet.namespace, "addr", "add", address + "/32", "dev", "lo"])
      }
      let listener = try await puppet.listen("web", 80, address: "10.0.0.2")
      let client = try await puppet.order([
        "do": "connect", "key": "a", "address": "10.0.0.2", "port": 80, "local_address": "10.0.0.1",
        "local_port": 5000,
      ])
      let server = try await puppet.accept("as", from: "web")
      return Place(puppet: puppet, inodes: [listener.inode, client.int("inode") ?? 0, server.inode].sorted())
    }

    /// Takes a namespace away at the end of a test, which has no time to wait in the usual way.
    private static func remove(_ name: String) {
      let process = Process()
      process.executableURL = Machine.path(of: "ip").map { URL(filePath: $0) }
      process.arguments = ["netns", "del", name]
      if (try? process.run()) != nil { process.waitUntilExit() }
    }

    @Test func eachSocketIsListedOnceUnderItsOwnNamespace() async throws {
      let stage = try Stage()
      defer { stage.end() }
      var places: [Place] = []
      for _ in 0..<3 { places.append(try await place(stage)) }
      // One more in the second, which nobody accepts: what waits there waits nowhere else.
      try await places[1].puppet.order([
        "do": "connect", "key": "b", "address": "10.0.0.2", "port": 80, "local_address": "10.0.0.1",
        "local_port": 5001,
      ])
      for source in Self.sources {
        let rows = try await stage.succeed(
          ["list", "--netns", "all", "--json", "-t", "-q", "--source", source, "net", "10.0.0.0/30"]
        ).json()
        for (index, place) in places.enumerated() {
          let own = rows.filter { $0.string("netns") == place.name && $0.int("remote_port") != 5001 }
            .filter { $0.int("local_port") != 5001 }
          #expect(own.compactMap { $0.int("inode") }.sorted() == place.inodes, "\(source)")
          #expect(
            own.map(\.tuple).sorted() == [
              "tcp 10.0.0.1:5000 10.0.0.2:80", "tcp 10.0.0.2:80 0.0.0.0:0", "tcp 10.0.0.2:80 10.0.0.1:5000",
            ], "\(source)")
          #expect(own.allSatisfy { $0.process?.int("pid") == place.puppet.pid }, "\(source)")
          let server = own.first { $0.int("remote_port") == 5000 }
          #expect(server?.string("direction") == "in", "\(source)")
          let waiting = rows.filter { $0.string("netns") == place.name && $0.int("remote_port") == 5001 }
          #expect(waiting.count == (index == 1 ? 1 : 0), "\(source)")
          for row in waiting { #expect(row.process?.string("why_unknown") == "not yet accepted") }
        }
        let inodes = rows.compactMap { $0.int("inode") }.filter { $0 != 0 }
        #expect(Set(inodes).count == inodes.count, "\(source)")
      }
    }

    @Test func oneIsFoundByItsNameItsLabelAndItsProcesses() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let place = try await place(stage)
      let link = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(place.puppet.pid)/ns/net")
      for word in [place.name, "\(place.puppet.pid)", link] {
        for source in Self.sources {
          let rows = try await stage.succeed(["list", "--json", "--netns", word, "--source", source]).json()
          #expect(rows.compactMap { $0.int("inode") }.sorted() == place.inodes, "\(word) \(source)")
          #expect(rows.allSatisfy { $0.string("netns") == place.name }, "\(word) \(source)")
        }
      }
      // From within it is our own.
      for words in [[], ["--netns", "self"], ["--netns", place.name]] {
        let rows = try await stage.succeed(["list", "--json"] + words, in: place.name).json()
        #expect(rows.compactMap { $0.int("inode") }.sorted() == place.inodes)
        #expect(rows.allSatisfy { $0.string("netns") == place.name })
      }
      let unknown = try await stage.run(["list", "--netns", place.name + "x"])
      expectRefusal(unknown, [place.name + "x", "no such network namespace", "there are", place.name])
      // A namespace is a column where there can be several.
      let all = try await stage.succeed(["list", "-q", "--netns", "all"]).lines
      #expect(all[0].split(separator: " ").prefix(4) == ["STATE", "PROTO", "NETNS", "LOCAL"])
      #expect(all.contains { $0.contains(" \(place.name) ") && $0.contains("10.0.0.1:5000") })
      let one = try await stage.succeed(["list", "--netns", place.name]).lines
      #expect(!one[0].contains("NETNS"))
      #expect(one.count == 4)
      let listeners = try await stage.succeed(["list", "-l", "--netns", place.name]).lines
      #expect(listeners.count == 2)
      let summary = try await stage.succeed(["list", "-s", "--json", "--netns", place.name]).json()
      #expect(
        summary.map { "\($0.string("state") ?? "") \($0.int("sockets") ?? 0)" } == [
          "ESTABLISHED 2", "LISTEN 1",
        ])
    }

    /// Kept by its name alone: its sockets can be seen by entering it only. And it has its own range of client ports.
    @Test func aNamespaceNeedsNoProcess() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let name = "connwatch-\(getpid())-kept"
      _ = try await stage.tool(["ip", "netns", "add", name])
      defer { Self.remove(name) }
      _ = try await stage.tool(["ip", "-n", name, "link", "set", "lo", "up"])
      let puppet = try await stage.puppet(in: name)
      try await puppet.order([
        "do": "sysctl", "name": "net.ipv4.ip_local_port_range", "value": "10000 10100",
      ])
      let listener = try await puppet.listen("web", 8080)
      _ = try await puppet.pair("a", listener)
      try await puppet.order(["do": "udp", "key": "client", "port": 10050])
      try await puppet.order(["do": "udp", "key": "server", "port": 40000])
      for source in Self.sources {
        let rows = try await stage.succeed(
          ["list", "-lu", "--json", "--netns", name, "--source", source]
        ).json()
        #expect(rows.map { $0.int("local_port") } == [40000], "\(source)")
      }
      try await puppet.close("a")
      try await puppet.close("as")
      puppet.child.finish()
      for source in Self.sources {
        let rows = try await stage.succeed(["list", "--json", "--netns", name, "--source", source]).json()
        #expect(rows.map { $0.string("state") } == ["TIME_WAIT"], "\(source)")
        #expect(rows.map { $0.int("remote_port") } == [8080], "\(source)")
        #expect(rows.map { $0.string("netns") } == [name], "\(source)")
        // What nobody listens at any more, seen with the range of client ports that is valid there.
        #expect(try #require(rows.first?.int("local_port")) <= 10100)
      }
      let all = try await stage.succeed(["list", "--json", "-q", "--netns", "all", "state", "time-wait"])
        .json()
      #expect(all.count { $0.string("netns") == name } == 1)
    }

    /// Somebody without privileges is shown the namespaces of processes of one's own, and told what is missing.
    @Test(.needs("setpriv")) func anOrdinaryUserSeesItsOwn() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
      let program = stage.path("connwatch")
      try FileManager.default.copyItem(atPath: try #require(Machine.connwatch), toPath: program)
      chmod(program, 0o755)
      let (other, place) = (try await place(stage), try await place(stage))
      let own = try stage.start(nobody + ["sleep", "60"], in: place.name)
      try await eventually("nobody's process") {
        (try? FileManager.default.attributesOfItem(atPath: "/proc/\(own.pid)"))?[.ownerAccountID] as? Int
          == 65534
          && (try? String(contentsOfFile: "/proc/\(own.pid)/comm", encoding: .utf8)) == "sleep\n"
      }
      func run(_ words: [String]) async throws -> Stage.Outcome {
        let child = try stage.start(
          nobody + [program] + words, environment: ["HOME": "/", "XDG_STATE_HOME": nil, "CONNWATCH_DB": nil])
        let status = try await child.end()
        return Stage.Outcome(status: status, output: child.output, errors: child.errors)
      }
      let all = try await run(["list", "--json", "--netns", "all", "--no-owners"])
      #expect(all.status == 0, "\(all.errors)")
      let rows = try all.json()
      #expect(
        rows.filter { $0.string("netns") == place.name }.compactMap { $0.int("inode") }.sorted()
          == place.inodes)
      #expect(rows.allSatisfy { $0.string("netns") != other.name })
      let remarks = all.errors.split(separator: "\n")
      #expect(
        remarks.count { $0.contains("may not be entered") && $0.contains(other.name) && $0.contains("sudo") }
          == 1)
      #expect(remarks.count { $0.contains("processes may not be looked into") && $0.contains("sudo") } == 1)
      #expect(remarks.count == 2, "\(all.errors)")
      #expect(try await run(["list", "--netns", "\(own.pid)", "--json", "--no-owners"]).lines.count == 3)
      expectRefusal(
        try await run(["list", "--netns", other.name]), [other.name, "Operation not permitted", "sudo"])
      expectRefusal(
        try await run(["list", "--netns", "\(other.puppet.pid)"]),
        ["\(other.puppet.pid)", "may not be seen", "sudo"])
      expectRefusal(
        try await run(["list", "--netns", place.name, "--source", "netlink"]), ["not", "enter"])
    }
  }
}
