// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation

@testable import KernelNet

/// What a real kernel answered: Tests/Fixtures/sock_diag.
enum DiagFixture {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../Fixtures/sock_diag").standardizedFileURL

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appending(path: name)))
  }

  /// What a capture should hold, as the scene that made the sockets says.
  struct Expected: Decodable {
    var proto: String
    var state: String?
    var local: String
    var local_port: UInt16
    var remote: String
    var remote_port: UInt16
    var inode: UInt64?
    var uid: UInt32?
    var cookie: UInt64?
    var bytes_in: UInt64?
    var bytes_out: UInt64?

    /// The ends and what is of one family, without what only one of the two fixtures has.
    var ends: String { "\(proto) \(local) \(local_port) \(remote) \(remote_port)" }
  }

  private struct Scene: Decodable { var expected: [Expected] }

  static func states() throws -> [Expected] {
    try JSONDecoder().decode(Scene.self, from: Data(contentsOf: folder.appending(path: "all_states.json")))
      .expected
  }

  static func ends() throws -> [Expected] {
    try JSONDecoder().decode([Expected].self, from: Data(contentsOf: folder.appending(path: "ends.json")))
  }

  static func ends(_ proto: Proto, _ local: Endpoint, _ remote: Endpoint) -> String {
    "\(proto.name) \(local.address) \(local.port) \(remote.address) \(remote.port)"
  }

  /// Reads the answer to request 1.
  static func read(
    _ bytes: some Collection<UInt8>, _ transport: Transport = .tcp, traffic: Bool = true
  ) -> (dump: DiagDump, v4: DiagRows, v6: DiagRows) {
    var dump = DiagDump(transport: transport, wantsTraffic: traffic, sequence: 1)
    var v4 = DiagRows()
    var v6 = DiagRows()
    // A copy of its own, so that a sanitizer sees a read behind it.
    Array(bytes).withUnsafeBytes { dump.read($0, v4: &v4, v6: &v6) }
    return (dump, v4, v6)
  }
}

/// Messages of netlink, made by hand.
struct DiagMessageBuilder {
  var bytes: [UInt8] = []

  mutating func add<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) }
  }

  /// Adds a message; `length` is what its header claims, the true length unless given.
  mutating func message(
    _ type: UInt16, flags: UInt16 = 2, sequence: UInt32 = 1, length: UInt32? = nil, _ content: [UInt8] = []
  ) {
    add(length ?? UInt32(16 + content.count))
    add(type)
    add(flags)
    add(sequence)
    add(UInt32(0))
    bytes += content
    while bytes.count % 4 != 0 { bytes.append(0) }
  }

  /// `struct inet_diag_msg` of a socket with this cookie.
  static func socket(
    family: UInt8 = 2, state: UInt8 = 1, port: UInt16 = 80, cookie: UInt64 = 7, inode: UInt32 = 9,
    queues: (UInt32, UInt32) = (0, 0)
  ) -> [UInt8] {
    var builder = DiagMessageBuilder()
    builder.bytes = [family, state, 0, 0]
    builder.add(port.bigEndian)
    builder.add(UInt16(0))
    builder.bytes += [127, 0, 0, 1] + [UInt8](repeating: 0, count: 28)
    builder.add(UInt32(0))
    builder.add(UInt32(truncatingIfNeeded: cookie))
    builder.add(UInt32(truncatingIfNeeded: cookie >> 32))
    for number in [0, queues.0, queues.1, 1000, inode] { builder.add(number) }
    return builder.bytes
  }
}
