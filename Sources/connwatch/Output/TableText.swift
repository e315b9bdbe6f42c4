// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Values as the cells of a table. Nothing here cuts or pads: that is the layout's.
struct TableText {
  private var clock: TimeText
  private let names: [IPAddress: String]

  /// Writes times in the zone of `options`, and hosts by their names where there is one.
  init(_ options: OutputOptions) {
    clock = TimeText(zone: options.zone, precision: options.isNarrow ? .yearless : .full)
    names = options.names
  }

  /// Writes hosts by their addresses, and times by a clock of one's own.
  init(_ clock: TimeText) {
    self.clock = clock
    names = [:]
  }

  /// Appends a cell and returns the columns it takes.
  mutating func append(_ value: Value, to bytes: inout ByteBuffer) -> Int {
    let start = bytes.count
    switch value {
    case .null: bytes.append(UInt8(ascii: "-"))
    case .bool(let flag): bytes.append(literal: flag ? "yes" : "no")
    case .int(let number): bytes.append(decimal: number)
    case .text(let text): return Self.append(text, to: &bytes)
    case .address(let address):
      if !names.isEmpty, let name = names[address] { return Self.append(name, to: &bytes) }
      bytes.append(address)
    case .port(let port): bytes.append(decimal: UInt64(port))
    case .endpoint(let end):
      if !names.isEmpty, let name = names[end.address] {
        let width = Self.append(name, to: &bytes)
        let colon = bytes.count
        bytes.append(UInt8(ascii: ":"))
        bytes.append(port: end.port)
        return width + bytes.count - colon
      }
      bytes.append(end)
    case .proto(let proto): bytes.append(proto)
    case .direction(let direction): bytes.append(direction)
    case .state(let state): bytes.append(state)
    case .time(let time): clock.append(time, to: &bytes)
    case .seconds(let span): bytes.append(seconds: span)
    case .age(let span): TimeText.append(age: span, to: &bytes)
    case .milliseconds(let span): bytes.append(shortMilliseconds: span)
    case .size(let count): bytes.append(size: count)
    case .process(let owner): return Self.append(owner, to: &bytes)
    case .steps(let steps):
      if steps.isEmpty { bytes.append(UInt8(ascii: "-")) }
      for (index, step) in steps.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ">")) }
        bytes.append(step.state)
      }
    case .texts(let texts): return Self.append(texts.joined(separator: ","), to: &bytes)
    case .ports(let ports):
      if ports.isEmpty { bytes.append(UInt8(ascii: "-")) }
      for (index, port) in ports.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(decimal: UInt64(port))
      }
    }
    return bytes.count - start
  }

  /// Appends text, `-` for none at all: a cell is never empty, so a line has as many words as columns.
  private static func append(_ text: String, to bytes: inout ByteBuffer) -> Int {
    if text.isEmpty {
      bytes.append(UInt8(ascii: "-"))
      return 1
    }
    return HostileText.append(text, to: &bytes)
  }

  /// Appends `nginx`, `nginx +3`, `(no permission)`, or `-` where nobody looked.
  private static func append(_ owner: SocketOwner, to bytes: inout ByteBuffer) -> Int {
    guard let process = owner.process else {
      let start = bytes.count
      if let why = owner.whyUnknown {
        bytes.append(UInt8(ascii: "("))
        bytes.append(raw: why.rawValue)
        bytes.append(UInt8(ascii: ")"))
      } else {
        bytes.append(UInt8(ascii: "-"))
      }
      return bytes.count - start
    }
    let width = append(process.name, to: &bytes)
    guard owner.others > 0 else { return width }
    let start = bytes.count
    bytes.append(literal: " +")
    bytes.append(decimal: Int64(owner.others))
    return width + bytes.count - start
  }
}
