// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Connections too short to be sampled (Tests/Scenes/short.py), in a network namespace of their own.
struct ShortScene {
  /// A connection as its scene knows it.
  struct Connection: Hashable {
    /// The client's port.
    var port: Int
    /// The client.
    var pid: Int
    var program: String
    var programName: String { URL(filePath: program).lastPathComponent }
  }

  /// What a scene has done.
  struct Played {
    var connections: [Connection]
    /// How many there were, of a scene that only counts them.
    var count: Int
  }

  let child: Child
  let namespace: String
  /// The server, and the client of those without programs of their own.
  let pid: Int

  init(_ stage: Stage, _ kind: String, _ words: [String] = []) async throws {
    let ready: JSONLine
    (child, ready) = try await stage.scene("short.py", [kind] + words)
    namespace = try #require(ready.string("netns"))
    pid = try #require(ready.int("pid"))
  }

  /// Lets it begin, and waits until all of them are closed.
  func play() async throws -> Played {
    try child.tell("")
    try await eventually("the short connections\n\(child.errors)", within: 120) {
      if let status = child.status { throw TestFailure("short.py ended with \(status)\n\(child.errors)") }
      return child.lines.last?.contains(#""event": "done""#) == true
    }
    let lines = try child.lines.dropFirst().map { try JSONLine(String($0)) }
    let connections = try lines.dropLast().map { line in
      Connection(
        port: try #require(line.int("port")), pid: try #require(line.int("pid")),
        program: try #require(line.string("program")))
    }
    return Played(connections: connections, count: try #require(lines.last?.int("connections")))
  }
}

/// The two rows of each loopback connection, in the order of their openings.
struct BothEnds {
  var clients: [JSONLine] = []
  var servers: [JSONLine] = []

  /// Sorts rows, oldest first, by their ends, of which one has to be `port`.
  init(_ rows: [JSONLine], port: Int, sourceLocation: SourceLocation = #_sourceLocation) {
    for row in rows {
      let (local, remote) = (row.int("local_port") ?? 0, row.int("remote_port") ?? 0)
      #expect(row.tuple == "tcp 127.0.0.1:\(local) 127.0.0.1:\(remote)", sourceLocation: sourceLocation)
      #expect((local == port) != (remote == port), "\(row.tuple)", sourceLocation: sourceLocation)
      if remote == port { clients.append(row) } else { servers.append(row) }
    }
  }

  /// The client's port of each connection, as its one end and as the other has it. A port can be used again.
  var clientPorts: [Int] { clients.compactMap { $0.int("local_port") } }
  var serverPorts: [Int] { servers.compactMap { $0.int("remote_port") } }

  /// Tuples that had two lives at a time, which no tuple has.
  static func overlaps(_ rows: [JSONLine]) -> [String] {
    var last: [String: JSONLine] = [:]
    return rows.compactMap { row in
      guard let before = last.updateValue(row, forKey: "\(row.string("netns") ?? "") \(row.tuple)") else {
        return nil
      }
      // Of an end that was not seen it is known when it was at the latest, and how much earlier it can have been.
      let uncertainty = Int64((before.double("uncertainty_s") ?? 0) * 1e6)
      let closed = (before.moment("closed") ?? .max) - uncertainty
      return closed <= (row.moment("first_seen") ?? 0) + 1 ? nil : "\(before.text) and \(row.text)"
    }
  }
}

extension Machine {
  /// True where a trace of this process's own can be had: root, and a kernel with tracefs.
  static let traces = mounts && (try? traceInstances()) != nil

  /// The tracing instances that there are, looked at through a mount that nobody else sees.
  static func traceInstances() throws -> [String] {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = path(of: "unshare").map { URL(filePath: $0) }
    process.arguments = [
      "--mount", "sh", "-c", "mount -t tracefs none /mnt && ls /mnt/instances && ls -d /mnt/events/sock",
    ]
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw TestFailure("tracefs cannot be mounted") }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init).dropLast()
  }
}

extension Trait where Self == ConditionTrait {
  /// Skips, and says so, where the kernel's trace of states cannot be had.
  static var needsTrace: Self {
    .enabled(
      if: Machine.makesNamespaces && Machine.traces && Machine.python != nil,
      "needs root, the right to make network namespaces and to mount tracefs, iproute2, util-linux and Python 3"
    )
  }
}

extension JSONLine {
  /// True where its states are those of a connection that its client closed first, from the opening to the end.
  ///
  /// A client can be sampled while it waits for the server's FIN, after which nothing tells when it came.
  var isWhole: Bool {
    switch string("direction") {
    case "out":
      let states = ["SYN_SENT", "ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT"]
      return self.states == states
        || (self.states == states.dropLast() && string("source")?.hasPrefix("netlink") == true)
    case "in": return states == ["SYN_RECV", "ESTABLISHED", "CLOSE_WAIT", "LAST_ACK", "CLOSE"]
    default: return false
    }
  }
}

extension Stage {
  /// What a recorder says at its end, without "connwatch: ".
  func remarks(of recorder: Child) -> [String] {
    recorder.errors.split(separator: "\n").map { String($0.trimmingPrefix("connwatch: ")) }
  }

  /// What is stored, oldest first.
  func history(_ words: [String] = []) async throws -> [JSONLine] {
    let rows = try await succeed(["history", "--json", "-q"] + words).json()
    return rows.sorted {
      ($0.moment("first_seen") ?? 0, $0.int("id") ?? 0) < ($1.moment("first_seen") ?? 0, $1.int("id") ?? 0)
    }
  }

  /// What is stored of the database as a whole.
  func information() async throws -> JSONLine {
    try #require(try await succeed(["db", "info", "--json"]).json().first)
  }
}
