// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// What is known of a database.
struct InfoRow: OutputRow {
  enum Field: String, CaseIterable {
    case path, size
    case walSize = "wal_size"
    case free, schema, finished, open, addresses, programs, samples, gaps
    case firstSample = "first_sample"
    case lastSample = "last_sample"
    case recording
    case recorderPID = "recorder_pid"
    case bytesPerConnection = "bytes_per_connection"
    case activeOpens = "active_opens"
    case passiveOpens = "passive_opens"
    case attemptFails = "attempt_fails"
    case recorded, evidence
    case evidenceHosts = "evidence_hosts"
    case evidenceRows = "evidence_rows"
  }

  static let keys = Field.allCases
  static let table = Field.allCases.map { TableColumn($0) }

  let info: DatabaseInfo

  func value(_ field: Field) -> Value {
    switch field {
    case .path: return .text(info.path)
    case .size: return .int(info.size)
    case .walSize: return .int(info.walSize)
    case .free: return .int(info.free)
    case .schema: return .int(info.schema)
    case .finished: return .int(info.finished)
    case .open: return .int(info.open)
    case .addresses: return .int(info.addresses)
    case .programs: return .int(info.programs)
    case .samples: return .int(info.samples)
    case .gaps: return .int(info.gaps)
    case .firstSample: return info.sampled.orNull { .time($0.lowerBound) }
    case .lastSample: return info.sampled.orNull { .time($0.upperBound) }
    case .recording:
      switch info.recorder {
      case .none: return .bool(false)
      case .recorder: return .bool(true)
      case .unknown: return .null
      }
    case .recorderPID:
      guard case .recorder(let pid?) = info.recorder else { return .null }
      return .number(pid)
    case .bytesPerConnection: return bytesPerConnection.orNull(Value.int)
    case .activeOpens: return info.coverage.total.orNull { .int($0.activeOpens) }
    case .passiveOpens: return info.coverage.total.orNull { .int($0.passiveOpens) }
    case .attemptFails: return info.coverage.total.orNull { .int($0.attemptFails) }
    case .recorded: return info.coverage.total.orNull { .int($0.recorded) }
    case .evidence: return .int(info.evidence)
    case .evidenceHosts: return .int(info.evidenceHosts)
    case .evidenceRows: return .int(info.evidenceRows)
    }
  }

  /// Why there were gaps: ` (recorder stopped 3, disk full 1)`.
  private var causes: String {
    if info.gapCauses.isEmpty { return "" }
    let parts = info.gapCauses.map { "\(HostileText.escaped($0.cause)) \($0.count)" }
    return " (" + parts.joined(separator: ", ") + ")"
  }

  /// Bytes in use for each finished connection, indexes and dictionaries included; nil where there are none.
  private var bytesPerConnection: Int64? {
    info.finished > 0 ? info.used / info.finished : nil
  }

  /// A fact a line, for people.
  func text(_ global: GlobalOptions) -> String {
    var lines: [(String, String)] = [
      ("database", HostileText.escaped(info.path)),
      ("size", "\(Self.size(info.size)), \(Self.size(info.free)) of it free; log \(Self.size(info.walSize))"),
      ("schema", "\(info.schema)"),
      (
        "connections",
        "\(info.finished) finished, \(info.open) open"
          + (bytesPerConnection.map { ", \($0) bytes for each finished one" } ?? "")
      ),
      ("dictionaries", "\(info.addresses) addresses, \(info.programs) programs"),
      ("samples", "\(info.samples), gaps \(info.gaps)" + causes),
    ]
    if let sampled = info.sampled {
      lines.append(("sampled", "\(global.text(sampled.lowerBound)) to \(global.text(sampled.upperBound))"))
    }
    if let coverage = info.coverage.total { lines.append(("coverage", CoverageWords.share(coverage))) }
    if info.evidence > 0 {
      lines.append(
        ("evidence", "\(info.evidence) pieces of \(info.evidenceHosts) hosts, \(info.evidenceRows) rows"))
    }
    let recorder =
      switch info.recorder {
      case .none: "none is running"
      case .recorder(let pid): "running" + (pid.map { ", pid \($0)" } ?? "")
      case .unknown: "not to be seen: no permission"
      }
    lines.append(("recorder", recorder))
    return lines.map { $0.0 + String(repeating: " ", count: 14 - $0.0.count) + $0.1 + "\n" }.joined()
  }

  /// Bytes for people: `1.5M`.
  static func size(_ bytes: Int64) -> String {
    var text = ByteBuffer(capacity: 16)
    text.append(size: UInt64(max(0, bytes)))
    return String(decoding: text.bytes, as: UTF8.self)
  }
}
