// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

extension EvidenceEnd {
  /// The end in short: host or address, port, and the port's name in brackets.
  var short: String {
    let name = portName.map { "(\($0))" } ?? ""
    return (host ?? address?.description ?? "*") + ":" + (port.map { String($0) } ?? "*") + name
  }
}

extension EvidenceRow {
  /// The row in short: what is known of it, in one order.
  var short: String {
    var words = [format.rawValue, proto?.name ?? transport.map { $0.name + "?" } ?? "?", local.short]
    if let remote { words += [">", remote.short] }
    if let state { words.append(state.name) }
    if let scan { words.append(scan.rawValue) }
    if let service { words.append("[\(service)]") }
    if pid != nil || program != nil { words.append("\(pid.map { String($0) } ?? "-")/\(program ?? "-")") }
    if others > 0 { words.append("+\(others)") }
    if let owner = user ?? uid.map({ String($0) }) { words.append("by \(owner)") }
    if let inode { words.append("inode \(inode)") }
    if receiveQueue ?? 0 > 0 || sendQueue ?? 0 > 0 {
      words.append("q \(receiveQueue.map { String($0) } ?? "-")/\(sendQueue.map { String($0) } ?? "-")")
    }
    return words.joined(separator: " ")
  }
}

extension EvidenceLine {
  /// The line in short.
  var short: String {
    switch self {
    case .rows(let rows): rows.map(\.short).joined(separator: "; ")
    case .amends(let program): "amends \(program)"
    case .context(.heading(let format)): "heading \(format.rawValue)"
    case .context(let context): "\(context)"
    case .unreadable(let why, _): "unreadable: \(why)"
    }
  }
}

/// What a new reader makes of the lines, one after the other.
func read(_ lines: [String]) -> [String] {
  var reader = EvidenceReader(services: .builtIn)
  return lines.map { reader.read($0).short }
}
