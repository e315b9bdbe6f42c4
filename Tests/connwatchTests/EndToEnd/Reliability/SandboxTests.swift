// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Places that show less than a machine does: /proc mounted with parts hidden, containers, root without what makes it root.
  @Suite(.needsFaults, .needs("setpriv", "unshare"))
  struct SandboxTests {
    private static let nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups"
    private static let powerless = "setpriv --bounding-set=-all --inh-caps=-all"

    /// A way to begin: a shell's text in which `"$@"` is connwatch and its words.
    struct Place: CustomTestStringConvertible, Sendable {
      var testDescription: String
      var script: String
      /// A word on standard error that tells what is missing; nil where nothing is.
      var says: String?
      /// The source that the rows are said to be of.
      var source: String
    }

    /// A sanitizer reads its options from /proc/self/environ, and looks for leaks where it finds none.
    private static let sanitizerOptions = """
      if [ -n "$ASAN_OPTIONS" ]; then
        mkdir /proc/self
        printf 'ASAN_OPTIONS=%s\\0TSAN_OPTIONS=%s\\0' "$ASAN_OPTIONS" "$TSAN_OPTIONS" >/proc/self/environ
      fi
      """

    static let places = [
      Place(
        testDescription: "hidepid=1, nobody",
        script: "mount -t proc -o hidepid=1 none /proc && exec \(nobody) \"$@\"", says: "sudo",
        source: "netlink+end"),
      Place(
        testDescription: "hidepid=2, nobody",
        script: "mount -t proc -o hidepid=2 none /proc && exec \(nobody) \"$@\"", says: "sudo",
        source: "netlink+end"),
      Place(
        testDescription: "hidepid=4, nobody",
        script: "mount -t proc -o hidepid=4 none /proc && exec \(nobody) \"$@\"", says: "sudo",
        source: "netlink+end"),
      Place(
        testDescription: "subset=pid", script: "mount -t proc -o subset=pid none /proc && exec \"$@\"",
        says: nil, source: "netlink+end+trace"),
      Place(
        testDescription: "subset=pid, nobody",
        script: "mount -t proc -o subset=pid none /proc && exec \(nobody) \"$@\"", says: "sudo",
        source: "netlink+end"),
      Place(
        testDescription: "no /proc at all",
        script: "mount -t tmpfs none /proc || exit\n\(sanitizerOptions)\nexec \"$@\"", says: nil,
        source: "netlink+end+trace"),
      Place(
        testDescription: "a pid namespace", script: "exec unshare --pid --fork --mount-proc \"$@\"",
        says: nil,
        source: "netlink+end+trace"),
      Place(
        testDescription: "a user namespace, as root of it",
        script: "exec unshare --user --map-root-user --pid --fork --mount-proc \"$@\"", says: "not seen",
        source: "netlink+end"),
      Place(
        testDescription: "root without capabilities", script: "exec \(powerless) \"$@\"", says: "not seen",
        source: "netlink+end"),
      Place(
        testDescription: "root with CAP_NET_ADMIN alone",
        script: "exec setpriv --bounding-set=-all,+net_admin --inh-caps=-all,+net_admin \"$@\"",
        says: "not seen", source: "netlink+end"),
    ]

    /// Where nobody may run it and write.
    private func prepare(_ stage: Stage) throws -> String {
      let program = stage.path("connwatch")
      try FileManager.default.copyItem(atPath: try #require(Machine.connwatch), toPath: program)
      chmod(program, 0o755)
      chmod(stage.directory, 0o777)
      return program
    }

    @Test(arguments: places)
    func recordingGoesAsFarAsItCan(place: Place) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let program = try prepare(stage)
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      _ = try await puppet.pair("held", listener)
      let words = ["unshare", "--mount", "sh", "-c", place.script, "sh", program]
      let listed = try stage.start(words + ["list", "--json"], in: puppet.namespace)
      #expect(try await listed.end() == 0, "\(listed.errors)")
      #expect(listed.lines.count == 3, "\(listed.output)")
      let recorder = try stage.start(
        words + ["record", "--interval", "50ms", "--for", "60s"], in: puppet.namespace)
      try await eventually("a sample\n\(recorder.errors)") {
        if let status = recorder.status { throw TestFailure("\(status): \(recorder.errors)") }
        return try await stage.samples() > 0
      }
      let short = try await puppet.pair("short", listener)
      // Without a reset, whose end does not tell whose it was.
      try await puppet.close("short")
      try await puppet.close("shorts")
      try await eventually("its end\n\(recorder.errors)") {
        let lives = try await stage.history(["port", "\(short.port)"])
        return lives.count == 2 && lives.allSatisfy { !$0.isNull("closed") }
      }
      // unshare --fork waits for its child, which is to be told.
      let children =
        (try? String(contentsOfFile: "/proc/\(recorder.pid)/task/\(recorder.pid)/children", encoding: .utf8))?
        .split(separator: " ").compactMap { pid_t($0) } ?? []
      for pid in children.isEmpty ? [recorder.pid] : children { kill(pid, SIGTERM) }
      #expect(try await recorder.end() == 0, "\(recorder.errors)")
      if let says = place.says { #expect(recorder.errors.contains(says), "\(recorder.errors)") }
      let open = try await stage.history().filter { $0.isNull("closed") }
      #expect(open.count == 2, "\(open.map(\.text))")
      let sources = try await stage.sql("SELECT DISTINCT source FROM run")
      #expect(sources == [[place.source]], "\(recorder.errors)")
      #expect(try await stage.sql("SELECT cause FROM gaps").isEmpty)
      #expect(try await stage.run(["db", "check"]).status == 0)
    }

    /// Neither /proc/net nor netlink: there is nothing to record, and that is said at once.
    @Test func withoutAnySourceItIsSaid() async throws {
      let stage = try Stage()
      defer { stage.end() }
      let puppet = try await stage.puppet()
      let python = try #require(Machine.python)
      for words in [["list"], ["record", "--interval", "50ms", "--for", "300ms"]] {
        let child = try stage.start(
          [
            "unshare", "--mount", "sh", "-c", "mount -t proc -o subset=pid none /proc && exec \"$@\"", "sh",
            python, Machine.scene("forbid_netlink.py"), try #require(Machine.connwatch),
          ] + words, in: puppet.namespace, environment: ["PYTHONHOME": Machine.pythonHome])
        #expect(try await child.end() == 2, "\(words): \(child.errors)")
        #expect(child.errors.contains("/proc/net/tcp: No such file or directory"), "\(child.errors)")
        #expect(child.errors.contains("is /proc mounted there?"), "\(child.errors)")
      }
    }

    /// One goes on where another was, with what each may see.
    @Test(arguments: [true, false])
    func nobodyGoesOnWhereRootWas(rootFirst: Bool) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let program = try prepare(stage)
      let puppet = try await stage.puppet()
      let listener = try await puppet.listen("web", 8080)
      _ = try await puppet.pair("held", listener)
      func record(asRoot: Bool) async throws {
        // Whoever may write the database; it keeps its owner.
        for suffix in ["", "-wal", "-shm", ".lock"] { chmod(stage.database + suffix, 0o666) }
        let before = try await stage.samples()
        let recorder = try stage.start(
          (asRoot ? [] : Self.nobody.split(separator: " ").map(String.init)) + [
            program, "record", "--interval", "50ms", "--for", "60s",
          ], in: puppet.namespace)
        try await eventually("samples\n\(recorder.errors)") {
          if let status = recorder.status { throw TestFailure("\(status): \(recorder.errors)") }
          return try await stage.samples() > before + 3
        }
        try await stage.stop(recorder)
      }
      try await record(asRoot: rootFirst)
      let before = try await stage.history()
      try await record(asRoot: !rootFirst)
      let after = try await stage.history()
      #expect(before.count == 2 && after.compactMap { $0.int("id") } == before.compactMap { $0.int("id") })
      #expect(after.allSatisfy { $0.isNull("closed") })
      // What root knew of owners is not forgotten.
      #expect(after.allSatisfy { $0.process?.int("pid") == puppet.pid }, "\(after.map(\.text))")
      #expect(try await stage.sql("SELECT cause FROM gaps") == [["recorder stopped"]])
      #expect(try await stage.run(["db", "check"]).status == 0)
    }
  }
}
