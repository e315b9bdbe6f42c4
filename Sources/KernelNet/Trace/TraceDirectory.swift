// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CKernelNet
import Glibc

/// A directory of tracefs, open: everything below is reached through its descriptor, so that a mount that nobody else
/// sees will do.
struct TraceDirectory: ~Copyable {
  let descriptor: CInt
  /// Its path, for messages.
  let path: String

  private init(descriptor: CInt, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { Glibc.close(descriptor) }

  /// Finds tracefs: where it is mounted, else by a mount of its own, which takes root.
  ///
  /// - Throws: ``TraceError`` of kind `notRoot`, `refused` or `noTracefs`.
  static func find() throws(TraceError) -> TraceDirectory {
    for path in ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"] {
      let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      let found = TraceDirectory(descriptor: descriptor, path: path)
      // An empty directory where nothing is mounted, or somebody else's directory.
      if ckn_is_tracefs(descriptor) != 0, faccessat(descriptor, "instances", W_OK, 0) == 0 { return found }
    }
    let descriptor = ckn_mount_tracefs()
    guard descriptor >= 0 else { throw TraceError(number: errno, what: "tracefs") }
    return TraceDirectory(descriptor: descriptor, path: "tracefs")
  }

  /// Opens a directory below.
  ///
  /// - Throws: ``TraceError``.
  func directory(_ name: String) throws(TraceError) -> TraceDirectory {
    TraceDirectory(descriptor: try file(name, O_RDONLY | O_DIRECTORY), path: "\(path)/\(name)")
  }

  /// Opens a file below, close-on-exec; the descriptor is the caller's.
  ///
  /// - Throws: ``TraceError``.
  func file(_ name: String, _ flags: CInt) throws(TraceError) -> CInt {
    let opened = openat(descriptor, name, flags | O_CLOEXEC)
    guard opened >= 0 else { throw TraceError(number: errno, what: "\(path)/\(name)") }
    return opened
  }

  /// True where there is something of that name below.
  func has(_ name: String) -> Bool { faccessat(descriptor, name, F_OK, 0) == 0 }

  /// Reads a small file below.
  ///
  /// - Throws: ``TraceError``.
  func read(_ name: String) throws(TraceError) -> [UInt8] {
    let opened = try file(name, O_RDONLY)
    defer { Glibc.close(opened) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while true {
      let got = Glibc.read(opened, &part, part.count)
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw TraceError(number: errno, what: "\(path)/\(name)") }
      if got == 0 { return bytes }
      bytes += part[..<got]
    }
  }

  /// Writes a setting below, in one call as tracefs wants it.
  ///
  /// - Throws: ``TraceError``.
  func write(_ name: String, _ text: String) throws(TraceError) {
    let number = attemptWrite(name, text)
    guard number == 0 else { throw TraceError(number: number, what: "\(path)/\(name)") }
  }

  /// The same, giving the error number, 0 for success.
  func attemptWrite(_ name: String, _ text: String) -> CInt {
    let opened = openat(descriptor, name, O_WRONLY | O_CLOEXEC)
    guard opened >= 0 else { return errno }
    defer { Glibc.close(opened) }
    while true {
      if text.withCString({ Glibc.write(opened, $0, strlen($0)) }) >= 0 { return 0 }
      if errno != EINTR { return errno }
    }
  }

  /// The names below; none where they cannot be read.
  func names() -> [String] {
    let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0, let stream = fdopendir(copy) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
