// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

extension EvidenceWriter {
  /// What is known of bytes that were imported for a host and a moment before: their rows and unreadable lines.
  ///
  /// - Parameter digest: of the bytes, 16 of them; asked for only where there is evidence of that moment.
  public func known(
    _ piece: Piece, digest: () -> [UInt8]?
  ) throws(StoreError) -> (format: String, rows: Int, unreadable: Int)? {
    guard let host = try hostID(piece.host, adding: false) else { return nil }
    let any = try connection.prepare("SELECT 1 FROM evidence WHERE host = ? AND at = ?")
    any.bind(1, host)
    any.bind(2, piece.at.microseconds)
    guard try any.step(), let digest = digest() else { return nil }
    let same = try connection.prepare(
      "SELECT format, rows, unreadable FROM evidence WHERE host = ? AND at = ? AND digest = ?")
    same.bind(1, host)
    same.bind(2, piece.at.microseconds)
    same.bind(3, blob: digest)
    guard try same.step() else { return nil }
    return (same.text(0), Int(same.integer(1)), Int(same.integer(2)))
  }
}
