// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

/// What one sample, or several that had to wait for the disk, adds to the history.
///
/// Lives are written whole, under their number, so writing a batch twice or two batches as one gives the same.
public struct Batch: Sendable {
  /// Wall-clock time of the first sample in it; of the earliest, where the clock has stepped back.
  public var first: Timestamp
  /// Wall-clock time of the last one; of the latest, where the clock has stepped back.
  public var last: Timestamp
  /// CLOCK_BOOTTIME of the last one, in microseconds.
  public var boot: Int64
  /// How many samples.
  public var samples = 1
  /// The number the first life opened in it gets.
  public var nextLife: Int64
  /// Sockets seen in the last sample, and the most in any.
  public var sockets: Int
  /// The most sockets seen in one sample.
  public var socketsMax: Int
  /// Lives opened.
  public var opened = 0
  /// Lives closed.
  public var closed = 0
  /// Rows that could not be used.
  public var skipped = 0
  /// Rows that repeated others.
  public var duplicates = 0
  /// Samples with a table that was not whole.
  public var incomplete = 0
  /// Lives that are new or changed, each once; their sockets are still there.
  public var current: [Life] = []
  /// Lives whose sockets are gone.
  public var finished: [Life] = []
  /// Lives that had to be given up; their open rows must go.
  public var dropped: [Int64] = []
  /// How many lives were given up in all.
  public var givenUp = 0
  /// What was not seen.
  public var gaps: [Gap] = []
  /// Every life whose socket is there is in it, also where nothing has happened to it.
  public var isEverything = false
  /// What the kernel counted of openings since the sample before, each namespace once.
  public var coverage: [Coverage] = []

  /// Makes the batch of one sample.
  public init(time: Timestamp, boot: Int64, nextLife: Int64, sockets: Int) {
    first = time
    last = time
    self.boot = boot
    self.nextLife = nextLife
    self.sockets = sockets
    socketsMax = sockets
  }

  /// Appends a later batch.
  public mutating func merge(_ later: Batch) {
    // A batch of no sample brings gaps; it does not say that anything was seen at its time.
    if later.samples > 0 {
      first = min(first, later.first)
      last = max(last, later.last)
      boot = later.boot
      sockets = later.sockets
    }
    samples += later.samples
    socketsMax = max(socketsMax, later.socketsMax)
    opened += later.opened
    closed += later.closed
    skipped += later.skipped
    duplicates += later.duplicates
    incomplete += later.incomplete
    let overtaken = Set(later.current.lazy.map(\.id)).union(later.finished.lazy.map(\.id))
    let verdicts = current.lazy.filter { $0.verdict != nil && overtaken.contains($0.id) }
      .map { ($0.id, $0.verdict) }
    let earlier = Dictionary(verdicts, uniquingKeysWith: { first, _ in first })
    current.removeAll { overtaken.contains($0.id) }
    current += later.current.map { $0.withVerdict(earlier[$0.id] ?? nil) }
    finished += later.finished.map { $0.withVerdict(earlier[$0.id] ?? nil) }
    dropped += later.dropped
    givenUp += later.givenUp
    gaps += later.gaps
    isEverything = isEverything || later.isEverything
    for more in later.coverage { coverage.add(more) }
  }

  /// The earliest opening of those that are told in it: the kernel's word of one comes with the next sample. What was
  /// open before recording began has none that is known.
  var firstOpening: Timestamp? {
    [current, finished].lazy.joined()
      .filter { [nextLife] in $0.id >= nextLife && $0.uncertainty != nil }
      .map(\.firstSeen).min()
  }

  /// Gives up the oldest finished lives beyond `limit`, so that a full disk does not fill the memory too. One gap
  /// says so, however often it happens.
  mutating func shed(downTo limit: Int, why: String) {
    guard finished.count > limit else { return }
    let given = finished.prefix(finished.count - limit)
    var gap = Gap(since: first, until: first, cause: .couldNotWrite, samples: 0)
    gap.since = given.map(\.firstSeen).min() ?? first
    gap.until = max(gap.since, given.compactMap(\.closed).max() ?? first)
    givenUp += given.count
    // What was opened in this batch is in no row yet.
    dropped += given.lazy.map(\.id).filter { [nextLife] in $0 < nextLife }
    finished.removeFirst(given.count)
    if let place = gaps.firstIndex(where: { $0.cause == GapCause.couldNotWrite.rawValue }) {
      gap.since = min(gap.since, gaps[place].since)
      gap.until = max(gap.until, gaps[place].until)
      gaps.remove(at: place)
    }
    gap.detail = "\(givenUp) finished connections given up: \(why)"
    gaps.append(gap)
  }
}

extension Life {
  /// A listener is judged once: what was said of it earlier still holds.
  fileprivate func withVerdict(_ earlier: ListenerVerdict?) -> Life {
    guard verdict == nil, let earlier else { return self }
    var life = self
    life.verdict = earlier
    return life
  }
}
