// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Values as JSON (RFC 8259), on one line whatever they hold.
struct JSONText {
  private var clock = TimeText(zone: .utc)

  /// Appends a value.
  mutating func append(_ value: Value, to bytes: inout ByteBuffer) {
    switch value {
    case .null: bytes.append(literal: "null")
    case .bool(let flag): bytes.append(literal: flag ? "true" : "false")
    case .int(let number): bytes.append(decimal: number)
    case .text(let text): Self.append(text, to: &bytes)
    case .address(let address):
      bytes.append(UInt8(ascii: "\""))
      bytes.append(address)
      bytes.append(UInt8(ascii: "\""))
    case .port(let port): bytes.append(decimal: UInt64(port))
    case .endpoint(let end):
      bytes.append(UInt8(ascii: "\""))
      bytes.append(end)
      bytes.append(UInt8(ascii: "\""))
    case .proto(let proto):
      bytes.append(UInt8(ascii: "\""))
      bytes.append(proto)
      bytes.append(UInt8(ascii: "\""))
    case .direction(let direction):
      bytes.append(literal: direction == .inbound ? #""in""# : #""out""#)
    case .state(let state): append(state, to: &bytes)
    case .time(let time): append(time, to: &bytes)
    case .seconds(let span), .age(let span): bytes.append(seconds: span)
    case .milliseconds(let span): bytes.append(milliseconds: span)
    case .bytes(let amount): bytes.append(decimal: amount)
    case .process(let owner): Self.append(owner, to: &bytes)
    case .steps(let steps):
      list(steps, to: &bytes) { text, step, bytes in
        bytes.append(literal: #"{"state":"#)
        text.append(step.state, to: &bytes)
        bytes.append(literal: #","at":"#)
        text.append(step.at, to: &bytes)
        bytes.append(UInt8(ascii: "}"))
      }
    case .texts(let texts): list(texts, to: &bytes) { Self.append($1, to: &$2) }
    case .ports(let ports): list(ports, to: &bytes) { $2.append(decimal: UInt64($1)) }
    }
  }

  private mutating func list<Element>(
    _ elements: [Element], to bytes: inout ByteBuffer,
    _ appendOne: (inout JSONText, Element, inout ByteBuffer) -> Void
  ) {
    bytes.append(UInt8(ascii: "["))
    var isFirst = true
    for element in elements {
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      appendOne(&self, element, &bytes)
    }
    bytes.append(UInt8(ascii: "]"))
  }

  private mutating func append(_ time: Timestamp, to bytes: inout ByteBuffer) {
    bytes.append(UInt8(ascii: "\""))
    clock.appendRFC3339(time, to: &bytes)
    bytes.append(UInt8(ascii: "\""))
  }

  private func append(_ state: SocketState, to bytes: inout ByteBuffer) {
    bytes.append(UInt8(ascii: "\""))
    bytes.append(state)
    bytes.append(UInt8(ascii: "\""))
  }

  /// Appends an owner: null where nobody looked, else an object with every key.
  private static func append(_ owner: SocketOwner, to bytes: inout ByteBuffer) {
    guard let process = owner.process else {
      guard let why = owner.whyUnknown else {
        bytes.append(literal: "null")
        return
      }
      bytes.append(
        literal:
          #"{"pid":null,"name":null,"exe":null,"unit":null,"container":null,"others":null,"why_unknown":"#)
      append(why.rawValue, to: &bytes)
      bytes.append(UInt8(ascii: "}"))
      return
    }
    bytes.append(literal: #"{"pid":"#)
    bytes.append(decimal: Int64(process.pid))
    bytes.append(literal: #","name":"#)
    append(process.name, to: &bytes)
    bytes.append(literal: #","exe":"#)
    append(process.exe, to: &bytes)
    bytes.append(literal: #","unit":"#)
    append(process.unit, to: &bytes)
    bytes.append(literal: #","container":"#)
    append(process.container, to: &bytes)
    bytes.append(literal: #","others":"#)
    bytes.append(decimal: Int64(owner.others))
    bytes.append(literal: #","why_unknown":null}"#)
  }

  private static func append(_ text: String?, to bytes: inout ByteBuffer) {
    if let text { append(text, to: &bytes) } else { bytes.append(literal: "null") }
  }

  /// Appends a quoted string.
  ///
  /// Besides what JSON asks for, everything that ``HostileText`` calls unsafe is written as `\u`: a reader gets the
  /// same text, no tool mistakes U+2028 or U+0085 for the end of a line, and a terminal shows it harmlessly.
  static func append(_ text: String, to bytes: inout ByteBuffer) {
    bytes.append(UInt8(ascii: "\""))
    let isPlain: Bool? = text.utf8.withContiguousStorageIfAvailable { utf8 in
      for byte in utf8 where byte &- 0x20 >= 0x5F || byte == 0x22 || byte == 0x5C { return false }
      bytes.append(utf8)
      return true
    }
    if isPlain != true {
      for scalar in text.unicodeScalars { appendEscaped(scalar, to: &bytes) }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func appendEscaped(_ scalar: Unicode.Scalar, to bytes: inout ByteBuffer) {
    switch scalar {
    case "\"": bytes.append(literal: #"\""#)
    case "\\": bytes.append(literal: #"\\"#)
    case "\n": bytes.append(literal: #"\n"#)
    case "\r": bytes.append(literal: #"\r"#)
    case "\t": bytes.append(literal: #"\t"#)
    case _ where HostileText.isUnsafe(scalar):
      for unit in UTF16.encode(scalar)! {
        bytes.append(literal: #"\u"#)
        HostileText.appendHex(UInt32(unit), digits: 4, to: &bytes)
      }
    default: bytes.append(scalar)
    }
  }
}
