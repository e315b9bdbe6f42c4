// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEnd {
  /// Sockets that stay, beside others that come and go as fast as the machine can: the kernel's tables then lack rows of
  /// sockets that were there all the time, and no end may be concluded from that.
  @Suite(.needsNamespaces, .needs("sqlite3", "cc"))
  struct ChurnTests {
    /// TCP connections and UDP sockets that stay; of the connections both ends are recorded.
    private static let (pairs, datagrams) = (500, 1200)
    private static let samples = Effort.of(short: 26, long: 1000)
    /// Connections that must have come and gone beside them, or nothing was tested.
    private static let leastChurn = Effort.of(short: 1000, long: 100_000)

    @Test(arguments: [1024, 262_144])
    func nothingThatStaysIsClosed(buckets: Int) async throws {
      let stage = try Stage()
      defer { stage.end() }
      let program = stage.path("churn")
      _ = try await stage.tool(["cc", "-O2", "-o", program, Machine.scene("churn.c")])
      for source in ["proc", "netlink", "auto"] {
        // A debug build's recorder cannot hear of more in time; the long form is for a release build.
        let rate = source == "auto" ? Effort.of(short: 5000, long: 10_000) : 0
        let churn = try await Churn(stage, program, buckets: buckets, rate: rate)
        let database = stage.path("\(source).db")
        let recorder = try churn.start([
          "record", "--interval", "50ms", "--for", "1h", "--source", source, "--db", database, "-q",
          "--ignore", "port = :7001 or port = :7003",
        ])
        try await eventually("samples\n\(recorder.errors)", within: Effort.of(short: 240, long: 1200)) {
          if let status = recorder.status { throw TestFailure("\(status): \(recorder.errors)") }
          guard try await churn.opened() >= Self.leastChurn else { return false }
          try await Task.sleep(for: .milliseconds(Effort.of(short: 200, long: 2000)))
          return try await stage.samples(database) >= Self.samples
        }
        try await stage.stop(recorder)
        let samples = try await stage.samples(database)
        let lacking = Effort.isLong ? try await churn.lackingTables(stage, of: 200) : nil
        let done = try await churn.end()
        // Every life but those of its listener: as many as there are sockets, none of them ended.
        let told = try await stage.sql(
          """
          SELECT proto, count(*), count(closed_us) FROM connections
          WHERE local_port IN (7000, 7002) OR remote_port IN (7000, 7002) GROUP BY 1 ORDER BY 1
          """, database)
        #expect(
          told == [["tcp", "\(Self.pairs * 2)", "0"], ["udp", "\(Self.datagrams)", "0"]],
          "\(source), \(buckets) buckets: lives and how many of them ended")
        #expect(try await stage.run(["db", "check", "--db", database]).status == 0)
        if Effort.isLong {
          print(
            "churn: \(source), \(buckets) buckets: \(Int(Double(done.opened) / done.seconds)) connections/s, "
              + "\(Int(Double(done.udp) / done.seconds)) UDP sockets/s, \(samples) samples, "
              + "tables that lacked a row: tcp \(lacking?.tcp ?? 0), udp \(lacking?.udp ?? 0) of 200")
        }
      }
    }
  }
}

/// Tests/Scenes/churn.c in a network namespace whose hash tables have so many buckets.
private struct Churn {
  struct Done {
    var opened: Int
    var udp: Int
    var seconds: Double
  }

  let child: Child
  private let stage: Stage
  private let entering: [String]
  private let openedBefore: Int

  init(_ stage: Stage, _ program: String, buckets: Int, rate: Int) async throws {
    self.stage = stage
    // The size of a namespace's own tables is set in the one that it is made from.
    let script = """
      sysctl -qw net.ipv4.tcp_child_ehash_entries=\(buckets) net.ipv4.udp_child_hash_entries=\(min(buckets, 65_536))
      exec unshare --net sh -c 'ip link set lo up; sysctl -qw net.ipv4.tcp_max_tw_buckets=1000
        exec \(program) 500 1200 \(rate)'
      """
    let child = try stage.start(["unshare", "--net", "sh", "-c", script], listens: true)
    try await eventually("the churn\n\(child.errors)") {
      if let status = child.status { throw TestFailure("churn ended with \(status): \(child.errors)") }
      return !child.lines.isEmpty
    }
    self.child = child
    entering = ["nsenter", "--net=/proc/\(child.pid)/ns/net"]
    let size = try await stage.tool(entering + ["cat", "/proc/sys/net/ipv4/tcp_ehash_entries"])
    // A kernel without tables of a namespace's own shows the machine's, as a number below zero.
    try #require(size == "\(buckets)\n" || size.hasPrefix("-"), "\(size)")
    openedBefore = try await Self.activeOpens(stage, entering)
  }

  /// Starts connwatch beside it.
  func start(_ words: [String]) throws -> Child {
    try stage.start(entering + [try #require(Machine.connwatch)] + words)
  }

  /// How many connections there were since it began, by the kernel's own count.
  func opened() async throws -> Int { try await Self.activeOpens(stage, entering) - openedBefore }

  /// How many of so many readings of the tables, by a program that does nothing but count, lacked a row that was there.
  func lackingTables(_ stage: Stage, of readings: Int) async throws -> (tcp: Int, udp: Int) {
    let script = """
      import os
      def rows(name, port):
          with open("/proc/net/" + name, "rb", buffering=0) as file:
              text = b""
              while True:
                  part = os.read(file.fileno(), 65536)
                  text += part
                  if len(part) < 3584:
                      break
          rows = [line.split() for line in text.splitlines()[1:]]
          return len({(row[1], row[2]) for row in rows if row[1].endswith(port) or row[2].endswith(port)})
      for name, port, count in (("tcp", b":1B58", 1001), ("udp", b":1B5A", 1200)):
          print(sum(rows(name, port) < count for _ in range(\(readings))))
      """
    let text = try await stage.tool(entering + [try #require(Machine.python), "-c", script])
    let counts = text.split(separator: "\n").compactMap { Int($0) }
    return (counts[0], counts[1])
  }

  func end() async throws -> Done {
    child.hangUp()
    try await child.end()
    let line = try JSONLine(String(try #require(child.lines.last)))
    return Done(
      opened: try #require(line.int("opened")), udp: try #require(line.int("udp")),
      seconds: try #require(line.double("seconds")))
  }

  private static func activeOpens(_ stage: Stage, _ entering: [String]) async throws -> Int {
    let lines = try await stage.tool(entering + ["cat", "/proc/net/snmp"]).split(separator: "\n")
      .filter { $0.hasPrefix("Tcp:") }.map { $0.split(separator: " ") }
    let at = try #require(lines.first?.firstIndex(of: "ActiveOpens"))
    return try #require(Int(lines[1][at]))
  }
}
