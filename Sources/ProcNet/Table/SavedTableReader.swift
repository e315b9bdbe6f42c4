// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

/// Reads saved tables of /proc/net line by line, several one after the other too, and so in little memory.
///
/// Which table it is the header tells: `remote_address` is that of IPv6, `drops` that of udp. What is a row, and when a
/// last line is whole, is as for ``SocketTableParser``; rows are not compared with each other here.
public struct SavedTableReader {
  /// What a line is.
  public enum Line: Hashable, Sendable {
    /// A header: what follows is of its table.
    case header(Proto)
    /// A socket.
    case row(SocketRow)
    /// A row that cannot be used.
    case unreadable(SkipReason)
    /// Something else.
    case other
  }

  private let byteOrder: ByteOrder
  private let hint: Proto?
  private var form: TableForm?
  private var firstRow: [UInt8] = []
  /// The tables that had a header and are all there as far as they were read.
  public private(set) var whole: ProtoSet = []

  /// Makes a reader.
  ///
  /// - Parameters:
  ///   - byteOrder: the byte order of the machine that printed the tables.
  ///   - hint: the table that a file's name promises: the transport of rows without a header, and of a header without
  ///     `drops`, as udp tables had before Linux 2.6.27.
  public init(byteOrder: ByteOrder = .host, hint: Proto? = nil) {
    self.byteOrder = byteOrder
    self.hint = hint
  }

  /// Reads one line, given without its line end.
  ///
  /// - Parameter isTerminated: false for a last line without a line end.
  public mutating func read(_ line: RawSpan, isTerminated: Bool = true) -> Line {
    line.withUnsafeBytes { read($0, isTerminated: isTerminated) }
  }

  mutating func read(_ bytes: UnsafeRawBufferPointer, isTerminated: Bool) -> Line {
    var line = bytes
    let hasReturn = line.last == 0x0D
    if hasReturn { line = UnsafeRawBufferPointer(rebasing: line.dropLast()) }
    if let header = TableHeader(line) { return begin(header, isTerminated: isTerminated || hasReturn) }
    guard let width = Self.addressWidth(line) else { return .other }
    if line.count > SocketTableParser.longestLine { return unreadable(.tooLong) }
    let form = self.form ?? TableForm(proto: headless(line, width), byteOrder: byteOrder, namesDrops: false)
    let reading = TolerantRow.parse(line, form: form)
    if !isTerminated, !hasReturn {
      let verdict = firstRow.withUnsafeBytes {
        LastLine.judge(line, reading, form: form, firstRow: $0.isEmpty ? nil : $0)
      }
      if verdict != .whole { whole = [] }
      if verdict == .cut { return .unreadable(.torn) }
    }
    if firstRow.isEmpty { firstRow = Array(line) }
    switch reading.row {
    case .success(let (row, _)): return .row(row)
    case .failure(let unusable): return unreadable(unusable.reason)
    }
  }

  private mutating func unreadable(_ reason: SkipReason) -> Line {
    if let form { whole.remove(ProtoSet(form.proto)) }
    return .unreadable(reason)
  }

  private mutating func begin(_ header: TableHeader, isTerminated: Bool) -> Line {
    let isV6 = header.text.contains("remote_address")
    let isUDP = header.namesDrops || hint?.transport == .udp
    let proto: Proto = isUDP ? (isV6 ? .udp6 : .udp) : isV6 ? .tcp6 : .tcp
    let form = TableForm(proto: proto, byteOrder: byteOrder, namesDrops: header.namesDrops)
    self.form = form
    firstRow = []
    if isTerminated || LastLine.isWholeHeader(header.text, form: form) { whole.insert(ProtoSet(proto)) }
    return .header(proto)
  }

  /// The table of a row without a header: its width tells the family, thirteen columns that it is udp.
  private func headless(_ line: UnsafeRawBufferPointer, _ width: Int) -> Proto {
    var position = 0
    var columns = 0
    while TolerantRow.nextColumn(line, &position) != nil { columns += 1 }
    let isUDP = hint.map { $0.transport == .udp } ?? (columns == 13)
    return isUDP ? (width == 32 ? .udp6 : .udp) : width == 32 ? .tcp6 : .tcp
  }

  /// Digits of the local address of what begins as a row does, `0: 0100007F:1F90`; nil for anything else.
  private static func addressWidth(_ line: UnsafeRawBufferPointer) -> Int? {
    var position = 0
    guard let number = TolerantRow.nextColumn(line, &position), number.count > 1,
      line[number.upperBound - 1] == 0x3A, line[number].dropLast().allSatisfy({ $0 &- 48 < 10 }),
      let local = TolerantRow.nextColumn(line, &position), let colon = line[local].firstIndex(of: 0x3A),
      line[local.lowerBound..<colon].allSatisfy({ TolerantRow.hexDigit($0) != nil })
    else { return nil }
    return colon - local.lowerBound
  }
}

extension UnsafeRawBufferPointer {
  /// True where some column begins with a word.
  fileprivate func contains(_ word: String) -> Bool {
    var position = 0
    while let column = TolerantRow.nextColumn(self, &position) {
      if self[column].starts(with: word.utf8) { return true }
    }
    return false
  }
}
