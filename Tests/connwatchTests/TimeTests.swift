// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import connwatch

/// Central European time: an hour ahead, two from the last Sunday of March to that of October, 01:00 UTC.
let berlin = Zone { moment in
  func lastSunday(_ month: Int) -> Int64 {
    let end = CivilTime(year: CivilTime(seconds: moment).year, month: month, day: 31, hour: 1).seconds
    // Day 0 was a Thursday.
    return end - (end / 86_400 + 4) % 7 * 86_400
  }
  return moment >= lastSunday(3) && moment < lastSunday(10) ? 7200 : 3600
}

private func moment(_ rfc3339: String) throws -> Timestamp {
  let style = Date.ISO8601FormatStyle(includingFractionalSeconds: rfc3339.contains("."))
  let date = try Date(rfc3339, strategy: style)
  return Timestamp(microseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()) * 1000)
}

struct TimeReaderTests {
  /// A Thursday in winter.
  static let now = "2026-01-15T12:30:45Z"

  @Test(arguments: [
    ("now", "2026-01-15T12:30:45Z"), ("NOW", "2026-01-15T12:30:45Z"), ("today", "2026-01-15T00:00:00Z"),
    ("yesterday 10:00", "2026-01-14T10:00:00Z"), ("Today 00:30:05", "2026-01-15T00:30:05Z"),
    ("yesterday", "2026-01-14T00:00:00Z"), ("1h", "2026-01-15T11:30:45Z"), ("-90m", "2026-01-15T11:00:45Z"),
    ("90m", "2026-01-15T11:00:45Z"), ("2d", "2026-01-13T12:30:45Z"), ("1w", "2026-01-08T12:30:45Z"),
    ("1h30m", "2026-01-15T11:00:45Z"), ("1.5h", "2026-01-15T11:00:45Z"),
    ("500ms", "2026-01-15T12:30:44.500Z"),
    ("0s", "2026-01-15T12:30:45Z"), ("03:14", "2026-01-15T03:14:00Z"), ("3:14", "2026-01-15T03:14:00Z"),
    ("03:14:15", "2026-01-15T03:14:15Z"), ("12:30:45", "2026-01-15T12:30:45Z"),
    ("12:30:46", "2026-01-14T12:30:46Z"),
    ("23:59", "2026-01-14T23:59:00Z"), ("2026-01-01", "2026-01-01T00:00:00Z"),
    ("2026-01-01 10:00", "2026-01-01T10:00:00Z"), ("2026-01-01 10:00:30", "2026-01-01T10:00:30Z"),
    ("2026-01-01T10:00", "2026-01-01T10:00:00Z"), ("2026-01-01 10:00:00Z", "2026-01-01T10:00:00Z"),
    ("2026-01-01T10:00:00z", "2026-01-01T10:00:00Z"), ("2026-01-01T10:00:00+01:00", "2026-01-01T09:00:00Z"),
    ("2026-01-01T10:00:00-05:30", "2026-01-01T15:30:00Z"),
    ("2026-01-01T10:00:00.125Z", "2026-01-01T10:00:00.125Z"),
    ("2024-02-29", "2024-02-29T00:00:00Z"), ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
    ("@1767261600", "2026-01-01T10:00:00Z"), ("@1767261600.5", "2026-01-01T10:00:00.500Z"),
    ("@0", "1970-01-01T00:00:00Z"),
    ("@-1", "1969-12-31T23:59:59Z"),
  ])
  func `Times are read at a now, in UTC`(text: String, expected: String) throws {
    #expect(try TimeReader(now: moment(Self.now), zone: .utc).read(text) == moment(expected))
  }

  @Test(arguments: [
    ("2026-01-15T12:30:45Z", "today", "2026-01-14T23:00:00Z"),
    ("2026-01-15T12:30:45Z", "2026-07-01 12:00", "2026-07-01T10:00:00Z"),
    ("2026-01-15T12:30:45Z", "13:30", "2026-01-15T12:30:00Z"),
    ("2026-01-15T12:30:45Z", "13:31", "2026-01-14T12:31:00Z"),
    // Already tomorrow in Berlin.
    ("2026-01-15T23:30:00Z", "today", "2026-01-15T23:00:00Z"),
    ("2026-01-15T23:30:00Z", "yesterday", "2026-01-14T23:00:00Z"),
    // The day that clocks go forward has 23 hours: 02:30 is never shown, and is 03:30.
    ("2026-03-29T12:00:00Z", "today", "2026-03-28T23:00:00Z"),
    ("2026-03-29T12:00:00Z", "02:30", "2026-03-29T01:30:00Z"),
    ("2026-03-29T12:00:00Z", "01:59:59", "2026-03-29T00:59:59Z"),
    ("2026-03-29T12:00:00Z", "03:00", "2026-03-29T01:00:00Z"),
    ("2026-03-30T10:00:00Z", "yesterday 12:00", "2026-03-29T10:00:00Z"),
    ("2026-01-01T10:00:00Z", "yesterday 12:00", "2025-12-31T11:00:00Z"),
    ("2026-03-30T10:00:00Z", "yesterday", "2026-03-28T23:00:00Z"),
    ("2026-03-30T10:00:00Z", "1d", "2026-03-29T10:00:00Z"),
    // The day that they go back has 25: 02:30 is shown twice, and is the first.
    ("2026-10-25T12:00:00Z", "02:30", "2026-10-25T00:30:00Z"),
    ("2026-10-25T12:00:00Z", "03:00", "2026-10-25T02:00:00Z"),
    ("2026-10-25T12:00:00Z", "today", "2026-10-24T22:00:00Z"),
    ("2026-10-26T12:00:00Z", "yesterday", "2026-10-24T22:00:00Z"),
    ("2026-10-25T12:00:00Z", "2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00Z"),
  ])
  func `Times are read in a zone whose clocks change`(now: String, text: String, expected: String) throws {
    #expect(try TimeReader(now: moment(now), zone: berlin).read(text) == moment(expected))
  }

  @Test(arguments: [
    "", " ", "-", "tomorrow", "90", "-5", "1.5", "1x", "1h30", "30m1h", "1h1h", "h", "1 h", "--1h", "+1h",
    "24:00", "12:60",
    "12:00:61", "1:2", "12:", "123:00", "2026-13-01", "2026-02-29", "2026-00-10", "2026-1-1", "2026-01-01 ",
    "2026-01-01  10:00", "2026-01-01 25:00", "2026-01-01T10:00:00+1", "2026-01-01T10:00:00+24:00", "10:00Z",
    "2026-01-01T10:00:00.Z", "2026-01-01T10:00:00Z ", "@", "@x", "@1.", "@9999999999999",
    "99999999999999999999d",
    "9999999999d", "1e3s", "١h",
  ])
  func `What is no time is refused with its text and examples`(text: String) throws {
    let reader = TimeReader(now: try moment(Self.now), zone: .utc)
    let error = #expect(throws: UnreadableText.self) { try reader.read(text) }
    #expect(error?.description.hasPrefix("\"\(text)\" is not a time") == true)
    #expect(error?.description.hasSuffix("(\(TimeReader.examples))") == true)
  }

  @Test
  func `Reasons are told`() throws {
    let reader = TimeReader(now: try moment(Self.now), zone: .utc)
    #expect(
      throws: UnreadableText(
        kind: "time", text: "90", reason: "a number needs a unit, as in 90m", examples: TimeReader.examples)
    ) { try reader.read("90") }
    #expect(
      throws: UnreadableText(
        kind: "time", text: "2026-02-29", reason: "no such date", examples: TimeReader.examples)
    ) { try reader.read("2026-02-29") }
    #expect(
      throws: UnreadableText(
        kind: "time", text: "1m1h", reason: "units go from large to small, each once",
        examples: TimeReader.examples)
    ) { try reader.read("1m1h") }
  }

  @Test
  func `What tables show is read back`() throws {
    let now = try moment("2026-12-01T00:00:00Z")
    for zone in [Zone.utc, .local, berlin] {
      for _ in 0..<2000 {
        let time = Timestamp(microseconds: .random(in: 0...2_000_000_000) * 1_000_000)
        let read = try TimeReader(now: now, zone: zone).read(time.text(in: zone))
        // An hour that is shown twice reads as the first.
        #expect(read == time || (read < time && read.text(in: zone) == time.text(in: zone)))
        #expect(try TimeReader(now: now, zone: zone).read(time.rfc3339) == time)
      }
    }
  }
}

struct TimeTextTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
    (1_767_261_600_000_042, "2026-01-01T10:00:00.000042Z"),
    (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
    (-62_167_219_200_000_000, "0000-01-01T00:00:00.000000Z"),
    (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
    (Int64.max, "294247-01-10T04:00:54.775807Z"),
  ])
  func `RFC 3339`(microseconds: Int64, text: String) {
    #expect(Timestamp(microseconds: microseconds).rfc3339 == text)
  }

  @Test
  func `Tables tell the zone only where it was asked for`() {
    let time = SampleRow.moment
    #expect(time.text(in: .utc) == "2026-01-01 10:00:00Z")
    #expect(time.text(in: berlin) == "2026-01-01 11:00:00")
    #expect(time.text(in: berlin, .short) == "11:00:00")
  }

  @Test
  func `A writer that remembers writes the same as one that does not`() {
    for zone in [Zone.utc, berlin, .local] {
      var text = TimeText(zone: zone)
      var rfc = TimeText(zone: .utc)
      for step in 0..<3000 {
        // Steps around both changes of the clocks, some within the same second.
        let base: Int64 = step % 2 == 0 ? 1_774_746_000 : 1_792_890_000
        let time = Timestamp(microseconds: (base + Int64(step - 1500) / 3 * 7) * 1_000_000 + Int64(step))
        var bytes = ByteBuffer()
        text.append(time, to: &bytes)
        #expect(String(decoding: bytes.bytes, as: UTF8.self) == time.text(in: zone))
        bytes.removeAll()
        rfc.appendRFC3339(time, to: &bytes)
        #expect(String(decoding: bytes.bytes, as: UTF8.self) == time.rfc3339)
      }
    }
  }

  @Test
  func `The calendar agrees with the C library, and so does the machine's zone`() {
    for _ in 0..<20_000 {
      var seconds = time_t.random(in: -5_000_000_000...200_000_000_000)
      var broken = tm()
      gmtime_r(&seconds, &broken)
      let civil = CivilTime(seconds: Int64(seconds))
      #expect(
        civil
          == CivilTime(
            year: Int(broken.tm_year) + 1900, month: Int(broken.tm_mon) + 1, day: Int(broken.tm_mday),
            hour: Int(broken.tm_hour), minute: Int(broken.tm_min), second: Int(broken.tm_sec)))
      #expect(civil.isValid)
      #expect(civil.seconds == Int64(seconds))
      localtime_r(&seconds, &broken)
      broken.tm_isdst = -1
      let shown = Zone.local.civil(at: Int64(seconds))
      #expect(shown.hour == Int(broken.tm_hour) && shown.minute == Int(broken.tm_min))
    }
  }
}

struct TimeQuantityTests {
  @Test(arguments: [
    ("1s", 1_000_000), ("500ms", 500_000), ("250us", 250), ("30d", 2_592_000_000_000),
    ("1h30m", 5_400_000_000), ("5", 5_000_000),
    ("0.5", 500_000), ("0", 0), ("1.5s", 1_500_000), ("0.1d", 8_640_000_000), ("2w", 1_209_600_000_000),
    ("1min", 60_000_000),
    ("1m30sec", 90_000_000), ("0.0000019", 1),
  ])
  func `Durations`(text: String, microseconds: Int64) throws {
    #expect(try Quantity.duration(text) == microseconds)
  }

  @Test(arguments: [
    "", "-1s", "s", "1S", "1M", "1h 30m", "m1", "1.", ".5", "1..5s", "1s1m", "99999999999999999999",
    "9999999999999d", "forever",
  ])
  func `What is no duration is refused`(text: String) {
    let error = #expect(throws: UnreadableText.self) { try Quantity.duration(text) }
    #expect(error?.description.hasPrefix("\"\(text)\" is not a duration") == true)
  }

  @Test(arguments: [
    ("512M", 536_870_912), ("1G", 1_073_741_824), ("100k", 102_400), ("100K", 102_400), ("4096", 4096),
    ("0", 0), ("1.5G", 1_610_612_736),
    ("512MiB", 536_870_912), ("512MB", 536_870_912), ("10b", 10), ("2T", 2_199_023_255_552),
  ])
  func `Sizes`(text: String, bytes: Int64) throws {
    #expect(try Quantity.size(text) == bytes)
  }

  @Test(arguments: ["", "-1", "M", "1X", "1 G", "1GG", "1iB", "1kk", "99999999999G", "G1", "1.M", "lots"])
  func `What is no size is refused`(text: String) {
    let error = #expect(throws: UnreadableText.self) { try Quantity.size(text) }
    #expect(error?.description.hasPrefix("\"\(text)\" is not a size") == true)
  }
}
