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

  /// Appends the sequence that turns the style on; nothing for plain.
  func begin(_ bytes: inout ByteBuffer) {
    switch self {
    case .plain: break
    case .bold: bytes.append(literal: "\u{1B}[1m")
    case .dim: bytes.append(literal: "\u{1B}[2m")
    case .red: bytes.append(literal: "\u{1B}[31m")
    case .green: bytes.append(literal: "\u{1B}[32m")
    case .yellow: bytes.append(literal: "\u{1B}[33m")
    case .blue: bytes.append(literal: "\u{1B}[34m")
    case .magenta: bytes.append(literal: "\u{1B}[35m")
    case .cyan: bytes.append(literal: "\u{1B}[36m")
    case .gray: bytes.append(literal: "\u{1B}[90m")
    case .brightRed: bytes.append(literal: "\u{1B}[91m")
    case .brightGreen: bytes.append(literal: "\u{1B}[92m")
    case .brightYellow: bytes.append(literal: "\u{1B}[93m")
    case .brightBlue: bytes.append(literal: "\u{1B}[94m")
    case .brightMagenta: bytes.append(literal: "\u{1B}[95m")
    case .brightCyan: bytes.append(literal: "\u{1B}[96m")
    }
  }

  /// Appends the sequence that ends every style; nothing for plain.
  func end(_ bytes: inout ByteBuffer) {
    if self != .plain { bytes.append(literal: "\u{1B}[0m") }
  }
}
