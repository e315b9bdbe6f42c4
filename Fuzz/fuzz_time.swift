// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// with: Time/CivilTime Time/Quantity Time/TimeReader Time/TimeText Time/Zone
// with: Output/HostileText Output/ByteBuffer Output/ByteBuffer+Values Output/DisplayWidth

import ConnCore
import Glibc

/// UTC, three zones whose clocks never change, and one that has summer time.
private let zones: [Zone] = {
  setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1)
  tzset()
  return [.utc, Zone { _ in 20_700 }, Zone { _ in -43_200 }, Zone { _ in 50_400 }, .local]
}()

/// In winter, in the hour that is shown twice, in the one that is skipped, at the very beginning.
private let moments: [Int64] = [
  1_767_261_600_000_000, 1_761_441_000_123_456, 1_774_749_600_000_001, 0, 951_782_400_000_000,
]

private func check(_ error: UnreadableText) {
  let text = error.description
  precondition(!text.isEmpty && !error.examples.isEmpty)
  precondition(!text.unicodeScalars.contains(where: HostileText.isUnsafe))
}

/// What is printed for a moment can be read again: exactly as RFC 3339, and to the second in a zone, but for the hour that
/// is shown twice.
private func checkPrinted(_ moment: Timestamp, _ reader: TimeReader) {
  let (quotient, rest) = moment.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
  let second = rest < 0 ? quotient - 1 : quotient
  let civil = CivilTime(seconds: second)
  precondition(civil.seconds == second && civil.isValid)
  let shown = reader.zone.civil(at: second)
  precondition(shown.isValid && reader.zone.civil(at: reader.zone.moment(of: shown)) == shown)
  guard 0...9999 ~= civil.year, 0...9999 ~= shown.year else { return }
  guard let again = try? reader.read(moment.rfc3339) else { fatalError("unreadable: \(moment.rfc3339)") }
  precondition(again == moment, "\(moment.rfc3339) is read as \(again.rfc3339)")
  let text = moment.text(in: reader.zone)
  guard let again = try? reader.read(text) else { fatalError("unreadable: \(text)") }
  precondition(again.text(in: reader.zone) == text, "\(text) is read as \(again.text(in: reader.zone))")
}

/// Any text for a time, a duration or a size: it is read, or there is a reason that may be shown. What was read is in range,
/// can be printed, and is the same when it is read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTime(_ data: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  let bytes = UnsafeBufferPointer(start: data, count: count)
  let choice = Int(bytes.first ?? 0)
  let zone = zones[choice % zones.count]
  let now = Timestamp(microseconds: moments[choice / zones.count % moments.count])
  let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
  let reader = TimeReader(now: now, zone: zone)
  var moment: Timestamp?
  do {
    let read = try reader.read(text)
    moment = read
    // Only a date, a day by name or a number after @ can be later than now.
    if let first = text.utf8.first, first != UInt8(ascii: "@"), first | 0x20 != UInt8(ascii: "t"),
      first | 0x20 != UInt8(ascii: "y"), text.utf8.dropFirst(4).first != UInt8(ascii: "-")
    {
      precondition(read <= now, "\(text) is later than now: \(read.rfc3339)")
    }
    checkPrinted(read, reader)
  } catch {
    check(error)
  }
  do {
    let duration = try Quantity.duration(text)
    precondition(duration >= 0)
    let age = TimeText.age(duration)
    guard let again = try? Quantity.duration(age) else { fatalError("unreadable: \(age)") }
    precondition(TimeText.age(again) == age && again <= duration, "\(age) is read as \(TimeText.age(again))")
    // The same words as a time are that long ago.
    if let moment, !text.hasPrefix("@") { precondition(moment.microseconds == now.microseconds - duration) }
  } catch {
    check(error)
  }
  do {
    let size = try Quantity.size(text)
    precondition(size >= 0)
    precondition((try? Quantity.size(String(size))) == size)
    if text.utf8.allSatisfy({ 48...57 ~= $0 }), size < 1 << 50 {
      for (suffix, factor) in [("k", 10), ("MiB", 20), ("GB", 30)] where size < 1 << (62 - Int64(factor)) {
        precondition((try? Quantity.size(text + suffix)) == size << Int64(factor))
      }
    }
  } catch {
    check(error)
  }
  // And the bytes as a moment, as far as years have at most six digits.
  var seconds: Int64 = 0
  for byte in bytes.prefix(8) { seconds = seconds << 8 | Int64(byte) }
  checkPrinted(Timestamp(microseconds: seconds), reader)
  let civil = CivilTime(seconds: seconds >> 20)
  precondition(civil.isValid && civil.seconds == seconds >> 20)
  return 0
}
