// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Synchronization
import Testing

@testable import ConnStore

private let full = StoreError(.full, path: "x", why: "no space")
private let busy = StoreError(.busy, path: "x", why: "locked")
private let interval: Int64 = 1_000_000

@Suite struct WriteWaitTests {
  private func gaps(_ wait: WriteWait, last: Int64, samples: Int, givenUp: Int = 0) -> [Gap] {
    var batch = makeBatch(last, next: 1)
    batch.samples = samples
    batch.givenUp = givenUp
    return wait.gaps(storedWith: batch, interval: interval)
  }

  @Test func samplesThatWaitedAreOneGap() throws {
    var wait = WriteWait()
    #expect(gaps(wait, last: 9, samples: 1).isEmpty)
    wait.add(from: moment(3), to: moment(3), samples: 1, because: full)
    // The next one took it along.
    #expect(gaps(wait, last: 4, samples: 2).isEmpty)
    // It did not come for long.
    #expect(gaps(wait, last: 8, samples: 2).map(\.samples) == [1])
    wait.add(from: moment(3), to: moment(4), samples: 2, because: full)
    wait.add(from: moment(3), to: moment(7), samples: 5, because: full)
    let told = gaps(wait, last: 8, samples: 6)
    #expect(
      told == [
        Gap(
          since: moment(3), until: moment(7), cause: "disk full", samples: 5,
          detail: "written later from memory, nothing lost")
      ])
    #expect(told.allSatisfy { !$0.isBlind })
    #expect(gaps(wait, last: 8, samples: 6, givenUp: 12)[0].detail?.contains("12 finished") == true)
  }

  @Test func reasonsThatTakeTurnsAreAGapEach() throws {
    var wait = WriteWait()
    for second in 1...40 as ClosedRange<Int64> {
      wait.add(
        from: moment(1), to: moment(second), samples: Int(second),
        because: second.isMultiple(of: 2) ? busy : full)
    }
    let told = gaps(wait, last: 41, samples: 41)
    #expect(told.map(\.cause) == ["disk full", "database locked"])
    #expect(told.map(\.samples) == [20, 20])
    #expect(told.map(\.since) == [moment(1), moment(1)])
    #expect(told.map(\.until) == [moment(39), moment(40)])
  }

  @Test func everyFailureHasACause() {
    func cause(_ kind: StoreError.Kind) -> GapCause {
      GapCause(writingFailed: StoreError(kind, path: "x", why: ""))
    }
    #expect(cause(.full) == .diskFull && cause(.busy) == .databaseLocked)
    #expect(cause(.readOnly) == .databaseUnwritable && cause(.other) == .databaseUnwritable)
    #expect(cause(.noPermission) == .databaseUnwritable)
  }

  @Test func aWaitIsStoredWithWhatWaited() throws {
    let scratch = try Scratch()
    let notices = Mutex<[StoreNotice]>([])
    let came = DispatchSemaphore(value: 0)
    let writer = try HistoryWriter(
      path: scratch.path, run: .init(bootID: "b", pid: 1, version: "t", source: "proc", interval: interval),
      now: moment(0))
    try writer.connection.run("PRAGMA busy_timeout = 0")
    let background = BackgroundWriter(
      writer, retention: Retention(), complain: { _ in came.signal() },
      notice: { notice in notices.withLock { $0.append(notice) } })
    let blocker = try Connection(path: scratch.path, mode: .write)
    try blocker.run("BEGIN IMMEDIATE")
    background.submit(makeBatch(1, next: 1, current: [makeLife(1, opened: 1)]))
    came.wait()
    try blocker.run("COMMIT")
    background.submit(makeBatch(10, next: 2))
    try background.finish(now: moment(11))
    let gap = Gap(
      since: moment(1), until: moment(1), cause: "database locked", samples: 1,
      detail: "written later from memory, nothing lost")
    #expect(try HistoryReader(path: scratch.path).gaps() == [gap])
    #expect(notices.withLock { $0 } == [.resumed([gap])])
    #expect(background.ownGaps == 1)
  }
}
