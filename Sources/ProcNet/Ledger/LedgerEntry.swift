// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What is known of a process: told by the trace, handed down by the one that made it, or read in /proc.
struct LedgerEntry {
  /// Entries are numbered as they are made: where a pid is used again, this tells the two apart.
  let number: UInt64
  /// The process that made it, and the number of that one's entry; 0 where nothing can be had from it.
  var parent: Int32 = 0
  var parentNumber: UInt64 = 0
  /// Clock ticks after boot, nil where not known. From the trace it may be one too many.
  var startTime: UInt64?
  /// The command name now, empty where not known.
  var name = ""
  /// The name was changed since the program was started: it is what it was when the next one is.
  var isRenamed = false
  /// The program's path: that of /proc, else the one it was called by.
  var exe: String?
  /// Where its manager put it, nil where not known.
  var place: CgroupPlace?
  /// The inode of its network namespace, 0 where not known.
  var namespace: UInt64 = 0
  var isKernelThread = false
  /// It ran a program, so the next one replaces it.
  var hasExecuted = false
  /// It was looked for in /proc since it runs this program.
  var isLookedFor = false
  /// It was found in /proc at some time, so place and namespace are its own.
  var isFound = false
  /// What everybody is given, made when it is first asked for.
  var process: OwningProcess?

  /// Makes an entry of which nothing is known.
  init(number: UInt64) { self.number = number }

  // USER_HZ: the unit of start times in /proc, 100 a second on every architecture that Swift runs on.
  private static let microsecondsInTick: Int64 = 10_000

  /// Makes the entry of a new process.
  ///
  /// - Parameters:
  ///   - parent: who made it; nil where that is not known.
  ///   - boot: when, on CLOCK_BOOTTIME in microseconds.
  init(number: UInt64, name: String, parent: (process: Int32, entry: LedgerEntry)?, boot: Int64) {
    self.number = number
    self.name = name
    startTime = UInt64(clamping: boot / Self.microsecondsInTick)
    guard let (process, maker) = parent else { return }
    self.parent = process
    parentNumber = maker.number
    exe = maker.exe
    isKernelThread = maker.isKernelThread
    inherit(from: maker)
  }

  /// Takes over where the maker is, as far as that says anything.
  mutating func inherit(from maker: LedgerEntry) {
    // A service manager puts what it starts somewhere else before it runs.
    guard maker.place?.unit != "init.scope" else { return }
    place = maker.place
    namespace = maker.namespace
  }

  /// It runs another program.
  mutating func execute(_ path: String) {
    if !isRenamed { name = Self.name(of: path) }
    // A program that puts another in its place has often changed where it runs (`ip netns exec`, nsenter): what was
    // handed down says nothing any more.
    if hasExecuted, !isFound {
      parent = 0
      place = nil
      namespace = 0
    }
    exe = path
    hasExecuted = true
    isRenamed = false
    isKernelThread = false
    isLookedFor = false
    process = nil
  }

  /// The name that the kernel gives to a program: the last part of its path, cut to 15 bytes.
  private static func name(of path: String) -> String {
    let last =
      path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8.index(after: $0) } ?? path.startIndex
    return String(decoding: path.utf8[last...].prefix(15), as: UTF8.self)
  }

  /// Takes what /proc says; false where it is of a later process with the same pid.
  mutating func take(_ reading: ProcessReading) -> Bool {
    // A tick of difference is rounding.
    if let startTime, reading.stat.startTime > startTime + 1 { return false }
    startTime = reading.stat.startTime
    isKernelThread = reading.stat.isKernelThread
    // Another name than the trace told last: what is there by now is a later program, or a later name.
    if name.isEmpty || name == reading.stat.name {
      name = reading.stat.name
      exe = reading.exe ?? exe
    }
    // A dead process has left its namespaces, and may have been moved.
    guard reading.stat.state != UInt8(ascii: "Z"), reading.stat.state != UInt8(ascii: "X") else {
      return true
    }
    if reading.namespace != 0 { namespace = reading.namespace }
    if let place = reading.place { self.place = place }
    isFound = reading.namespace != 0 && reading.place != nil
    return true
  }

  /// Makes what everybody is given.
  mutating func makeProcess(_ pid: Int32) -> OwningProcess {
    if let process { return process }
    let made = OwningProcess(
      pid: pid, startTime: startTime ?? 0, name: name, exe: exe, unit: place?.unit,
      container: place?.container)
    process = made
    return made
  }
}
