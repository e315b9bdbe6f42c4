// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The first line of a socket table.
struct TableHeader {
  /// The line without its end.
  let text: UnsafeRawBufferPointer
  /// Where the first row begins.
  let end: Int
  /// False where the table stops within the header or right after it, without a line end.
  let isTerminated: Bool
  /// There is a column `drops`.
  let namesDrops: Bool

  /// Reads the header; nil where there is none.
  ///
  /// It is one when it begins `sl local_address`. The names after that differ: `rem_address` in tcp,
  /// `remote_address` in tcp6, `ref pointer drops` in udp since Linux 2.6.27. Blank lines and blanks before it
  /// are passed over, as pasted text has them.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard let name = bytes.firstIndex(where: { !TolerantRow.isBlank($0) && $0 != 0x0A && $0 != 0x0D })
    else { return nil }
    let start = bytes[..<name].lastIndex { !TolerantRow.isBlank($0) }.map { $0 + 1 } ?? 0
    let newline = bytes[start...].firstIndex(of: 0x0A)
    var line = UnsafeRawBufferPointer(rebasing: bytes[start..<(newline ?? bytes.count)])
    if line.last == 0x0D { line = UnsafeRawBufferPointer(rebasing: line.dropLast()) }
    var position = 0
    guard let first = TolerantRow.nextColumn(line, &position), line[first].elementsEqual("sl".utf8),
      let second = TolerantRow.nextColumn(line, &position),
      line[second].starts(with: "local_address".utf8)
    else { return nil }
    var drops = false
    while let column = TolerantRow.nextColumn(line, &position) {
      drops = drops || line[column].elementsEqual("drops".utf8)
    }
    text = line
    end = newline.map { $0 + 1 } ?? bytes.count
    isTerminated = newline != nil
    namesDrops = drops
  }

  /// What is wrong with a table that has no header, with what stands in its place.
  static func complaint(_ bytes: UnsafeRawBufferPointer) -> String {
    guard !bytes.isEmpty else { return "empty, without even a header (not the same as no sockets)" }
    let excerpt = bytes.prefix(40).prefix { $0 != 0x0A }
      .map { (0x20...0x7E).contains($0) ? String(UnicodeScalar($0)) : "?" }.joined()
    return "no header: begins \"\(excerpt)\" where \"sl local_address\" belongs (is this a socket table?)"
  }
}
