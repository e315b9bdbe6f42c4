// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// A database on another machine's disk: whoever would write it is told so, who reads it reads it.
  @Suite(.needsFaults)
  struct NetworkFileSystemTests {
    private func run(
      _ words: [String], _ stage: Stage, _ faults: Faults, _ puppet: Puppet
    ) async throws -> Stage.Outcome {
      try await stage.run(words, in: puppet.namespace, environment: faults.environment)
    }

    private static let record = ["record", "--interval", "20ms", "--for", "100ms", "--source", "proc"]

    @Test(arguments: [("NFS", 0x6969), ("CIFS", 0xFF53_4D42), ("9p", 0x0102_1997)] as [(String, UInt32)])
    func itIsNotWrittenOnANetwork(name: String, type: UInt32) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let table = stage.path("table")
      try FileManager.default.copyItem(atPath: "/proc/net/tcp", toPath: table)
      let faults = try Faults(stage)
      faults.set(.fileSystem(stage.directory + "*", type: type))
      for words in [Self.record, ["import", "--host", "web1", table]] {
        for path in [stage.database, stage.path("new/place.db")] {
          let outcome = try await run(words + ["--db", path], stage, faults, puppet)
          expectRefusal(outcome, [path, "network file system (\(name))", "--db", "local disk"])
          #expect(access(path, F_OK) != 0 && access(stage.path("new"), F_OK) != 0, "nothing is made")
        }
      }
      // What is there is read.
      #expect(try await stage.run(Self.record, in: puppet.namespace).status == 0)
      for words in [["history"], ["events"], ["db", "info"], ["db", "check"], ["list", "--at", "-0s"]] {
        let outcome = try await run(words, stage, faults, puppet)
        #expect(outcome.status == 0, "\(words): \(outcome.errors)")
        #expect(!outcome.errors.contains(name), "\(words): \(outcome.errors)")
      }
      for words in [Self.record, ["db", "prune", "--keep", "1d"]] {
        expectRefusal(try await run(words, stage, faults, puppet), [stage.database, "(\(name))"])
      }
    }

    @Test(arguments: [("FUSE", 0x6573_5546), ("VirtualBox", 0x786F_4256)] as [(String, UInt32)])
    func whatMayBeOneIsSaidOnce(name: String, type: UInt32) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let faults = try Faults(stage)
      faults.set(.fileSystem(stage.directory + "*", type: type))
      let outcome = try await run(Self.record, stage, faults, puppet)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").count { $0.contains(name) } == 1, "\(outcome.errors)")
      let quiet = try await run(Self.record + ["-q"], stage, faults, puppet)
      #expect(quiet.status == 0 && quiet.errors.isEmpty, "\(quiet.errors)")
    }

    @Test func aLocalDiskIsNotSpokenOf() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let outcome = try await stage.run(Self.record, in: puppet.namespace)
      #expect(outcome.status == 0)
      #expect(!outcome.errors.contains("disk"), "\(outcome.errors)")
    }
  }
}
