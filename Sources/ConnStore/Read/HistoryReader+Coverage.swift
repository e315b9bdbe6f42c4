// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

extension HistoryReader {
  /// What the kernel counted of openings in a range, and how many of them were recorded: one for each network
  /// namespace, the recorder's own first.
  ///
  /// Counts are kept by the minute, so the whole of each minute that the range touches is in them.
  ///
  /// - Returns: empty where nothing was counted.
  public func coverage(since: Timestamp? = nil, until: Timestamp? = nil) throws(StoreError) -> [Coverage] {
    guard schema >= 2 else { return [] }
    let rows = try connection.prepare(
      """
      SELECT n.label, sum(c.active_opens), sum(c.passive_opens), sum(c.attempt_fails), sum(c.recorded)
      FROM sample s JOIN coverage c ON c.sample = s.id LEFT JOIN netns n ON n.id = c.netns
      WHERE s.last >= ? AND s.first <= ? GROUP BY c.netns ORDER BY c.netns
      """)
    rows.bind(1, since?.microseconds ?? .min)
    rows.bind(2, until?.microseconds ?? .max)
    var coverage: [Coverage] = []
    while try rows.step() {
      coverage.append(
        Coverage(
          netns: rows.optionalText(0), activeOpens: rows.integer(1), passiveOpens: rows.integer(2),
          attemptFails: rows.integer(3), recorded: rows.integer(4)))
    }
    return coverage
  }

  /// True where some sample of a range was made without the kernel's trace.
  public func isUntraced(since: Timestamp? = nil, until: Timestamp? = nil) throws(StoreError) -> Bool {
    let rows = try connection.prepare(
      """
      SELECT 1 FROM sample s JOIN run r ON r.id = s.run
      WHERE s.last >= ? AND s.first <= ? AND instr(r.source, 'trace') = 0 LIMIT 1
      """)
    rows.bind(1, since?.microseconds ?? .min)
    rows.bind(2, until?.microseconds ?? .max)
    return try rows.step()
  }

  /// Where the sockets were read from by the last run that sampled in a range; nil where none did.
  public func source(since: Timestamp? = nil, until: Timestamp? = nil) throws(StoreError) -> String? {
    let rows = try connection.prepare(
      """
      SELECT r.source FROM sample s JOIN run r ON r.id = s.run WHERE s.last >= ? AND s.first <= ?
      ORDER BY s.id DESC LIMIT 1
      """)
    rows.bind(1, since?.microseconds ?? .min)
    rows.bind(2, until?.microseconds ?? .max)
    return try rows.step() ? rows.text(0) : nil
  }
}
