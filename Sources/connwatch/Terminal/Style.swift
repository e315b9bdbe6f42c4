// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// How a cell looks on a terminal: one of the 16 colours that every theme defines, or an attribute (ECMA-48 SGR).
///
/// A colour is never the only sign of anything: what it tells is also a word or a mark.
enum Style: UInt8, CaseIterable, Sendable {
  case plain, bold, dim
  case red, green, yellow, blue, magenta, cyan, gray
  case brightRed, brightGreen, brightYellow, brightBlue, brightMagenta, brightCyan

  /// The colour of a state: green in use, yellow on its way, magenta closing, red waiting for a program that should
  /// have closed, gray done.
  init(of state: SocketState) {
    self =
      switch state {
      case .established: .green
      case .listen, .unconnected: .cyan
      case .synSent, .synReceived: .yellow
      case .finWait1, .finWait2, .lastAck, .closing: .magenta
      case .closeWait: .red
      case .timeWait, .close: .gray
      case .unknown: .brightRed
      }
  }

  /// The parameter of SGR that turns the style on; 0, which turns everything off, for plain.
  var parameter: UInt8 {
    switch self {
    case .plain: 0
    case .bold: 1
    case .dim: 2
    case .red, .green, .yellow, .blue, .magenta, .cyan: 31 + rawValue - Self.red.rawValue
    case .gray: 90
    case .brightRed, .brightGreen, .brightYellow, .brightBlue, .brightMagenta, .brightCyan:
      91 + rawValue - Self.brightRed.rawValue
    }
  }

  /// Appends the sequence that turns the style on; nothing for plain.
  func begin(_ bytes: inout ByteBuffer) {
    if self == .plain { return }
    bytes.append(literal: "\u{1B}[")
    bytes.append(decimal: UInt64(parameter))
    bytes.append(UInt8(ascii: "m"))
  }

  /// Appends the sequence that ends every style; nothing for plain.
  func end(_ bytes: inout ByteBuffer) {
    if self != .plain { bytes.append(literal: "\u{1B}[0m") }
  }
}
