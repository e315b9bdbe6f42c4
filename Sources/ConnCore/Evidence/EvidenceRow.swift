// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What wrote a line that somebody kept or pasted.
public enum EvidenceFormat: String, CaseIterable, Hashable, Sendable {
  /// netstat of Linux's net-tools.
  case netstat
  /// netstat of Windows.
  case windowsNetstat = "netstat-windows"
  /// netstat of the BSDs and macOS, which writes a point before the port.
  case bsdNetstat = "netstat-bsd"
  /// ss(8) of iproute2.
  case ss
  /// lsof(8) with `-i`.
  case lsof
  /// nmap(1), its normal and its "grepable" output.
  case nmap
  /// The result of another port scanner.
  case portScan = "port-scan"
  /// A port, or an end or two, with nothing else.
  case bare
  /// A table of /proc/net. ``EvidenceReader`` says that a text is one; ProcNet reads it.
  case procNet = "proc"
}

/// One end as it was written.
public struct EvidenceEnd: Hashable, Sendable {
  /// The host: a name or an address, without brackets and zone; nil for `*`, and for an address that stands for any.
  public var host: String?
  /// The address, where one was written: `0.0.0.0` or `::` where it stands for any. nil for a name.
  public var address: IPAddress?
  /// The port, nil for `*` and 0.
  public var port: UInt16?
  /// The port's name, where a name was written.
  public var portName: String?

  /// Makes an end of what is known of it.
  public init(
    host: String? = nil, address: IPAddress? = nil, port: UInt16? = nil, portName: String? = nil
  ) {
    self.host = host
    self.address = address
    self.port = port
    self.portName = portName
  }

  /// True where it names neither a host nor a port: the other end of a socket that has none.
  public var isNobody: Bool { host == nil && port == nil }
}

/// What a port scan says of a port, in nmap's words.
public enum ScanState: String, CaseIterable, Hashable, Sendable {
  /// Something accepted.
  case open
  /// The host answered that nothing is there.
  case closed
  /// No answer, or one that forbids.
  case filtered
  /// The host answered, which says nothing of the port.
  case unfiltered
  /// No answer, which an open UDP port gives as well.
  case openFiltered = "open|filtered"
  /// No answer where a closed port may give none either.
  case closedFiltered = "closed|filtered"
}

/// What one line tells of one socket, or of one port that was scanned. What it does not tell is nil.
public struct EvidenceRow: Hashable, Sendable {
  /// What wrote the line.
  public var format: EvidenceFormat
  /// The table the socket would be in, where the line tells the family of its addresses.
  public var proto: Proto?
  /// The transport.
  public var transport: Transport?
  /// The state. UDP has ``SocketState/unconnected`` and ``SocketState/established``, by its other end.
  public var state: SocketState?
  /// The local end. For a scanned port, and where there is one end only, that one: whose it is the line does not tell.
  public var local: EvidenceEnd
  /// The other end, nil where there is none: a listener's `*`, a scanned port, a port alone.
  public var remote: EvidenceEnd?
  /// The process; where there are several, the one with the lowest number.
  public var pid: Int32?
  /// The program's name, as the tool gives it: cut to 15 bytes by most, a file's name by Windows.
  public var program: String?
  /// How many more processes hold the socket.
  public var others = 0
  /// The owner's user id.
  public var uid: UInt32?
  /// The owner's name.
  public var user: String?
  /// The socket's inode.
  public var inode: UInt64?
  /// Bytes received and not read; for a listener in ss, connections not yet accepted.
  public var receiveQueue: UInt32?
  /// Bytes written and not acknowledged; for a listener in ss, how many may wait.
  public var sendQueue: UInt32?
  /// What a scan says of the port.
  public var scan: ScanState?
  /// The service as the line calls it, beside the number: a scanner's word for the port.
  public var service: String?

  /// Makes a row of a local end.
  public init(format: EvidenceFormat, local: EvidenceEnd = EvidenceEnd()) {
    self.format = format
    self.local = local
  }

  /// True for a socket that waits for others: TCP in LISTEN, and UDP without another end.
  public var isListener: Bool { state == .listen || state == .unconnected }
}

/// What came of one line.
public enum EvidenceLine: Hashable, Sendable {
  /// Sockets or ports: one, but for lines of nmap that hold many.
  case rows([EvidenceRow])
  /// The program of the row before, on a line of its own: `netstat -b` of Windows.
  case amends(program: String)
  /// Nothing to take from the line, and nothing wrong with it.
  case context(EvidenceContext)
  /// Neither: why, and what could be done.
  case unreadable(why: String, hint: String)
}

/// What a line is that holds no socket.
public enum EvidenceContext: Hashable, Sendable {
  /// Nothing in it.
  case blank
  /// The head of a table, or a line that says which host follows.
  case heading(EvidenceFormat)
  /// A socket that is neither TCP nor UDP: UNIX, netlink, raw.
  case otherFamily
  /// More of what came before: ss's details, a scanner's banner.
  case detail
}

/// Why a line cannot be read.
struct EvidenceProblem: Error {
  var why: String
  var hint: String

  init(_ why: String, _ hint: String) {
    self.why = why
    self.hint = hint
  }
}
