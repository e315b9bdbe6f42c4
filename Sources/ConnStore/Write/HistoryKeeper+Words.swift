// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension HistoryKeeper.Lost {
  /// What the gap says.
  ///
  /// - Parameter offset: how much higher the numbers of lives are in the next file, nil where they are the same.
  func detail(_ offset: Int64?) -> String? {
    var parts: [String] = []
    switch loss {
    case .replaced: break
    case .withoutLog: parts.append("its log was removed")
    case .truncated: break
    case .damaged(let finding): parts.append(finding)
    }
    if let putAside { parts.append("the old one is \(putAside)") }
    if let offset { parts.append("another history was there: numbers of connections are \(offset) higher") }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  /// What is said to people.
  func notice(_ path: String, _ offset: Int64?) -> StoreError {
    var why: String
    switch loss {
    case .replaced: why = "moved, removed or replaced while it was recorded to"
    case .withoutLog: why = "its log (-wal or -shm) was removed while it was recorded to"
    case .truncated: why = "cut short while it was recorded to"
    case .damaged(let finding):
      why = finding.hasPrefix("the database") ? finding : "the database is damaged: \(finding)"
    }
    var hint = "recording goes on in the file that is there now"
    if let offset {
      why += ", by another history"
      hint = "recording goes on in it, with numbers of connections \(offset) higher"
    }
    if let putAside {
      why += "; it is now \(putAside)"
      hint = "recording goes on in a new one; sqlite3 \(putAside) .recover saves what can be read"
    }
    return StoreError(.begunAnew, path: path, why: why, hint: hint)
  }
}
