// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import ProcNet

/// A tree of files that looks like /proc, in a directory of its own that goes away with it.
final class OwnerFakeProc {
  let url: URL
  private var made = 0

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("owner-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    try add(1, name: "systemd", start: 1)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  var root: ProcRoot { ProcRoot(url.path) }

  /// Adds a process, or puts another one in the place of the one with this pid.
  func add(
    _ pid: Int, name: String = "x", start: Int, parent: Int = 1, flags: Int = 0, sockets: [Int: UInt64] = [:],
    exe: String? = nil, cgroup: String? = nil
  ) throws {
    // Made aside and moved, so that the directory is never the same as the one before, as in the kernel's /proc.
    made += 1
    let directory = url.appendingPathComponent("new-\(made)")
    try FileManager.default.createDirectory(
      at: directory.appendingPathComponent("fd"), withIntermediateDirectories: true)
    try link(directory.appendingPathComponent("fd/0"), "/dev/null")
    for (descriptor, inode) in sockets {
      try link(directory.appendingPathComponent("fd/\(descriptor)"), "socket:[\(inode)]")
    }
    try write(directory, name: name, pid: pid, start: start, parent: parent, flags: flags)
    if let exe { try link(directory.appendingPathComponent("exe"), exe) }
    if let cgroup { try Data(cgroup.utf8).write(to: directory.appendingPathComponent("cgroup")) }
    let place = url.appendingPathComponent("\(pid)")
    if FileManager.default.fileExists(atPath: place.path) {
      try FileManager.default.moveItem(at: place, to: url.appendingPathComponent("old-\(made)"))
    }
    try FileManager.default.moveItem(at: directory, to: place)
  }

  /// Changes the name, as execve(2) does.
  func rename(_ pid: Int, _ name: String, start: Int) throws {
    try write(url.appendingPathComponent("\(pid)"), name: name, pid: pid, start: start, parent: 1, flags: 0)
  }

  func remove(_ pid: Int) throws {
    try FileManager.default.removeItem(at: url.appendingPathComponent("\(pid)"))
  }

  func open(_ pid: Int, _ descriptor: Int, _ inode: UInt64) throws {
    try? close(pid, descriptor)
    try link(url.appendingPathComponent("\(pid)/fd/\(descriptor)"), "socket:[\(inode)]")
  }

  func close(_ pid: Int, _ descriptor: Int) throws {
    try FileManager.default.removeItem(at: url.appendingPathComponent("\(pid)/fd/\(descriptor)"))
  }

  /// Adds another file.
  func write(_ path: String, _ content: String) throws {
    let file = url.appendingPathComponent(path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(content.utf8).write(to: file)
  }

  /// Adds another link.
  func link(_ path: String, to target: String) throws {
    let file = url.appendingPathComponent(path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try link(file, target)
  }

  private func link(_ place: URL, _ target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: place.path, withDestinationPath: target)
  }

  private func write(_ directory: URL, name: String, pid: Int, start: Int, parent: Int, flags: Int) throws {
    let stat = "\(pid) (\(name)) S \(parent) 1 1 0 -1 \(flags) 0 0 0 0 0 0 0 0 20 0 1 0 \(start) 0 0\n"
    try Data(stat.utf8).write(to: directory.appendingPathComponent("stat"))
  }
}
