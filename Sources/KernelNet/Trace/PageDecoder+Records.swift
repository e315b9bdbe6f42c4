// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

extension PageDecoder {
  // TRACE_FLAG_HARDIRQ and TRACE_FLAG_SOFTIRQ of include/linux/trace_events.h.
  private static let interruptFlags: UInt64 = 0x08 | 0x10
  // CLONE_THREAD of clone(2).
  private static let threadFlag: UInt64 = 0x1_0000

  /// Reads one record, nil where it is none of ours, too short, or not TCP.
  @inline(__always)
  func decode(_ record: RawSpan) -> TraceEvent.Kind? {
    let type = UInt16(truncatingIfNeeded: layout.common.type.load(record))
    if type == layout.state.id { return decodeState(record) }
    if type == layout.destroyed.id {
      guard record.byteCount >= layout.destroyed.length else { return nil }
      return .destroyed(
        socket: layout.destroyed.socket.load(record), cookie: layout.destroyed.cookie.load(record))
    }
    if let reset = layout.reset, type == reset.id {
      return record.byteCount < reset.length ? nil : .reset(socket: reset.socket.load(record))
    }
    if let failed = layout.failed, type == failed.id { return decodeFailed(record, failed) }
    if let unreachable = layout.unreachable, type == unreachable.id {
      return decodeUnreachable(record, unreachable)
    }
    return decodeTask(record, type)
  }

  @inline(__always)
  private func decodeState(_ record: RawSpan) -> TraceEvent.Kind? {
    let state = layout.state
    guard record.byteCount >= state.length, let ends = ends(record, state.ends) else { return nil }
    let isInterrupt = layout.common.flags.load(record) & Self.interruptFlags != 0
    return .state(
      StateChange(
        socket: state.socket.load(record), proto: ends.proto, from: socketState(state.from.load(record)),
        to: socketState(state.to.load(record)), local: ends.local, remote: ends.remote,
        thread: isInterrupt ? 0 : layout.common.pid.loadInt32(record)))
  }

  private func decodeFailed(_ record: RawSpan, _ failed: TraceLayout.Failed) -> TraceEvent.Kind? {
    guard record.byteCount >= failed.length, let ends = ends(record, failed.ends),
      ends.local.port != 0, ends.remote.port != 0
    else { return nil }
    let error = failed.error.loadInt32(record)
    let outcome = Life.Outcome(error: error)
    return error == 0 || outcome != nil ? .failed(SocketFailure(ends: ends, outcome: outcome)) : nil
  }

  private func decodeUnreachable(
    _ record: RawSpan, _ layout: TraceLayout.Unreachable
  ) -> TraceEvent.Kind? {
    // ICMP_DEST_UNREACH of include/uapi/linux/icmp.h.
    guard record.byteCount >= layout.length, layout.type.load(record) == 3,
      let outcome = Life.Outcome(unreachableCode: layout.code.loadInt32(record))
    else { return nil }
    return .unreachable(
      UnreachableAnswer(
        source: address(record, v4: layout.source), destination: address(record, v4: layout.destination),
        outcome: outcome))
  }

  /// The ends of a TCP socket, nil for any other.
  @inline(__always)
  private func ends(_ record: RawSpan, _ ends: TraceLayout.Ends) -> SocketEnds? {
    guard ends.transport.load(record) == 6 else { return nil }
    let proto: Proto
    let local: IPAddress
    let remote: IPAddress
    switch ends.family.load(record) {
    case 2:
      proto = .tcp
      local = address(record, v4: ends.localV4)
      remote = address(record, v4: ends.remoteV4)
    case 10:
      proto = .tcp6
      local = address(record, v6: ends.localV6)
      remote = address(record, v6: ends.remoteV6)
    default: return nil
    }
    // Ports are numbers already, unlike those of a packet.
    return SocketEnds(
      proto: proto, local: Endpoint(local, UInt16(truncatingIfNeeded: ends.localPort.load(record))),
      remote: Endpoint(remote, UInt16(truncatingIfNeeded: ends.remotePort.load(record))))
  }

  // Not inlined: rare beside the others, and they make strings.
  @inline(never)
  private func decodeTask(_ record: RawSpan, _ type: UInt16) -> TraceEvent.Kind? {
    if type == layout.created.id, record.byteCount >= layout.created.length {
      return .task(
        .created(
          thread: layout.created.pid.loadInt32(record), parent: layout.common.pid.loadInt32(record),
          name: layout.created.name.load(record),
          sharesProcess: layout.created.cloneFlags.load(record) & Self.threadFlag != 0))
    }
    if type == layout.renamed.id, record.byteCount >= layout.renamed.length {
      return .task(
        .renamed(thread: layout.renamed.pid.loadInt32(record), name: layout.renamed.name.load(record)))
    }
    if type == layout.executed.id, record.byteCount >= layout.executed.length {
      return .task(
        .executed(
          thread: layout.executed.pid.loadInt32(record), oldThread: layout.executed.oldPID.loadInt32(record),
          path: layout.executed.path.load(record)))
    }
    return nil
  }

  @inline(__always)
  private func socketState(_ number: UInt64) -> SocketState {
    SocketState(kernel: UInt8(truncatingIfNeeded: number), transport: .tcp)
  }

  @inline(__always)
  private func address(_ record: RawSpan, v4 field: BytesField) -> IPAddress {
    IPAddress(
      v4: UInt32(
        bigEndian: record.unsafeLoadUnaligned(fromUncheckedByteOffset: field.offset, as: UInt32.self)))
  }

  @inline(__always)
  private func address(_ record: RawSpan, v6 field: BytesField) -> IPAddress {
    IPAddress(
      high: UInt64(
        bigEndian: record.unsafeLoadUnaligned(fromUncheckedByteOffset: field.offset, as: UInt64.self)),
      low: UInt64(
        bigEndian: record.unsafeLoadUnaligned(fromUncheckedByteOffset: field.offset + 8, as: UInt64.self)))
  }
}
