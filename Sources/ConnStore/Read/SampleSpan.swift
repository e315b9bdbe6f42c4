// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

/// Samples that share a row, which are those of a minute at the most.
public struct SampleSpan: Hashable, Sendable {
  /// The first of them, or the earliest opening that it told of.
  public var first: Timestamp
  /// The last of them.
  public var last: Timestamp
  /// Microseconds between two of them, as the recorder was told.
  public var interval: Int64
}

extension HistoryReader {
  /// The samples at or before `moment`, and those before and after them.
  ///
  /// - Returns: nil where there is none as early as that.
  public func samples(
    around moment: Timestamp
  ) throws(StoreError) -> (before: SampleSpan?, at: SampleSpan, after: SampleSpan?)? {
    guard
      let (id, at) = try samples(
        "s.first <= ? ORDER BY s.id DESC", moment.microseconds)
    else { return nil }
    return (
      try samples("s.id < ? ORDER BY s.id DESC", id)?.span, at,
      try samples("s.id > ? ORDER BY s.id", id)?.span
    )
  }

  private func samples(
    _ condition: String, _ value: Int64
  ) throws(StoreError) -> (id: Int64, span: SampleSpan)? {
    let row = try connection.prepare(
      """
      SELECT s.id, s.first, s.last, r.interval FROM sample s LEFT JOIN run r ON r.id = s.run
      WHERE \(condition) LIMIT 1
      """)
    row.bind(1, value)
    guard try row.step() else { return nil }
    let first = Timestamp(microseconds: row.microseconds(1))
    let last = Timestamp(microseconds: row.microseconds(2))
    return (
      row.integer(0),
      SampleSpan(first: first, last: max(first, last), interval: row.optionalMicroseconds(3) ?? 0)
    )
  }
}
