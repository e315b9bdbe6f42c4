// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

private let services = ServiceNames.builtIn

private let subjects: [FilterSubject] = {
  let here = Endpoint(IPAddress(v4: 0x0A00_0001), 22)
  let there = Endpoint(IPAddress(v4: 0xC000_0207), 40000)
  let here6 = Endpoint(IPAddress(high: 0x2001_0DB8_0000_0000, low: 1), 40000)
  let there6 = Endpoint(IPAddress(high: 0x2001_0DB8_0000_0000, low: 2), 443)
  let nowhere = Endpoint(.anyV6, 0)
  let sshd = OwningProcess(
    pid: 7, startTime: 1, name: "sshd", exe: "/usr/sbin/sshd", unit: "ssh.service", container: nil)
  let curl = OwningProcess(
    pid: 8, startTime: 2, name: "Web Content", exe: nil, unit: nil, container: "4f66ad9f2bd1")
  return [
    FilterSubject(
      SocketRow(proto: .tcp, state: .established, local: here, remote: there, rawUID: 0), role: .connection,
      direction: .inbound, owner: SocketOwner(process: sshd)),
    FilterSubject(
      SocketRow(proto: .tcp6, state: .timeWait, local: here6, remote: there6), role: .connection,
      direction: .outbound, owner: SocketOwner(process: curl)),
    FilterSubject(
      SocketRow(
        proto: .udp6, state: .unknown(31), local: Endpoint(.anyV6, 5353), remote: nowhere, rawUID: 109),
      role: .listener, direction: nil),
  ]
}()

private func read(_ words: [String]) -> Result<Filter, FilterError> {
  do {
    return .success(try Filter(words, services: services) { $0 == "root" ? 0 : nil })
  } catch {
    return .failure(error)
  }
}

/// The filter as a stranger would type it: words end at a newline or a NUL. What can be read is then asked of some
/// sockets, and what cannot has to say why; a filter and its negation never agree.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFilter(_ data: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  let bytes = UnsafeBufferPointer(start: data, count: count)
  let words = bytes.split(whereSeparator: { $0 == 0 || $0 == 10 }).map { String(decoding: $0, as: UTF8.self) }
  switch read(words) {
  case .success(let filter):
    precondition(filter.expression.depth <= 32)
    for subject in subjects {
      let answer = filter.matches(subject)
      precondition(!answer || filter.protos.contains(subject.proto))
    }
    // Negated it is the opposite; but states in front are one set only where nothing is in front of them.
    let first = words.joined(separator: " ").lowercased().drop { $0.isWhitespace }
    if !first.hasPrefix("state"), !first.hasPrefix("excl"), !first.isEmpty {
      guard case .success(let opposite) = read(["not", "("] + words + [")"]) else {
        fatalError("not negated")
      }
      for subject in subjects { precondition(filter.matches(subject) != opposite.matches(subject)) }
    }
  case .failure(let error):
    precondition(!error.description.isEmpty)
    precondition(error.pointer.split(separator: "\n").count == 2)
  }
  return 0
}
