// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

private let services = ServiceNames.builtIn

/// Any bytes as a text that somebody saved: no crash, every row has a port, whatever cannot be read says why, and
/// reading a row's own line alone gives a row again or says why not.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEvidence(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let text = EvidenceText(Array(UnsafeBufferPointer(start: data, count: count)))
  _ = text.format(services: services)
  var reader = EvidenceReader(services: services)
  for line in text.lines {
    switch reader.read(line) {
    case .rows(let rows):
      precondition(!rows.isEmpty, "rows without a row")
      for row in rows {
        precondition(row.format != .procNet, "a row that the reader does not read")
        precondition(row.remote.map { !$0.isNobody } ?? true, "a remote end that is nobody")
        precondition(row.local.port != 0 && row.remote?.port != 0, "port 0")
        precondition(row.local.portName == nil || row.local.port != nil, "a name without its port")
        if row.format == .nmap || row.format == .portScan { precondition(row.scan != nil, "no scan's state") }
        if let proto = row.proto { precondition(proto.transport == row.transport, "two transports") }
      }
    case .unreadable(let why, let hint): precondition(!why.isEmpty && !hint.isEmpty, "no reason")
    case .amends(let program): precondition(!program.isEmpty, "no program")
    case .context: break
    }
  }
  return 0
}
