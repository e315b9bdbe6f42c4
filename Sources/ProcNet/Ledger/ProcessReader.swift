// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What /proc tells of a process in one look.
struct ProcessReading {
  var stat: ProcessStat
  /// The program's path, nil where it may not be read.
  var exe: String?
  /// Where its manager put it, nil where that may not be read.
  var place: CgroupPlace?
  /// The inode of its network namespace, 0 where that may not be read.
  var namespace: UInt64
}

/// Reading of single processes of /proc.
struct ProcessReader: ~Copyable {
  private let root: CInt
  private var buffer = ProcFileBuffer()

  /// Makes a reader; where the root cannot be opened, there are no processes.
  init(_ root: ProcRoot) {
    self.root = open(root.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  }

  deinit { if root >= 0 { close(root) } }

  /// True where /proc has a process or thread of that number.
  func has(_ thread: Int32) -> Bool {
    let answer = try? DecimalName(UInt32(bitPattern: thread)).withPointer { name throws(SystemCallError) in
      faccessat(root, name, F_OK, 0)
    }
    return answer == 0
  }

  /// The process that a thread is of, nil where it is gone.
  mutating func process(of thread: Int32) -> Int32? {
    // Through a copy of the descriptor: the closure may not hold on to self.
    let root = root
    let status = try? withPath(thread, "status") { path throws(SystemCallError) in
      try buffer.read(path, at: root, ProcessStatus.parse)
    }
    return status?.process
  }

  /// Looks at a process, nil where it is gone.
  mutating func read(_ process: Int32) -> ProcessReading? {
    let root = root
    let opened = try? DecimalName(UInt32(bitPattern: process)).withPointer { name throws(SystemCallError) in
      openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    guard let directory = opened, directory >= 0 else { return nil }
    // One process throughout: when it ends, everything below its directory is gone, also where its pid is used again.
    defer { close(directory) }
    guard let stat = (try? buffer.read("stat", at: directory, ProcessStat.parse)) ?? nil else { return nil }
    return ProcessReading(
      stat: stat, exe: try? buffer.readLink("exe", at: directory, SocketSearch.programPath),
      place: try? buffer.read("cgroup", at: directory, CgroupPlace.parse),
      namespace: (try? buffer.readLink("ns/net", at: directory, Self.namespace)) ?? 0)
  }

  /// The processes that there are now.
  func processes() -> [Int32] { numbers(".", at: root) }

  /// The threads of a process, with the one that has its number.
  func threads(of process: Int32) -> [Int32] {
    (try? withPath(process, "task") { path throws(SystemCallError) in numbers(path, at: root) }) ?? []
  }

  /// True where this process sees others by their numbers in the first pid namespace: pid_namespaces(7).
  mutating func seesFirstNumbers() -> Bool {
    let link = try? buffer.readLink("self/ns/pid", at: root) { text($0, 0..<$0.count) }
    return link == nil || link == SocketOwners.initialPIDNamespace
  }

  private func numbers(_ path: UnsafePointer<CChar>, at directory: CInt) -> [Int32] {
    var numbers: [Int32] = []
    guard let directory = try? ProcDirectory(path, at: directory) else { return [] }
    while let entry = (try? directory.nextNumbered()) ?? nil {
      if let number = Int32(exactly: entry.number) { numbers.append(number) }
    }
    return numbers
  }

  /// The inode in a link such as `net:[4026531840]`, 0 for any other: namespaces(7).
  private static func namespace(_ link: Span<UInt8>) -> UInt64 {
    let prefix: StaticString = "net:["
    var at = prefix.utf8CodeUnitCount
    guard link.count > at, (0..<at).allSatisfy({ link[$0] == prefix.utf8Start[$0] }) else { return 0 }
    return decimal(link, &at) ?? 0
  }
}
