// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore
import Glibc

/// Reads the socket tables below a /proc root into snapshots.
///
/// The files are `net/tcp`, `net/tcp6`, `net/udp` and `net/udp6`. /proc/net leads to self/net, which shows the
/// network namespace of the process's first thread; give another `directory` to see another one: `PID/net` for that of
/// a process, or ``NetNamespace/enteredDirectory`` and an `opening` that enters it.
///
/// All tables are read before the first is parsed, so they are as close together in time as can be. Keep a
/// reader from sample to sample: it reuses its memory, and a descriptor a table, for when there are none left.
public final class SocketTableReader {
  /// Where /proc is.
  public let root: ProcRoot
  private let directory: String
  private let clock: any SampleClock
  private let byteOrder: ByteOrder
  private var files: [SocketTableFile]
  private let buffer = ReadBuffer()
  private var parser = SocketTableParser()
  private var usualCount = 0

  /// Makes a reader; opens nothing yet.
  ///
  /// - Parameters:
  ///   - root: where /proc is.
  ///   - directory: the directory of the tables below it.
  ///   - byteOrder: the byte order of the machine that made the tables.
  ///   - clock: what dates the snapshots.
  ///   - opening: how the tables are opened.
  public init(
    root: ProcRoot = ProcRoot(), directory: String = "net", byteOrder: ByteOrder = .host,
    clock: any SampleClock = SystemClock(), opening: @escaping FileOpening = openForReading
  ) {
    self.root = root
    self.directory = directory
    self.byteOrder = byteOrder
    self.clock = clock
    files = Proto.allCases.map {
      SocketTableFile(path: "\(root.path)/\(directory)/\($0.name)", opening: opening)
    }
  }

  deinit {
    for index in files.indices { files[index].close() }
  }

  /// Reads the tables of `protos`, one after the other.
  ///
  /// A table that cannot be read is reported as ``TableReport/Outcome/failed(_:)`` with its path and the
  /// system's words; tcp6 or udp6 that never was there as ``TableReport/Outcome/absent``.
  public func read(_ protos: ProtoSet = .all) -> Snapshot {
    let begun = clock.now()
    buffer.count = 0
    var parts: [(proto: Proto, bytes: Range<Int>, outcome: TableReport.Outcome)] = []
    for proto in Proto.allCases where protos.contains(proto) {
      let start = buffer.count
      let outcome = readTable(proto)
      parts.append((proto, start..<buffer.count, outcome))
    }
    let ended = clock.now()

    var rows: [SocketRow] = []
    rows.reserveCapacity(usualCount)
    var tables: [TableReport] = []
    for part in parts {
      guard part.outcome == .read else {
        tables.append(TableReport(proto: part.proto, outcome: part.outcome))
        continue
      }
      let bytes = UnsafeRawBufferPointer(rebasing: buffer.bytes[part.bytes])
      var report = parser.parse(bytes, proto: part.proto, byteOrder: byteOrder, appendingTo: &rows)
      if case .failed(let why) = report.outcome { report.outcome = .failed("\(path(part.proto)): \(why)") }
      tables.append(report)
    }
    buffer.empty()
    usualCount = rows.count + rows.count / 8
    return Snapshot(
      time: ended.wall, bootTime: ended.boot, readingTook: ended.boot - begun.boot, rows: rows, tables: tables
    )
  }

  private func path(_ proto: Proto) -> String { files[Int(proto.rawValue)].path }

  private func readTable(_ proto: Proto) -> TableReport.Outcome {
    let index = Int(proto.rawValue)
    do throws(SocketTableFile.Failure) {
      try files[index].read(into: buffer)
      return .read
    } catch {
      switch error {
      case .missing:
        // Without IPv6 there is a directory but no such table in it (net/ipv6/af_inet6.c).
        let couldBeAbsent = proto.isV6 && !files[index].wasThere
        if couldBeAbsent, access("\(root.path)/\(directory)", F_OK) == 0 { return .absent }
        return .failed(Self.words(ENOENT, path: path(proto)))
      case .system(let code): return .failed(Self.words(code, path: path(proto)))
      }
    }
  }

  /// What the system said, with a hint where there is something to do about it.
  private static func words(_ code: Int32, path: String) -> String {
    let hint =
      switch code {
      case ENOENT: " (is /proc mounted there?)"
      case EACCES, EPERM: " (may this user look into it?)"
      case EMFILE: " (raise the limit: ulimit -n)"
      default: ""
      }
    return "\(path): \(String(cString: strerror(code)))\(hint)"
  }
}
