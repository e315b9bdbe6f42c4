// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What came of a file that was imported.
struct ImportRow: OutputRow {
  enum Field: String, CaseIterable {
    case file, host, at, format, rows, new, known, unreadable
  }

  static let keys = Field.allCases
  static let table = Field.allCases.map { TableColumn($0) }

  /// As it was named.
  let file: String
  let host: String
  let at: Timestamp
  /// nil where nothing in it could be read.
  var format: String?
  /// Its sockets.
  var rows = 0
  /// Those of them that were there already.
  var known = 0
  /// Lines.
  var unreadable = 0

  init(file: String, host: String, at: Timestamp) {
    (self.file, self.host, self.at) = (file, host, at)
  }

  func value(_ field: Field) -> Value {
    switch field {
    case .file: .text(file)
    case .host: .text(host)
    case .at: .time(at)
    case .format: format.orNull(Value.text)
    case .rows: .number(rows)
    case .new: .number(rows - known)
    case .known: .number(known)
    case .unreadable: .number(unreadable)
    }
  }
}
