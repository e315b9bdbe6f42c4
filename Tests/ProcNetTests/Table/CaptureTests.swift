// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import ProcNet

/// Every capture of a real kernel: no line is lost, and nearly all of them can be read.
struct CaptureTests {
  /// The captures that belong to the project: all_states.tcp6 is a tcp6 table, and so on.
  private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Fixtures/proc_net_tcp").standardizedFileURL

  /// Another folder of captures, named by an environment variable.
  private static let elsewhere = ProcessInfo.processInfo.environment["CONNWATCH_CAPTURES"]

  /// The tables of a folder, by name: the last of tcp, tcp6, udp and udp6 in the name says which it is.
  private static func tables(_ folder: URL) -> [(name: String, proto: Proto, bytes: [UInt8])] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
    return names.sorted().compactMap { name in
      guard !name.hasSuffix(".md"), let proto = proto(of: name),
        let data = try? Data(contentsOf: folder.appending(path: name))
      else { return nil }
      return (name, proto, [UInt8](data))
    }
  }

  private static func proto(of name: String) -> Proto? {
    if let proto = Proto.allCases.first(where: { name.hasSuffix(".\($0.name)") }) { return proto }
    var best: (position: String.Index, proto: Proto)?
    for proto in Proto.allCases {
      guard let range = name.range(of: proto.name, options: .backwards) else { continue }
      // tcp6 is at the same place as the tcp in it, and says more.
      if let best, best.position > range.lowerBound { continue }
      best = (range.lowerBound, proto)
    }
    return best?.proto
  }

  private static let hasFixtures = !tables(fixtures).isEmpty

  @Test(
    "each of the project's captures has every line accounted for, in both byte orders",
    .enabled(if: hasFixtures, "no captures in Tests/Fixtures/proc_net_tcp"))
  func ownCaptures() {
    for table in Self.tables(Self.fixtures) {
      for order in [ByteOrder.little, .big] {
        let (_, report) = checked(table.bytes, table.proto, order)
        let expected: [String: TableReport.Outcome] = ["torn.tcp": .torn, "torn_inode.tcp": .torn]
        if table.name == "empty.tcp" {
          #expect(!report.isComplete)
        } else {
          #expect(report.outcome == expected[table.name] ?? .read, "\(table.name): \(report)")
          #expect(report.skippedTotal == (expected[table.name] == nil ? 0 : 1), "\(table.name): \(report)")
        }
      }
    }
  }

  /// One socket as whoever made it says that it is.
  private struct Expected: Decodable {
    var proto: String
    var state: String
    var local: String
    var local_port: UInt16
    var remote: String
    var remote_port: UInt16
    var inode: UInt64
    var uid: UInt32?
  }

  private struct Expectation: Decodable {
    var expected: [Expected]
  }

  @Test(
    "the capture of every state holds just the sockets that were made for it",
    .enabled(if: hasFixtures, "no captures in Tests/Fixtures/proc_net_tcp"))
  func everyState() throws {
    let said = try JSONDecoder().decode(
      Expectation.self, from: Data(contentsOf: Self.fixtures.appending(path: "all_states.json")))
    for proto in Proto.allCases {
      let data = try Data(contentsOf: Self.fixtures.appending(path: "all_states.\(proto.name)"))
      var found = checked([UInt8](data), proto).rows
      for socket in said.expected where socket.proto == proto.name {
        let local = Endpoint(try #require(address(socket.local)), socket.local_port)
        let remote = Endpoint(try #require(address(socket.remote)), socket.remote_port)
        let index = found.firstIndex {
          $0.state.name == socket.state && $0.local == local && $0.remote == remote
            && $0.inode == socket.inode
            && (socket.uid == nil || $0.uid == socket.uid)
        }
        #expect(index != nil, "\(socket)")
        if let index { found.remove(at: index) }
      }
      #expect(found.isEmpty, "\(found)")
    }
  }

  /// An address of its text, by inet_pton(3).
  private func address(_ text: String) -> IPAddress? {
    var v4 = in_addr()
    if inet_pton(AF_INET, text, &v4) == 1 { return IPAddress(v4: UInt32(bigEndian: v4.s_addr)) }
    var v6 = in6_addr()
    guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
    return withUnsafeBytes(of: v6) {
      IPAddress(
        high: UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
        low: UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
  }

  @Test(
    "captures from many kernels are read, all of their rows",
    .enabled(if: elsewhere != nil, "set CONNWATCH_CAPTURES to a folder of socket tables"))
  func captures() {
    let tables = Self.tables(URL(filePath: Self.elsewhere ?? ""))
    #expect(!tables.isEmpty)
    for table in tables {
      let (rows, report) = checked(table.bytes, table.proto)
      if table.name.hasSuffix("broken") {
        #expect(report.skippedTotal > 0, "\(table.name)")
        continue
      }
      #expect(report.isComplete, "\(table.name): \(report)")
      let lines = table.bytes.split(separator: 0x0A, omittingEmptySubsequences: true).count - 1
      #expect(report.lines == lines, "\(table.name)")
      #expect(rows.count + report.duplicates == lines, "\(table.name)")
      #expect(!rows.contains { if case .unknown = $0.state { true } else { false } }, "\(table.name)")
    }
  }
}
