// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

@testable import KernelNet

nonisolated(unsafe) private var v4 = DiagRows()
nonisolated(unsafe) private var v6 = DiagRows()
nonisolated(unsafe) private var deduplicator = CookieDeduplicator()

/// Any bytes at all, as the answer to a request and as messages about sockets that have ended: no crash, columns of one
/// length, rows of the right tables, and the same rows whether traffic is asked for or not.
///
/// Transport and request follow from the length. The answer's number is the one that captures have.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDiag(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: data, count: count)
  let transport: Transport = count & 1 == 0 ? .tcp : .udp
  let plain = read(bytes, transport, wantsTraffic: false)
  let rows = v4.rows + v6.rows
  precondition(v4.traffic.isEmpty && v6.traffic.isEmpty, "traffic that nobody asked for")
  let dump = read(bytes, transport, wantsTraffic: true)
  precondition(rows == v4.rows + v6.rows, "two readings")
  precondition(plain.isDone == dump.isDone && plain.code == dump.code && plain.unusable == dump.unusable)
  for (part, isV6) in [(v4, false), (v6, true)] {
    precondition(part.cookies.count == part.rows.count && part.traffic.count == part.rows.count)
    precondition(part.rows.allSatisfy { $0.proto.isV6 == isV6 && $0.proto.transport == transport })
  }
  precondition(dump.requestSockets <= rows.count)
  let unique = Set(v4.cookies.filter { $0 != 0 }).count + v4.cookies.count { $0 == 0 }
  let removed = deduplicator.collapse(&v4, from: 0)
  precondition(v4.rows.count == unique && v4.cookies.count == unique && v4.traffic.count == unique)
  precondition(removed == rows.count - v6.rows.count - unique, "rows miscounted")

  var offset = 0
  while offset < count, let message = NetlinkMessage(bytes, at: &offset) {
    guard let end = SocketEnd(message, boot: 0) else { continue }
    precondition(end.traffic == nil || end.proto.transport == .tcp, "traffic of UDP")
  }
  return 0
}

private func read(
  _ bytes: UnsafeRawBufferPointer, _ transport: Transport, wantsTraffic: Bool
) -> DiagDump {
  v4.keep(first: 0)
  v6.keep(first: 0)
  var dump = DiagDump(transport: transport, wantsTraffic: wantsTraffic, sequence: 1)
  dump.read(bytes, v4: &v4, v6: &v6)
  return dump
}
