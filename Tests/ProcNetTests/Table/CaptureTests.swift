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

  @Test("each of the project's captures has every line accounted for, in both byte orders")
  func ownCaptures() {
    for table in Self.tables(Self.fixtures) {
      for order in [ByteOrder.little, .big] {
        let (_, report) = checked(table.bytes, table.proto, order)
        if table.bytes.starts(with: "  sl  local_address".utf8) {
          #expect(report.outcome == .read || report.outcome == .torn, "\(table.name): \(report)")
        }
      }
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
