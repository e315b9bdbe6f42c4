// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What occurs in a block of lives that is not in their profiles, since it changes with a life or would make too many
/// of them: the column `traits` of a ``Digest``.
struct DigestTraits {
  /// A process id, with the program it was seen with.
  struct Process: Hashable, Comparable {
    var pid: Int64
    var program: UInt32

    static func < (left: Process, right: Process) -> Bool {
      (left.pid, left.program) < (right.pid, right.program)
    }
  }

  /// Numbers of sequences of states.
  var paths: [Int64]
  /// Ascending.
  var processes: [Process]

  init(paths: [Int64], processes: [Process]) {
    self.paths = paths
    self.processes = processes
  }

  /// Adds what occurs beside it.
  mutating func add(_ more: DigestTraits) {
    paths += more.paths
    for process in more.processes where !has(pid: process.pid, program: process.program) {
      processes.insert(process, at: processes.firstIndex { $0 > process } ?? processes.endIndex)
    }
  }

  /// True where a process occurs with a program, or with any.
  func has(pid: Int64, program: UInt32?) -> Bool {
    let wanted = Process(pid: pid, program: program ?? 0)
    var range = processes.startIndex..<processes.endIndex
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      range = processes[middle] < wanted ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    guard range.lowerBound < processes.endIndex else { return false }
    let found = processes[range.lowerBound]
    return program == nil ? found.pid == pid : found == wanted
  }

  // MARK: - Packed

  var bytes: [UInt8] {
    var bytes = PackedBytes()
    bytes.append(number: UInt64(paths.count))
    for path in paths { bytes.append(number: UInt64(bitPattern: path)) }
    bytes.append(number: UInt64(processes.count))
    var last: Int64 = 0
    for process in processes {
      bytes.append(number: UInt64(bitPattern: process.pid &- last))
      bytes.append(number: UInt64(process.program))
      last = process.pid
    }
    return bytes.bytes
  }

  /// nil where they are damaged.
  ///
  /// - Parameter processes: false where those are not wanted; there are hundreds of them, and few sequences of states.
  init?(_ bytes: UnsafeRawBufferPointer, processes wantsProcesses: Bool = true) {
    var reader = PackedReader(bytes)
    (paths, processes) = ([], [])
    guard let pathCount = reader.number() else { return nil }
    for _ in 0..<min(pathCount, UInt64(bytes.count)) {
      guard let path = reader.number() else { return nil }
      paths.append(Int64(bitPattern: path))
    }
    guard wantsProcesses else { return }
    guard let processCount = reader.number() else { return nil }
    var last: Int64 = 0
    for _ in 0..<min(processCount, UInt64(bytes.count)) {
      guard let step = reader.number(), let program = reader.number() else { return nil }
      last &+= Int64(bitPattern: step)
      processes.append(Process(pid: last, program: UInt32(truncatingIfNeeded: program)))
    }
    guard reader.isAtEnd else { return nil }
  }
}
