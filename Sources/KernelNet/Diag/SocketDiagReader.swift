// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CKernelNet
public import ConnCore
import Glibc

/// Reads the kernel's sockets through sock_diag (sock_diag(7)) into snapshots: the same rows that the files of
/// /proc/net show, in a fraction of the time, and with each socket's cookie.
///
/// Any user may read every socket of its network namespace. Like a reading of /proc this is not atomic: the kernel
/// gives 32 KB at a time and lets go of its locks in between. Keep a reader from sample to sample.
public final class SocketDiagReader {
  /// For tests, which disturb it.
  let socket: NetlinkSocket
  private let now: () -> (wall: Timestamp, boot: Int64)
  private let buffer: UnsafeMutableRawBufferPointer
  private var sequence: UInt32 = 0
  private var deduplicator = CookieDeduplicator()
  private var usualCount = 0
  /// Sockets of IPv6, until those of IPv4 that came with them are all there.
  private var sixes = DiagRows()
  /// What a reading told of sockets bound to `::`.
  private var v6Only: [UInt64: Bool] = [:]

  /// The kernel makes no message of more than 32 KB of a dump, whatever the room (netlink_recvmsg).
  private static let bufferSize = 1 << 15
  /// Readings of one table, while each is interrupted by a change.
  private static let attempts = 4

  /// Opens a reader.
  ///
  /// - Parameters:
  ///   - namespaceDescriptor: an open file of another network namespace, such as /proc/PID/ns/net, which takes
  ///     CAP_SYS_ADMIN; it may be closed afterwards. nil for that of the calling thread.
  ///   - now: what dates the snapshots: wall-clock time, and CLOCK_BOOTTIME in microseconds.
  /// - Throws: where there is no sock_diag for this process; read /proc then.
  public init(namespaceDescriptor: Int32? = nil, now: (() -> (wall: Timestamp, boot: Int64))? = nil)
    throws(SocketDiagError)
  {
    socket = try NetlinkSocket(namespaceDescriptor: namespaceDescriptor)
    // An answer that stays away must not stop the caller for ever.
    socket.limitWaiting(seconds: 5)
    self.now = now ?? { (KernelClock.wall(), KernelClock.boot()) }
    buffer = .allocate(byteCount: Self.bufferSize, alignment: 16)
  }

  deinit { buffer.deallocate() }

  /// Reads the tables of `protos`: rows in the order of ``Proto``, cookies beside them.
  ///
  /// Only sockets in one of `states` are shown, and of those only what `filter` lets through. Listeners alone
  /// (`[StateSet(.listen)]`) cost next to nothing: the kernel keeps them apart.
  ///
  /// `wantsTraffic` fills ``Snapshot/traffic`` too, for connections of TCP that a socket is left of.
  /// - Throws: ``SocketDiagError/unavailable(_:code:)`` with the tables that the kernel has no answer for; the others
  ///   can be asked for without them. What may pass is a table's ``TableReport/Outcome/failed(_:)``.
  public func read(
    _ protos: ProtoSet = .all, states: StateSet = .all, filter: DiagFilter = .everything,
    wantsTraffic: Bool = false
  ) throws(SocketDiagError) -> Snapshot {
    let begun = now()
    var sockets = DiagRows()
    sockets.reserve(usualCount, traffic: wantsTraffic)
    var tables: [TableReport] = []
    v6Only = [:]
    for part in Self.parts(protos) {
      var request = DiagRequest(protos: part, states: states.intersection(filter.states))
      request.wantsTraffic = wantsTraffic
      request.bytecode = filter.bytecode
      tables += try read(request, into: &sockets)
    }
    let ended = now()
    // With room for one more buffer than came, since that is made sure of before each.
    usualCount = sockets.rows.count + sockets.rows.count / 8 + Self.bufferSize / DiagMessage.size
    var snapshot = Snapshot(
      time: ended.wall, bootTime: ended.boot, readingTook: ended.boot - begun.boot, rows: sockets.rows,
      tables: tables, source: .netlink)
    snapshot.cookies = sockets.cookies
    snapshot.traffic = sockets.traffic
    snapshot.v6Only = v6Only
    return snapshot
  }

  /// Reads the TCP sockets of both families that are bound and neither listen nor are connected, with their remote ends
  /// and states of no meaning; none from a kernel before 6.8, which does not tell of them.
  ///
  /// - Throws: ``SocketDiagError/unavailable(_:code:)``.
  public func readBoundInactive() throws(SocketDiagError) -> [SocketRow] {
    var request = DiagRequest(protos: .tcpTables, states: [])
    request.wantsBoundInactive = true
    var fours = DiagRows()
    var sixes = DiagRows()
    let end = dump(request, v4: &fours, v6: &sixes)
    if SocketDiagError.isLasting(end.code) { throw .unavailable(.tcpTables, code: end.code) }
    return fours.rows + sixes.rows
  }

  /// The tables of each request: those of TCP come together.
  private static func parts(_ protos: ProtoSet) -> [ProtoSet] {
    let tcp = protos.intersection(.tcpTables)
    return [tcp, protos.intersection(ProtoSet(.udp)), protos.intersection(ProtoSet(.udp6))].filter {
      !$0.isEmpty
    }
  }

  /// Reads the tables of one request and adds them, one after the other.
  private func read(_ request: DiagRequest, into sockets: inout DiagRows) throws(SocketDiagError)
    -> [TableReport]
  {
    let first = sockets.rows.count
    sixes.keep(first: 0)
    let end = dump(request, v4: &sockets, v6: &sixes)
    if SocketDiagError.isLasting(end.code) {
      throw .unavailable(request.transport == .tcp ? .tcpTables : .udpTables, code: end.code)
    }
    v6Only.merge(end.v6Only) { _, later in later }
    if end.requestSockets > 0 { giveUsers(request, &sockets.rows, from: first) }
    var reports: [TableReport] = []
    for proto in Proto.allCases where request.protos.contains(proto) {
      var report = TableReport(proto: proto, outcome: end.outcome)
      let start = proto.isV6 ? sockets.rows.count : first
      if proto.isV6 { sockets.append(contentsOf: sixes) }
      report.duplicates = deduplicator.collapse(&sockets, from: start)
      report.rows = sockets.rows.count - start
      // Nothing tells which of the tables it was for.
      if end.unusable > 0 { report.skipped[.torn] = end.unusable }
      report.lines = report.rows + report.duplicates + end.unusable
      reports.append(report)
    }
    return reports
  }

  /// How a dump ended.
  private struct Ending {
    var outcome = TableReport.Outcome.read
    /// An errno value, 0 for none.
    var code: Int32 = 0
    var unusable = 0
    var requestSockets = 0
    var v6Only: [UInt64: Bool] = [:]
  }

  /// Asks until an answer comes without interruption, a few times at most; the last one stays.
  private func dump(_ request: DiagRequest, v4: inout DiagRows, v6: inout DiagRows) -> Ending {
    let counts = (v4.rows.count, v6.rows.count)
    var request = request
    var ending = Ending()
    if request.stateMask == 0 { return ending }
    for _ in 0..<Self.attempts {
      v4.keep(first: counts.0)
      v6.keep(first: counts.1)
      ending = dumpOnce(request, v4: &v4, v6: &v6)
      if ending.code == EINVAL, !request.bytecode.isEmpty {
        // A kernel that does not know the program: what it shows is picked from later anyway.
        request.bytecode = []
      } else if ending.code == EBUSY {
        // An answer that was given up is still being made; it is, for as long as somebody takes it.
        drain()
      } else if ending.outcome != .interrupted {
        break
      }
    }
    if ending.code != 0 {
      v4.keep(first: counts.0)
      v6.keep(first: counts.1)
      ending.outcome = .failed("sock_diag: \(SocketDiagError.words(ending.code))")
    }
    return ending
  }

  private func dumpOnce(_ request: DiagRequest, v4: inout DiagRows, v6: inout DiagRows) -> Ending {
    sequence &+= 1
    let refusal = socket.send(request.message(sequence: sequence))
    if refusal != 0 { return Ending(code: refusal) }
    var dump = DiagDump(transport: request.transport, wantsTraffic: request.wantsTraffic, sequence: sequence)
    var isCut = false
    while !dump.isDone {
      let got = ckn_receive(socket.descriptor, buffer.baseAddress, UInt(buffer.count))
      if got < 0 {
        // The kernel had no memory for a part of the answer.
        guard got == -Int(ENOBUFS) else { return Ending(code: Int32(-got)) }
        drain()
        return Ending(outcome: .interrupted)
      }
      if got > buffer.count { isCut = true }
      dump.read(UnsafeRawBufferPointer(rebasing: buffer[..<min(got, buffer.count)]), v4: &v4, v6: &v6)
    }
    return Ending(
      outcome: isCut || dump.isInterrupted ? .interrupted : .read, code: dump.code, unusable: dump.unusable,
      requestSockets: dump.requestSockets, v6Only: dump.v6Only)
  }

  /// Takes what is there of answers that nobody wants, without waiting.
  private func drain() {
    var length: UInt32 = 0
    while ckn_receive_batch(socket.descriptor, buffer.baseAddress, UInt32(buffer.count), 1, &length) > 0 {}
  }

  /// Gives request sockets the users of their listeners, which /proc shows and a dump does not.
  ///
  /// Listeners are asked for once more, for the request may have left them out.
  private func giveUsers(_ request: DiagRequest, _ rows: inout [SocketRow], from first: Int) {
    var listeners = DiagRows()
    var sixListeners = DiagRows()
    _ = dump(
      DiagRequest(protos: request.protos, states: StateSet(.listen)), v4: &listeners,
      v6: &sixListeners)
    let users = ListenerUsers(listeners.rows + sixListeners.rows)
    func give(_ rows: inout [SocketRow], from first: Int) {
      for index in first..<rows.count {
        if rows[index].state == .synReceived, rows[index].rawUID == SocketRow.noUID {
          rows[index].rawUID = users.user(of: rows[index])
        }
      }
    }
    give(&rows, from: first)
    give(&sixes.rows, from: 0)
  }
}
