// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Writes what is said of samples: their counts, and what the kernel counted between them.
///
/// The samples of a minute share a row: a row a sample would outgrow the lives on a quiet machine.
final class SampleWriter {
  /// How long before the last sample of all a life can have been opened that only the next one tells of, in
  /// microseconds. Ample: what matters is that a wrong time does not stretch a row over all there was.
  static let longestDelay: Int64 = 60_000_000

  private let connection: Connection
  private let dictionaries: Dictionaries
  private let addSample: Statement
  private let growSample: Statement
  private let addCoverage: Statement
  private var sampleID: Int64?
  private var minute: Int64 = 0
  /// When the last sample was, in this run or before; nil in a new database.
  private var lastSample: Timestamp?

  init(_ connection: Connection, _ dictionaries: Dictionaries, lastSample: Timestamp?) throws(StoreError) {
    self.connection = connection
    self.dictionaries = dictionaries
    self.lastSample = lastSample
    addSample = try connection.prepare(
      "INSERT INTO sample VALUES(NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    growSample = try connection.prepare(
      """
      UPDATE sample SET first = min(first, ?), last = max(last, ?), samples = samples + ?, sockets = ?,
        sockets_max = max(sockets_max, ?), opened = opened + ?, closed = closed + ?, skipped = skipped + ?,
        duplicates = duplicates + ?, incomplete = incomplete + ?, boot = ? WHERE id = ?
      """)
    addCoverage = try connection.prepare(
      """
      INSERT INTO coverage VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        active_opens = active_opens + excluded.active_opens,
        passive_opens = passive_opens + excluded.passive_opens,
        attempt_fails = attempt_fails + excluded.attempt_fails, recorded = recorded + excluded.recorded
      """)
  }

  /// Begins a new row with the next batch: the last one may have been undone.
  func forget() { sampleID = nil }

  /// Counts the samples of a batch.
  func count(_ batch: Batch, run: Int64) throws(StoreError) {
    // A gap can be all there is to write: then nothing was sampled, and no row says otherwise.
    if batch.samples > 0 { try add(batch, run: run) }
    for coverage in batch.coverage { try add(coverage) }
  }

  private func add(_ batch: Batch, run: Int64) throws(StoreError) {
    let batchMinute = batch.first.microseconds / 60_000_000
    // A range of time finds its lives along the rows: none may have been opened before the row that it is in.
    let floor = min(lastSample ?? batch.first, batch.first) + -Self.longestDelay
    let first = min(batch.first, max(batch.firstOpening ?? batch.first, floor))
    let times: [SQLValue] = [
      .integer(first.microseconds), .integer(batch.last.microseconds), .integer(Int64(batch.samples)),
    ]
    let counts =
      [
        batch.sockets, batch.socketsMax, batch.opened, batch.closed, batch.skipped, batch.duplicates,
        batch.incomplete,
      ].map { SQLValue.integer(Int64($0)) } + [.integer(batch.boot)]
    if let sampleID, batchMinute == minute, batch.gaps.isEmpty {
      growSample.bind(all: times + counts + [.integer(sampleID)])
      try growSample.run()
    } else {
      addSample.bind(all: [.integer(run)] + times + [.integer(batch.nextLife)] + counts)
      try addSample.run()
      sampleID = connection.lastInsertID
      minute = batchMinute
    }
    lastSample = batch.last
  }

  private func add(_ coverage: Coverage) throws(StoreError) {
    // Of another namespace nothing is not worth a row each minute; of our own it says that it was counted.
    guard coverage.netns == nil || !coverage.isEmpty else { return }
    // Without a sample of its own it goes to the last one there is.
    var sample = sampleID
    if sample == nil { sample = try connection.integer("SELECT max(id) FROM sample") }
    guard let sample else { return }
    let netns = try coverage.netns.map { label throws(StoreError) in try dictionaries.netns(label) } ?? 0
    addCoverage.bind(
      all: [
        sample, netns, coverage.activeOpens, coverage.passiveOpens, coverage.attemptFails, coverage.recorded,
      ].map(SQLValue.integer))
    try addCoverage.run()
  }
}

extension Coverage {
  fileprivate var isEmpty: Bool {
    activeOpens == 0 && passiveOpens == 0 && attemptFails == 0 && recorded == 0
  }
}
