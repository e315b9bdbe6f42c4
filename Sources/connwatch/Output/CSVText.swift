// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Values as CSV (RFC 4180, with `\n` at the end of a line as other tools on Linux write it).
struct CSVText {
  /// The parts of a process: its JSON keys, and after `process_` its columns in CSV.
  static let processParts = ["pid", "name", "exe", "unit", "container", "others", "why_unknown"]

  /// True for a terminal, which would obey what stands in a name: there it is shown as in tables. A file or a pipe gets
  /// the name itself.
  var isForTerminal = false
  private var clock = TimeText(zone: .utc)

  /// Appends one field; nothing for null.
  mutating func append(_ value: Value, to bytes: inout ByteBuffer) {
    switch value {
    case .null: break
    case .bool(let flag): bytes.append(literal: flag ? "true" : "false")
    case .int(let number): bytes.append(decimal: number)
    case .text(let text): append(text, to: &bytes)
    case .address(let address): bytes.append(address)
    case .port(let port): bytes.append(decimal: UInt64(port))
    case .endpoint(let end): bytes.append(end)
    case .proto(let proto): bytes.append(proto)
    case .direction(let direction): bytes.append(direction)
    case .state(let state): bytes.append(state)
    case .time(let time): clock.appendRFC3339(time, to: &bytes)
    case .seconds(let span), .age(let span): bytes.append(seconds: span)
    case .milliseconds(let span): bytes.append(milliseconds: span)
    case .size(let count): bytes.append(decimal: count)
    case .process(let owner): append(owner.process?.name, to: &bytes)
    case .steps(let steps):
      for (index, step) in steps.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ";")) }
        bytes.append(step.state)
        bytes.append(UInt8(ascii: "@"))
        clock.appendRFC3339(step.at, to: &bytes)
      }
    case .texts(let texts): append(texts.joined(separator: ";"), to: &bytes)
    case .ports(let ports):
      for (index, port) in ports.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ";")) }
        bytes.append(decimal: UInt64(port))
      }
    }
  }

  /// Appends the seven fields of a process with the commas between them, all empty unless it is an owner.
  func appendProcess(_ value: Value, to bytes: inout ByteBuffer) {
    guard case .process(let owner) = value, let process = owner.process else {
      bytes.append(literal: ",,,,,,")
      if case .process(let owner) = value { append(owner.whyUnknown?.rawValue, to: &bytes) }
      return
    }
    bytes.append(decimal: Int64(process.pid))
    bytes.append(UInt8(ascii: ","))
    append(process.name, to: &bytes)
    bytes.append(UInt8(ascii: ","))
    append(process.exe, to: &bytes)
    bytes.append(UInt8(ascii: ","))
    append(process.unit, to: &bytes)
    bytes.append(UInt8(ascii: ","))
    append(process.container, to: &bytes)
    bytes.append(UInt8(ascii: ","))
    bytes.append(decimal: Int64(owner.others))
    bytes.append(UInt8(ascii: ","))
  }

  private func append(_ text: String?, to bytes: inout ByteBuffer) {
    guard let text else { return }
    Self.append(isForTerminal ? HostileText.escaped(text) : text, to: &bytes)
  }

  /// Appends text, in quotes where a comma, a quote or a line break is in it.
  static func append(_ text: String, to bytes: inout ByteBuffer) {
    let isPlain: Bool? = text.utf8.withContiguousStorageIfAvailable { utf8 in
      for byte in utf8 where byte == 0x2C || byte == 0x22 || byte == 0x0A || byte == 0x0D { return false }
      bytes.append(utf8)
      return true
    }
    if isPlain == true { return }
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") { bytes.append(byte) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
