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
    /// The pass that found it; a later pass over the same processes must not count them again.
    var pass: UInt8 = 0
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
  /// 1, or 2 for the second pass, which reads what the first left out.
  var pass: UInt8 = 1

  private var buffer = ProcFileBuffer()
  private var scratch: [HeldSocket] = []

  init() {}

  /// Begins a look-up: forgets the last one and notes what is wanted and, where given, what else is alive.
  mutating func begin(_ wanted: [WantedSocket], among rows: [SocketRow]) {
    lookUp += 1
    pass = 1
    statistics = OwnerScanStatistics()
    holders.removeAll(keepingCapacity: true)
    findings.removeAll(keepingCapacity: true)
    wantsListener = false
    if findings.capacity > 64, findings.capacity > wanted.count * 4 { findings = [] }
    table.reset(expecting: wanted.count + rows.count)
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

  /// Reads the descriptors of one process.
  ///
  /// - Parameter keeping: use and renew what is known of the process's sockets: descriptors that were a socket
  ///   which is alive and not wanted are left out in the first pass.
  mutating func look(into record: inout ProcessRecord, root: CInt, keeping: Bool) {
    if record.neverHolds { return }
    record.lookedAt = lookUp
    record.isRefused = false
    record.isFailed = false
    do throws(SystemCallError) {
      let directory = try withPath(record.pid, "fd") { path throws(SystemCallError) in
        try ProcDirectory(path, at: root)
      }
      let seen = try read(directory, &record, keeping: keeping)
      if seen == 0 { try lookBehindEmpty(directory, &record) }
    } catch {
      if error.isRefused {
        record.isRefused = true
      } else if !error.isVanished {
        record.isFailed = true
      }
    }
  }

  /// Reads a directory of descriptors; returns how many there were.
  private mutating func read(
    _ directory: borrowing ProcDirectory, _ record: inout ProcessRecord, keeping: Bool
  ) throws(SystemCallError) -> Int {
    statistics.directories += 1
    scratch.removeAll(keepingCapacity: true)
    var seen = 0
    var links = 0
    var known = 0
    var isAscending = true
    defer {
      statistics.links += links
      if keeping {
        if !isAscending { scratch.sort { $0.descriptor < $1.descriptor } }
        swap(&record.sockets, &scratch)
      }
    }
    while let entry = try directory.nextNumbered() {
      seen += 1
      let number = UInt32(truncatingIfNeeded: entry.number)
      if keeping {
        // Both lists ascend, as the kernel lists descriptors; where one does not, a link is read in vain.
        while known < record.sockets.count, record.sockets[known].descriptor < number { known += 1 }
        if pass == 1, known < record.sockets.count, record.sockets[known].descriptor == number,
          table.value(of: record.sockets[known].inode) == Self.notWanted
        {
          note(record.sockets[known], &isAscending)
          record.skippedAt = lookUp
          continue
        }
      }
      links += 1
      guard let inode = try socketInode(entry, directory.descriptor) else { continue }
      if keeping { note(HeldSocket(descriptor: number, inode: inode), &isAscending) }
      guard let index = table.value(of: inode), index != Self.notWanted else { continue }
      if record.foundAt != lookUp {
        try identify(&record, directory.descriptor)
      }
      count(Int(index), record.holder)
    }
    return seen
  }

  /// Keeps a socket for the next look-up.
  private mutating func note(_ socket: HeldSocket, _ isAscending: inout Bool) {
    if let last = scratch.last, last.descriptor > socket.descriptor { isAscending = false }
    scratch.append(socket)
  }

  /// The socket that a descriptor is, nil where it is none or was closed meanwhile.
  @inline(__always)
  private func socketInode(_ entry: ProcDirectory.Entry, _ directory: CInt) throws(SystemCallError) -> UInt64?
  {
    // Room for one byte more than a socket's text: what fills it is none.
    let capacity = DescriptorLink.longestSocket + 1
    var failure: CInt = 0
    let inode = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { buffer -> UInt64? in
      guard let base = buffer.baseAddress else { return nil }
      let count = base.withMemoryRebound(to: CChar.self, capacity: capacity) {
        readlinkat(directory, entry.name, $0, capacity)
      }
      if count < 0 {
        failure = errno
        return nil
      }
      return DescriptorLink.socketInode(UnsafeBufferPointer(rebasing: buffer[0..<count]).span)
    }
    if failure != 0 {
      let error = SystemCallError(number: failure)
      // Without CAP_SYS_PTRACE a directory may open and every link in it be refused.
      if !error.isVanished && failure != EINVAL { throw error }
    }
    return inode
  }

  /// Counts a process that holds a wanted socket.
  private mutating func count(_ index: Int, _ holder: Int32) {
    let finding = findings[index]
    if finding.oldest < 0 {
      missing -= 1
      findings[index] = Finding(oldest: holder, counted: holder, holders: 1, pass: pass)
      return
    }
    guard finding.pass == pass, finding.counted != holder else { return }
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
  private static func programPath(_ bytes: Span<UInt8>) -> String {
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
        statistics.links += 1
        guard let inode = try socketInode(entry, descriptors.descriptor), let index = table.value(of: inode),
          index != Self.notWanted
        else { continue }
        if record.foundAt != lookUp { try identify(&record, directory.descriptor) }
        count(Int(index), record.holder)
      }
      // Threads share their descriptors: one that has any is enough.
      return
    }
  }
}

extension SocketSearch {
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
