// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A line in words: pure, from what the line says and what is known of it.
///
/// Each part of the text is a sentence or two of its own; other files have them by what they are about.
struct LineWords {
  let row: EvidenceRow
  let facts: LineFacts
  let services: ServiceNames
  let zone: Zone

  /// The paragraph.
  var text: String { sentences.joined(separator: " ") }

  /// Every sentence, in the order of reading: what it is, its ends, its state, who can reach it, what is known here.
  var sentences: [String] {
    var all = [kind]
    all += endSentences
    all += stateSentences
    all += queueSentences
    all += reachSentences
    all += scanSentences
    all += holderSentences
    all += knownSentences
    return all
  }

  /// The transport; where the line does not tell it, what most ports are used with.
  var transport: Transport { row.transport ?? .tcp }

  /// `TCP`, `UDP`, or both.
  var transportName: String {
    switch row.transport {
    case .tcp: "TCP"
    case .udp: "UDP"
    case nil: "TCP or UDP"
    }
  }

  /// `, as netstat shows it`; nothing for what no tool wrote.
  private var shown: String {
    switch row.format {
    case .netstat: ", as netstat shows it"
    case .windowsNetstat: ", as netstat of Windows shows it"
    case .bsdNetstat: ", as netstat of BSD or macOS shows it"
    case .ss: ", as ss shows it"
    case .lsof: ", as lsof shows it"
    case .nmap, .portScan, .bare, .procNet: ""
    }
  }

  /// An end as people write it: `192.0.2.1:80`, `[::1]:80`, `mirage:1372`.
  func text(_ end: EvidenceEnd) -> String {
    let port = end.port.map { String($0) } ?? "*"
    guard let host = end.host ?? end.address?.description else { return "*:\(port)" }
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  /// The registered name of a port by the line's transport, nil where it has none.
  func serviceName(_ port: UInt16) -> String? { services.name(port, transport) }

  /// A moment, for a sentence.
  func text(_ time: Timestamp) -> String { time.text(in: zone) }

  /// The first sentence.
  private var kind: String {
    if let scan = row.scan { return scanned(scan) }
    let family = row.proto.map { $0.isV6 ? " of IPv6" : " of IPv4" } ?? ""
    if row.remote != nil {
      switch row.transport {
      case .tcp: return "A TCP connection\(family)\(shown)."
      case .udp:
        return
          "A UDP socket\(family) that has one other end. UDP has no connections: it says from "
          + "whom it takes datagrams."
      case nil: return "Two ends of a connection, of TCP most likely; the line does not say."
      }
    }
    switch row.state {
    case .listen: return "A TCP socket\(family) that waits for others to connect\(shown)."
    case .unconnected:
      return "A UDP socket\(family) that takes datagrams from anybody; UDP has no connections to tell."
    case .some where row.transport == .tcp: return "A TCP socket\(family) without another end."
    default: break
    }
    guard let port = row.local.port else { return "A \(transportName) socket\(family) with no port yet." }
    if row.local.host != nil { return "Port \(port) of \(row.local.host!), by \(transportName)." }
    return "Port \(port), by \(transportName)."
  }
}
