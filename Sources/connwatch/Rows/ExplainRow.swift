// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A line and its explanation.
struct ExplainRow: OutputRow {
  enum Field: String, CaseIterable {
    case number, line, format, proto, state, scan
    case localAddress = "local_addr"
    case localPort = "local_port"
    case localHost = "local_host"
    case remoteAddress = "remote_addr"
    case remotePort = "remote_port"
    case remoteHost = "remote_host"
    case service, direction
    case clientPort = "client_port"
    case text, process, user, netns
    case firstSeen = "first_seen"
    case lastSeen = "last_seen"
    case times, status, risk
    case whyNot = "why_not"
    case error, host
    // For tables only:
    case local, remote
  }

  static let keys = Field.allCases.filter { ![.local, .remote].contains($0) }
  static let table: [TableColumn<Field>] = [
    TableColumn(.number), TableColumn(.proto), TableColumn(.local), TableColumn(.remote), TableColumn(.state),
    TableColumn(.service), TableColumn(.process, flexible: true),
  ]

  let explained: ExplainedLine
  /// nil where the line cannot be read.
  let words: LineWords?
  /// True for a socket that is there, and not a line that somebody gave.
  let isLive: Bool

  func value(_ field: Field) -> Value {
    let row = words?.row
    switch field {
    case .number: return isLive ? .null : .number(explained.number)
    case .line: return .text(explained.line)
    case .error: return explained.error.orNull(Value.text)
    case .format: return row.orNull { .text(isLive ? "live" : $0.format.rawValue) }
    case .proto: return (row?.proto?.name ?? row?.transport?.name).orNull(Value.text)
    case .state: return (row?.state).orNull(Value.state)
    case .scan: return (row?.scan).orNull { .text($0.rawValue) }
    case .localAddress: return (row?.local.address).orNull(Value.address)
    case .localPort: return (row?.local.port).orNull(Value.port)
    case .localHost: return Self.name(row?.local)
    case .remoteAddress: return (row?.remote?.address).orNull(Value.address)
    case .remotePort: return (row?.remote?.port).orNull(Value.port)
    case .remoteHost: return Self.name(row?.remote)
    case .local: return row.flatMap { row in words.map { .text($0.text(row.local)) } } ?? .null
    case .remote: return (row?.remote).flatMap { end in words.map { .text($0.text(end)) } } ?? .null
    case .service:
      return words.flatMap { words in words.servicePort.flatMap(words.serviceName) }.orNull(Value.text)
    case .direction: return (words?.roles).orNull { .direction($0.serverIsLocal ? .inbound : .outbound) }
    case .clientPort: return (words?.clientPort).orNull(Value.port)
    case .text: return words.orNull { .text($0.text) }
    case .process: return live.orNull { .process($0.owner) }
    case .user: return (live?.user).orNull(Value.text)
    case .netns: return (live?.netns).orNull(Value.text)
    case .firstSeen: return (live?.firstSeen ?? past?.first ?? elsewhere?.first).orNull(Value.time)
    case .lastSeen: return live == nil ? (past?.last ?? elsewhere?.last).orNull(Value.time) : .null
    case .times: return (past?.count ?? elsewhere?.count).orNull { .number($0) }
    case .status: return (live?.judgement).orNull { .text($0.verdict.rawValue) }
    case .risk: return risk.orNull(Value.text)
    case .host: return (evidence?.host).orNull(Value.text)
    case .whyNot: return (words?.facts.whyNot).orNull { .text($0.rawValue) }
    }
  }

  private var live: LiveMatch? { words?.facts.live }
  private var past: PastMatch? { words?.facts.past }
  private var evidence: EvidenceMatch? { words?.facts.evidence.first }
  /// The evidence where nothing is known of this machine.
  private var elsewhere: EvidenceMatch? { live == nil && past == nil ? evidence : nil }

  /// What is to be minded of a port that takes what comes.
  private var risk: String? {
    guard let words, words.row.remote == nil, let port = words.row.local.port else { return nil }
    let address = live?.socket.local.address ?? words.row.local.address
    return PortRisk.note(port: port, transport: words.transport, isLoopback: address?.isLoopback == true)
  }

  /// A host's name, where none of its addresses was written.
  private static func name(_ end: EvidenceEnd?) -> Value {
    end?.address == nil ? (end?.host).orNull(Value.text) : .null
  }
}
