// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Which network namespaces the processes are in.
struct ProcessNamespaces {
  /// A process and when it was started, in clock ticks after boot.
  struct Process {
    var pid: Int32
    var start: UInt64
  }

  /// The oldest process of each namespace but our own.
  private(set) var oldest: [UInt64: Process] = [:]
  /// The namespace of process 1, nil where it cannot be seen.
  private(set) var first: UInt64?
  /// Processes that may not be looked into, without threads of the kernel.
  private(set) var refused = 0
  /// Process 1 is listed.
  private(set) var sawFirstProcess = false

  /// Lists the processes. One that ends meanwhile is passed over.
  init(reading root: ProcRoot, own: UInt64) throws(NetworkNamespaceError) {
    do throws(SystemCallError) {
      let directory = try ProcDirectory(root.path)
      var buffer = ProcFileBuffer(capacity: 1024)
      while let entry = try directory.nextNumbered() {
        guard let pid = Int32(exactly: entry.number), pid > 0 else { continue }
        if pid == 1 { sawFirstProcess = true }
        look(at: pid, directory.descriptor, &buffer, own: own)
      }
    } catch {
      throw .unreadable(path: root.path, code: error.number)
    }
  }

  private mutating func look(
    at pid: Int32, _ root: CInt, _ buffer: inout ProcFileBuffer, own: UInt64
  ) {
    do throws(SystemCallError) {
      let link = try withPath(pid, "ns/net") { path throws(SystemCallError) in
        try buffer.readLink(path, at: root) { text($0, 0..<$0.count) }
      }
      guard let inode = NetNamespace.inode(ofPlainLabel: link) else { return }
      if pid == 1 { first = inode }
      guard inode != own, let stat = stat(of: pid, root, &buffer) else { return }
      if let known = oldest[inode], known.start <= stat.startTime { return }
      oldest[inode] = Process(pid: pid, start: stat.startTime)
    } catch {
      if error.isVanished { return }
      if stat(of: pid, root, &buffer)?.isKernelThread != true { refused += 1 }
    }
  }

  private func stat(of pid: Int32, _ root: CInt, _ buffer: inout ProcFileBuffer) -> ProcessStat? {
    let stat = try? withPath(pid, "stat") { path throws(SystemCallError) in
      try buffer.read(path, at: root) { ProcessStat.parse($0) }
    }
    return stat ?? nil
  }
}

extension ProcRoot {
  /// The unit and the container that a process is in; nil where it does not tell.
  func place(of pid: Int32) -> CgroupPlace? {
    smallFile("\(pid)/cgroup").map { CgroupPlace.parse($0.span) }
  }
}
