// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ProcNet

/// Reads saved tables of sockets, of whichever tool, line by line.
struct SightingReader {
  /// What a line is.
  enum Line {
    /// Sockets.
    case sightings([Sighting])
    /// The program of the one before.
    case amends(program: String)
    /// Nothing to take from it.
    case nothing
    /// Neither, with `why (hint)`.
    case unreadable(String)
  }

  private let forced: EvidenceFormat?
  private let isWhole: Bool
  private var tables: SavedTableReader
  private var text: EvidenceReader
  private var isInTable = false
  private var counts: [EvidenceFormat: Int] = [:]
  private var unreadable = 0
  /// What the head of the table that is being read says of its kinds.
  private var heading: Heading?
  private var covered: EvidenceCover = []
  private var listenersSeen: EvidenceCover = []
  private var protosSeen: EvidenceCover = []

  /// What a netstat's head promises.
  private enum Heading {
    case connections, listeners, both
    /// Listeners only with `-a`, which it does not say.
    case windows
  }

  /// The formats of tables of sockets, by name.
  static let formats: [EvidenceFormat] = [.procNet, .netstat, .windowsNetstat, .bsdNetstat, .ss, .lsof]

  /// Makes a reader.
  ///
  /// - Parameters:
  ///   - name: the file's name, which may tell the table.
  ///   - format: the only format whose lines are taken; nil for any.
  ///   - isWhole: somebody says that the file has all sockets of the protocols in it.
  init(
    name: String, services: ServiceNames, format: EvidenceFormat? = nil, byteOrder: ByteOrder = .host,
    isWhole: Bool = false
  ) {
    forced = format
    self.isWhole = isWhole
    tables = SavedTableReader(byteOrder: byteOrder, hint: Self.table(named: name))
    text = EvidenceReader(services: services)
    if let format, let head = Self.heads[format] { _ = text.read(head) }
  }

  /// `tcp6` and `capture.tcp6`.
  private static func table(named name: String) -> Proto? {
    let end = name.split { $0 == "/" || $0 == "." }.last.map(String.init)
    return Proto.allCases.first { $0.name == end }
  }

  /// What each tool writes above its table, by which it is known.
  private static let heads: [EvidenceFormat: String] = [
    .netstat: "Active Internet connections (servers and established)",
    .windowsNetstat: "Active Connections",
    .bsdNetstat: "Active Internet connections",
    .ss: "Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port",
    .lsof: "COMMAND PID USER FD TYPE DEVICE SIZE/OFF NODE NAME",
  ]

  /// Reads a line.
  mutating func read(_ bytes: UnsafeRawBufferPointer, _ line: EvidenceFile.Line) -> Line {
    let read =
      line.isTooLong ? .unreadable("longer than \(EvidenceFile.longestLine) bytes") : take(bytes, line)
    if case .unreadable = read { unreadable += 1 }
    return read
  }

  private mutating func take(_ bytes: UnsafeRawBufferPointer, _ line: EvidenceFile.Line) -> Line {
    if forced == nil || forced == .procNet {
      switch tables.read(bytes.bytes, isTerminated: line.isTerminated) {
      case .header:
        isInTable = true
        counts[.procNet, default: 0] += 0
        return .nothing
      case .row(let row):
        counts[.procNet, default: 0] += 1
        return .sightings([Sighting(row)])
      case .unreadable(let why): return .unreadable(why.rawValue)
      case .other: break
      }
    }
    let isText = (try? UTF8Span(validating: Span(_bytes: bytes.bytes))) != nil
    guard isText else { return .unreadable("not text") }
    let words = String(decoding: bytes, as: UTF8.self)
    if forced == .procNet, !words.allSatisfy(\.isWhitespace) { return .unreadable("not a row of /proc/net") }
    note(head: words)
    switch text.read(words) {
    case .rows(let rows):
      var sightings: [Sighting] = []
      for row in rows {
        guard let sighting = Sighting(row) else {
          return .unreadable(Self.whyNoSocket(row))
        }
        if let forced, row.format != forced {
          return .unreadable("a line of \(row.format.rawValue), not of \(forced.rawValue)")
        }
        counts[row.format, default: 0] += 1
        note(sighting.row)
        sightings.append(sighting)
      }
      return .sightings(sightings)
    case .amends(let program): return .amends(program: program)
    case .context: return .nothing
    case .unreadable(let why, let hint): return .unreadable("\(why) (\(hint))")
    }
  }

  private static func whyNoSocket(_ row: EvidenceRow) -> String {
    switch row.format {
    case .nmap, .portScan: "a port scan's result says nothing of a socket (connwatch explain reads it)"
    case .bare: "a port or an end alone says nothing of a socket (connwatch explain reads it)"
    default: "no protocol and state of a socket in it"
    }
  }

  // MARK: - What it has all of

  private mutating func note(head line: String) {
    guard
      line.hasPrefix("Active ") || line.hasPrefix("Netid ") || line.hasPrefix("COMMAND ")
        || line.hasPrefix("State ")
    else { return }
    if line.hasPrefix("Active Internet") {
      let isBoth = line.contains("servers and established") || line.contains("including servers")
      heading = isBoth ? .both : line.contains("only servers") ? .listeners : .connections
    } else {
      heading = line.hasPrefix("Active Connections") ? .windows : nil
    }
  }

  private mutating func note(_ row: SocketRow) {
    protosSeen.insert(.whole(row.proto))
    let kind = EvidenceCover(of: row)
    if kind == .listeners(row.proto) { listenersSeen.insert(kind) }
    switch heading {
    case .connections: covered.insert(.connections(row.proto))
    case .listeners: covered.insert(.listeners(row.proto))
    case .both: covered.insert(.whole(row.proto))
    case .windows: covered.insert([.connections(row.proto), kind])
    case nil: break
    }
  }

  /// What the file had all of, once it is read: tables of /proc/net with their headers, and of netstat the protocols that
  /// it shows under a head that says which kinds. What ss and lsof were asked to leave out nobody can tell.
  var covers: EvidenceCover {
    var covers: EvidenceCover = []
    for proto in Proto.allCases where tables.whole.contains(proto) { covers.insert(.whole(proto)) }
    if unreadable == 0 { covers.formUnion(isWhole ? protosSeen : covered) }
    return covers
  }

  /// The format of most lines, nil where none could be read.
  var format: EvidenceFormat? {
    counts.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }?.key
  }
}

extension Sighting {
  /// The socket that a line of a tool tells of; nil where it tells of none.
  init?(_ row: EvidenceRow) {
    guard SightingReader.formats.contains(row.format), let transport = row.transport ?? row.proto?.transport
    else {
      return nil
    }
    let proto = row.proto ?? (transport == .tcp ? .tcp : .udp)
    let isAlone = row.remote?.isNobody ?? true
    let assumed: SocketState? = transport == .udp ? (isAlone ? .unconnected : .established) : nil
    guard let state = row.state ?? assumed else { return nil }
    let any: IPAddress = proto.isV6 ? .anyV6 : .anyV4
    var owner = SocketOwner.notLookedUp
    if let pid = row.pid {
      owner = SocketOwner(
        process: OwningProcess(pid: pid, startTime: 0, name: row.program ?? ""), others: row.others)
    }
    self.init(
      SocketRow(
        proto: proto, state: state, local: Endpoint(row.local.address ?? any, row.local.port ?? 0),
        remote: Endpoint(row.remote?.address ?? any, row.remote?.port ?? 0), inode: row.inode ?? 0,
        rawUID: row.uid ?? SocketRow.noUID),
      owner: owner, localName: row.local.name, remoteName: row.remote?.name)
  }
}

extension EvidenceEnd {
  /// The host's name, where that stood in place of an address.
  fileprivate var name: String? { address == nil ? host : nil }
}
