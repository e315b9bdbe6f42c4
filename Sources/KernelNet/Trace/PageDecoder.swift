// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// How much of a trace is missing.
public struct TraceLoss: Hashable, Sendable {
  /// Events that the kernel overwrote before they were read.
  public var count: Int
  /// More are missing, and nobody knows how many.
  public var isUnknown: Bool

  /// Makes a loss; of nothing unless told otherwise.
  public init(count: Int = 0, isUnknown: Bool = false) {
    self.count = count
    self.isUnknown = isUnknown
  }

  /// Adds another one to it.
  public static func += (left: inout TraceLoss, right: TraceLoss) {
    let (sum, isOver) = left.count.addingReportingOverflow(right.count)
    left.count = isOver ? .max : sum
    left.isUnknown = left.isUnknown || right.isUnknown
  }
}

/// An event with its exact moment, by which those of several CPUs are brought into order.
struct TimedEvent {
  /// Nanoseconds on CLOCK_BOOTTIME.
  var nanoseconds: UInt64
  /// The CPU it happened on.
  var cpu: Int
  var event: TraceEvent
}

/// Reading of the ring buffer's pages, as trace_pipe_raw gives them: kernel/trace/ring_buffer.c.
///
/// Any bytes at all will do; a page that makes no sense somewhere is left there, and counts as a loss of unknown size.
struct PageDecoder {
  let page: PageLayout
  let layout: TraceLayout

  // `commit` is a length in its low bits.
  private static let lostEvents: UInt64 = 1 << 31
  private static let lostCountIsStored: UInt64 = 1 << 30
  private static let longest: UInt64 = (1 << 30) - 1

  /// Reads a page's events, in the order in which they happened.
  ///
  /// - Returns: what was lost before the page, or in it because it makes no sense.
  func decode(_ bytes: RawSpan, cpu: Int, appendingTo events: inout [TimedEvent]) -> TraceLoss {
    guard bytes.byteCount >= page.dataOffset else { return TraceLoss(isUnknown: true) }
    var time = page.time.load(bytes)
    let commit = page.commit.load(bytes)
    let length = Int(commit & Self.longest)
    guard length <= bytes.byteCount - page.dataOffset else { return TraceLoss(isUnknown: true) }
    let end = page.dataOffset + length

    let loss = loss(commit, bytes, end: end)
    var at = page.dataOffset
    while end - at >= 4 {
      let header = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt32.self)
      let delta = UInt64(header >> 5)
      let type = header & 31
      at += 4
      if 1...28 ~= type {
        // The data's length in words.
        let size = Int(type) * 4
        guard end - at >= size else { return loss.andMore }
        time &+= delta
        decode(bytes.extracting(at..<at + size), time, cpu, &events)
        at += size
        continue
      }
      // The end of the page: nothing follows.
      if type == 29, delta == 0 { break }
      guard end - at >= 4 else { return loss.andMore }
      let word = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt32.self)
      switch type {
      case 30:
        time &+= UInt64(word) << 27 | delta
        at += 4
      case 31:
        // The stamp has 59 bits; above them it is as before, unless the lower ones ran over since.
        var whole = UInt64(word) << 27 | delta
        if time & ~Self.stampBits != 0 {
          whole |= time & ~Self.stampBits
          if whole < time { whole &+= Self.stampBits + 1 }
        }
        time = whole
        at += 4
      default:
        // 0: data, and 29: an event that was taken back. The word is the length, itself included.
        let size = Int(word)
        guard size >= 4, end - at >= size else { return loss.andMore }
        time &+= delta
        if type == 0 { decode(bytes.extracting(at + 4..<at + size), time, cpu, &events) }
        at += size
        // Events begin at multiples of four.
        at = (at + 3) & ~3
      }
    }
    return loss
  }

  private static let stampBits: UInt64 = (1 << 59) - 1

  /// What the page's header says was lost before it.
  private func loss(_ commit: UInt64, _ bytes: RawSpan, end: Int) -> TraceLoss {
    guard commit & Self.lostEvents != 0 else { return TraceLoss() }
    // The count follows the events, in the size of the field.
    guard commit & Self.lostCountIsStored != 0, bytes.byteCount - end >= page.commit.size else {
      return TraceLoss(isUnknown: true)
    }
    let count =
      page.commit.size == 8
      ? bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: end, as: UInt64.self)
      : UInt64(bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: end, as: UInt32.self))
    return TraceLoss(count: Int(clamping: count))
  }

  @inline(__always)
  private func decode(_ record: RawSpan, _ time: UInt64, _ cpu: Int, _ events: inout [TimedEvent]) {
    guard let kind = decode(record) else { return }
    let event = TraceEvent(boot: Int64(truncatingIfNeeded: time / 1000), kind)
    events.append(TimedEvent(nanoseconds: time, cpu: cpu, event: event))
  }
}

extension TraceLoss {
  /// The same, and something of unknown size.
  fileprivate var andMore: TraceLoss { TraceLoss(count: count, isUnknown: true) }
}
