// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc

/// The search of one look-up: what is wanted, what was found, and the reading of a single process.
struct SocketSearch: ~Copyable {
  /// What was found of a wanted socket.
  struct Finding {
    /// Its oldest holder so far, as a place in `holders`; -1 for none.
    var oldest: Int32 = -1
    /// The holder counted last, so that a socket held by several descriptors of one process counts once.
    var counted: Int32 = -1
    /// Processes that hold it.
    var holders: UInt32 = 0
  }

  /// Marks inodes in the table that are alive but not wanted.
  private static let notWanted = UInt32.max

  private(set) var table = InodeTable()
  private(set) var findings: [Finding] = []
  /// Processes found to hold something wanted.
  private(set) var holders: [OwningProcess] = []
  private(set) var statistics = OwnerScanStatistics()
  /// Wanted sockets without a holder yet.
  private(set) var missing = 0
  /// Some wanted socket is a listener.
  private(set) var wantsListener = false
  /// The number of this look-up.
  private(set) var lookUp: UInt64 = 0
  /// What the look-up has cost so far, in system calls or what takes as long as one.
  private(set) var work = 0
  /// The processes are the kernel's, not a tree of files that looks like them.
  var isRealProc = false

  private var buffer = ProcFileBuffer()
  private var scratch: [HeldSocket] = []

  init() {}

  /// Begins a look-up: forgets the last one and notes what is wanted and, where given, what else is alive.
  mutating func begin(_ wanted: [WantedSocket], among rows: [SocketRow]) {
    lookUp += 1
    work = 0
    statistics = OwnerScanStatistics()
    holders.removeAll(keepingCapacity: true)
    findings.removeAll(keepingCapacity: true)
    wantsListener = false
    if findings.capacity > 64, findings.capacity > wanted.count * 4 { findings = [] }
    // What is wanted is alive, as a rule. Where it is not, the table gets fuller than it should be.
    table.reset(expecting: max(wanted.count, rows.count) + 8)
    findings.reserveCapacity(wanted.count)
    for socket in wanted where socket.inode != 0 {
      let next = UInt32(truncatingIfNeeded: findings.count)
      if table.insert(socket.inode, next) == next { findings.append(Finding()) }
      if socket.isListener { wantsListener = true }
    }
    missing = findings.count
    for row in rows where row.inode != 0 { table.insert(row.inode, Self.notWanted) }
  }

  /// Notes that every process was looked at.
  mutating func noteWhole() { statistics.isWhole = true }

  /// What was found of an inode, nil where it was not wanted.
  func finding(of inode: UInt64) -> Finding? {
    guard let index = table.value(of: inode), index != Self.notWanted else { return nil }
    return findings[Int(index)]
  }

  /// How to look at a process.
  enum Look {
    /// Read every descriptor and keep nothing.
    case once
    /// Leave out descriptors that were a socket which is alive and not wanted; keep what is found.
    case fresh
    /// Read every descriptor; keep what is found.
    case full
    /// Read what the look before it, in this look-up, left out.
    case leftOut
  }

  /// Reads the descriptors of one process.
  mutating func look(_ look: Look, into record: inout ProcessRecord, root: CInt) {
    if record.neverHolds { return }
    record.lookedAt = lookUp
    record.isRefused = false
    record.isFailed = false
    // To open, to ask for the size, to list with two calls, and to close.
    work += 5
    do throws(SystemCallError) {
      let directory = try withPath(record.pid, "fd") { path throws(SystemCallError) in
        try ProcDirectory(path, at: root)
      }
      statistics.directories += 1
      let isEmpty =
        switch look {
        case .once: try readOnce(directory, &record)
        case .fresh: try readKeeping(directory, &record, usesKnown: true)
        case .full: try readKeeping(directory, &record, usesKnown: false)
        case .leftOut: try readLeftOut(directory, &record)
        }
      if isEmpty { try lookBehindEmpty(directory, &record) }
    } catch {
      if error.isRefused {
        record.isRefused = true
      } else if !error.isVanished {
        record.isFailed = true
      }
    }
    if record.leftOutAt != lookUp { record.readWholeAt = lookUp }
  }

  /// Reads every descriptor and keeps them as known; true where there is none.
  private mutating func readKeeping(
    _ directory: borrowing ProcDirectory, _ record: inout ProcessRecord, usesKnown: Bool
  ) throws(SystemCallError) -> Bool {
    scratch.removeAll(keepingCapacity: true)
    record.triedBelow = 0
    record.descriptors = 0
    var isAscending = true
    defer {
      if !isAscending { scratch.sort { $0.descriptor < $1.descriptor } }
      swap(&record.sockets, &scratch)
    }
    var next = 0
    if usesKnown, try tryUnknown(directory, &record, &next) { return false }
    var isEmpty = true
    var known = KnownSockets()
    while let entry = try directory.nextNumbered() {
      isEmpty = false
      if entry.number < next { continue }
      record.descriptors += 1
      let number = UInt32(truncatingIfNeeded: entry.number)
      var held = usesKnown ? leaveOut(number, &known, &record) : nil
      if held == nil, case .socket(let inode) = try take(entry.name, directory.descriptor, &record) {
        held = HeldSocket(descriptor: number, wasLeftOut: false, inode: inode)
      }
      guard let held else { continue }
      if let last = scratch.last, last.descriptor > number { isAscending = false }
      scratch.append(held)
    }
    work += record.descriptors / 2
    return isEmpty
  }

  /// A place in what is known of a process's sockets.
  private struct KnownSockets {
    var next = 0
    var previous: UInt32 = 0
  }

  /// A descriptor that need not be read: it was a socket which is alive and not wanted. nil for any other.
  @inline(__always)
  private func leaveOut(
    _ number: UInt32, _ known: inout KnownSockets, _ record: inout ProcessRecord
  ) -> HeldSocket? {
    // Both lists ascend, as the kernel lists descriptors; in a tree of files the order may be any.
    if number < known.previous { known.next = 0 }
    known.previous = number
    while known.next < record.sockets.count, record.sockets[known.next].descriptor < number {
      known.next += 1
    }
    guard known.next < record.sockets.count, record.sockets[known.next].descriptor == number,
      table.value(of: record.sockets[known.next].inode) == Self.notWanted
    else { return nil }
    record.leftOutAt = lookUp
    return HeldSocket(descriptor: number, wasLeftOut: true, inode: record.sockets[known.next].inode)
  }

  /// Reads the descriptors of a large process of which most are known, without listing them; true where that came to
  /// all of them.
  ///
  /// To list a descriptor costs the kernel about as much as to read a third of it, so what a process with thousands of
  /// sockets takes is mostly that. See ``tryNumbers(_:_:_:)`` for why it can be done without; where not, the listing
  /// goes on at `next`.
  private mutating func tryUnknown(
    _ directory: borrowing ProcDirectory, _ record: inout ProcessRecord, _ next: inout Int
  ) throws(SystemCallError) -> Bool {
    guard isRealProc, record.sockets.count >= Self.many else { return false }
    let expected = directory.size
    guard expected >= Self.many, record.sockets.count >= expected / 2 else { return false }
    work += expected / 128
    var known = KnownSockets()
    while record.descriptors < expected {
      let number = UInt32(truncatingIfNeeded: next)
      next += 1
      if let held = leaveOut(number, &known, &record) {
        scratch.append(held)
        record.descriptors += 1
        continue
      }
      let descriptor = try DecimalName(number).withPointer { path throws(SystemCallError) in
        try take(path, directory.descriptor, &record)
      }
      if case .socket(let inode) = descriptor {
        scratch.append(HeldSocket(descriptor: number, wasLeftOut: false, inode: inode))
      }
      if descriptor != .none {
        record.descriptors += 1
      } else if next - record.descriptors > Self.gaps(expected) {
        return false
      }
    }
    // Of those that are believed to be there, some may have been closed: then there are more.
    for socket in record.sockets[known.next...] where socket.descriptor >= next {
      if table.value(of: socket.inode) == Self.notWanted {
        scratch.append(
          HeldSocket(descriptor: socket.descriptor, wasLeftOut: true, inode: socket.inode))
      }
    }
    record.triedBelow = next
    record.leftOutAt = lookUp
    return true
  }

  /// Fewer descriptors than this are listed.
  private static let many = 64

  /// How many numbers may be free below the last of so many descriptors: where there are more, a listing is cheaper.
  private static func gaps(_ descriptors: Int) -> Int { 16 + descriptors / 16 }

  /// Reads every descriptor, or most of them where they are many; true where there is none.
  private mutating func readOnce(
    _ directory: borrowing ProcDirectory, _ record: inout ProcessRecord
  ) throws(SystemCallError) -> Bool {
    var next = 0
    if try tryNumbers(directory, &record, &next) { return false }
    var isEmpty = true
    while let entry = try directory.nextNumbered() {
      isEmpty = false
      if entry.number >= next { _ = try take(entry.name, directory.descriptor, &record) }
    }
    return isEmpty
  }

  /// Reads many descriptors without listing them, by their numbers from 0 up; true where that came to all of them.
  ///
  /// Listing costs a fifth of the whole. The size of /proc/PID/fd is the number of descriptors since Linux 6.2
  /// (proc(5)), and the kernel gives out the lowest number that is free, so they are dense. Where they are not, the
  /// listing goes on at `next`. A process that opens and closes meanwhile can hide a descriptor from this: those from
  /// `triedBelow` on count as left out.
  private mutating func tryNumbers(
    _ directory: borrowing ProcDirectory, _ record: inout ProcessRecord, _ next: inout Int
  ) throws(SystemCallError) -> Bool {
    let expected = isRealProc ? directory.size : 0
    guard expected >= Self.many else { return false }
    var name = DecimalName()
    var found = 0
    while found < expected {
      let descriptor = try name.withPointer { path throws(SystemCallError) in
        try take(path, directory.descriptor, &record)
      }
      next += 1
      name.increment()
      if descriptor != .none {
        found += 1
      } else if next - found > Self.gaps(expected) {
        return false
      }
    }
    record.sockets = []
    record.triedBelow = next
    record.leftOutAt = lookUp
    return true
  }

  /// Reads what an earlier look of this look-up left out; never says that a process has no descriptors.
  private mutating func readLeftOut(
    _ directory: borrowing ProcDirectory, _ record: inout ProcessRecord
  ) throws(SystemCallError) -> Bool {
    record.leftOutAt = 0
    if record.triedBelow > 0 {
      let tried = record.triedBelow
      record.triedBelow = 0
      work += record.descriptors / 2
      while let entry = try directory.nextNumbered() {
        if entry.number >= tried { _ = try take(entry.name, directory.descriptor, &record) }
      }
    }
    for index in record.sockets.indices where record.sockets[index].wasLeftOut {
      let descriptor = try DecimalName(record.sockets[index].descriptor).withPointer {
        path throws(SystemCallError) in try take(path, directory.descriptor, &record)
      }
      // An inode of 0 is never known, so the descriptor is read the next time.
      if case .socket(let inode) = descriptor {
        record.sockets[index].inode = inode
      } else {
        record.sockets[index].inode = 0
      }
    }
    return false
  }

  /// Reads one descriptor and counts the process as a holder where it is a wanted socket.
  @inline(__always)
  private mutating func take(
    _ name: UnsafePointer<CChar>, _ directory: CInt, _ record: inout ProcessRecord
  ) throws(SystemCallError) -> Descriptor {
    statistics.links += 1
    work += 1
    let descriptor = try readDescriptor(name, directory)
    if case .socket(let inode) = descriptor, let index = table.value(of: inode), index != Self.notWanted {
      if record.foundAt != lookUp { try identify(&record, directory) }
      count(Int(index), record.holder)
    }
    return descriptor
  }

  /// What a descriptor is.
  private enum Descriptor: Equatable {
    /// It is not there, or was closed meanwhile.
    case none
    /// Something else, such as a file.
    case other
    case socket(UInt64)
  }

  @inline(__always)
  private func readDescriptor(
    _ name: UnsafePointer<CChar>, _ directory: CInt
  ) throws(SystemCallError) -> Descriptor {
    // Room for one byte more than a socket's text: what fills it is none.
    let capacity = DescriptorLink.longestSocket + 1
    var failure: CInt = 0
    let inode = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { buffer -> UInt64? in
      guard let base = buffer.baseAddress else { return nil }
      let count = base.withMemoryRebound(to: CChar.self, capacity: capacity) {
        readlinkat(directory, name, $0, capacity)
      }
      if count < 0 {
        failure = errno
        return nil
      }
      return DescriptorLink.socketInode(UnsafeBufferPointer(rebasing: buffer[0..<count]).span)
    }
    if failure != 0 {
      let error = SystemCallError(number: failure)
      if error.isVanished { return .none }
      // Without CAP_SYS_PTRACE a directory may open and every link in it be refused.
      if failure != EINVAL { throw error }
    }
    return inode.map { .socket($0) } ?? .other
  }

  /// Counts a process that holds a wanted socket.
  private mutating func count(_ index: Int, _ holder: Int32) {
    let finding = findings[index]
    if finding.oldest < 0 {
      missing -= 1
      findings[index] = Finding(oldest: holder, counted: holder, holders: 1)
      return
    }
    guard finding.counted != holder else { return }
    findings[index].counted = holder
    findings[index].holders += 1
    let oldest = holders[Int(finding.oldest)]
    let other = holders[Int(holder)]
    if (other.startTime, other.pid) < (oldest.startTime, oldest.pid) { findings[index].oldest = holder }
  }

  /// Reads who a process is, once a look-up; the program and cgroup only where it is not as it was known.
  private mutating func identify(_ record: inout ProcessRecord, _ directory: CInt) throws(SystemCallError) {
    // Through the open directory, so that it is this process and not a later one with its pid.
    guard let stat = try buffer.read("../stat", at: directory, ProcessStat.parse) else {
      throw SystemCallError(number: EIO)
    }
    record.parent = stat.parent
    let process: OwningProcess
    if let known = record.details, known.startTime == stat.startTime, known.name == stat.name {
      process = known
    } else {
      statistics.details += 1
      let exe = try? buffer.readLink("../exe", at: directory, Self.programPath)
      let place = try? buffer.read("../cgroup", at: directory, CgroupPlace.parse)
      process = OwningProcess(
        pid: record.pid, startTime: stat.startTime, name: stat.name, exe: exe, unit: place?.unit,
        container: place?.container)
      record.details = process
    }
    record.foundAt = lookUp
    record.holder = Int32(truncatingIfNeeded: holders.count)
    holders.append(process)
  }

  /// A program's path, without the mark of one that was replaced or removed since it was started.
  static func programPath(_ bytes: Span<UInt8>) -> String {
    let path = text(bytes, 0..<bytes.count)
    let deleted = " (deleted)"
    return path.hasSuffix(deleted) ? String(path.dropLast(deleted.count)) : path
  }

  /// Looks further where a process has no descriptors: a kernel thread never has, and a process whose first thread
  /// has ended shows its descriptors under its other threads only.
  private mutating func lookBehindEmpty(
    _ directory: borrowing ProcDirectory, _ record: inout ProcessRecord
  ) throws(SystemCallError) {
    guard let stat = try buffer.read("../stat", at: directory.descriptor, ProcessStat.parse) else { return }
    record.parent = stat.parent
    record.neverHolds = stat.isKernelThread
    guard stat.state == UInt8(ascii: "Z"), stat.threads > 1 else { return }
    let tasks = try ProcDirectory("../task", at: directory.descriptor)
    while let task = try tasks.nextNumbered() {
      if task.number == Int(record.pid) { continue }
      let descriptors = try withPath(Int32(truncatingIfNeeded: task.number), "fd") {
        path throws(SystemCallError) in try ProcDirectory(path, at: tasks.descriptor)
      }
      statistics.directories += 1
      while let entry = try descriptors.nextNumbered() {
        guard case .socket(let inode) = try readDescriptor(entry.name, descriptors.descriptor),
          let index = table.value(of: inode), index != Self.notWanted
        else { continue }
        // The process's own directory leads to its name; a thread's would lead to the thread's.
        if record.foundAt != lookUp { try identify(&record, directory.descriptor) }
        count(Int(index), record.holder)
      }
      // Threads share their descriptors: one that has any is enough.
      return
    }
  }
}

extension SocketSearch {
  /// True where a process has more or fewer descriptors than when it was last looked at, as the size of its directory of
  /// descriptors tells since Linux 6.2; false where that tells nothing.
  mutating func hasOtherCount(_ record: ProcessRecord, root: CInt) -> Bool {
    if !isRealProc || record.neverHolds { return false }
    work += 1
    let size =
      (try? withPath(record.pid, "fd") { path throws(SystemCallError) in fileSize(path, at: root) }) ?? 0
    return size > 0 && size != record.descriptors
  }

  /// The parent of a process, read where it is not known yet; -1 where the process is gone.
  mutating func parent(of record: inout ProcessRecord, root: CInt) -> Int32 {
    if record.parent < 0, let stat = try? readStat(record.pid, root: root) { record.parent = stat.parent }
    return record.parent
  }

  private mutating func readStat(_ pid: Int32, root: CInt) throws(SystemCallError) -> ProcessStat? {
    try withPath(pid, "stat") { path throws(SystemCallError) in
      try buffer.read(path, at: root, ProcessStat.parse)
    }
  }

  /// The status of a process, nil where it is gone.
  mutating func status(of pid: Int32, root: CInt) -> ProcessStatus? {
    try? withPath(pid, "status") { path throws(SystemCallError) in
      try buffer.read(path, at: root, ProcessStatus.parse)
    }
  }

  /// Reads another small file, nil where it cannot be.
  mutating func file<Result>(
    _ path: String, root: CInt, _ parse: (Span<UInt8>) -> Result
  ) -> Result? {
    try? buffer.read(path, at: root, parse)
  }

  /// Reads another link, nil where it cannot be.
  mutating func link(_ path: String, root: CInt) -> String? {
    try? buffer.readLink(path, at: root) { text($0, 0..<$0.count) }
  }
}
