// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
@preconcurrency import Glibc
import ProcNet

/// Names of services and users, looked up once each.
final class Names {
  /// Names of ports: /etc/services and our own.
  private(set) lazy var services = ServiceNames(
    file: (try? FileBytes.read("/etc/services", limit: 16 << 20, hint: "no list of services")) ?? [])
  private var users: [UInt32: String?] = [:]
  /// Names of services that were asked for, each at the place that its port gives it: most rows ask for what an earlier
  /// one did.
  private var recent = [(key: UInt32, name: String?)](repeating: (.max, nil), count: 256)

  /// The name of a port, nil where it has none.
  func service(_ port: UInt16, _ transport: Transport) -> String? {
    let key = UInt32(port) << 8 | UInt32(transport.rawValue)
    let place = Int(port & 255)
    if recent[place].key != key { recent[place] = (key, services.name(port, transport)) }
    return recent[place].name
  }

  /// The name of a user, nil where there is none.
  func user(_ uid: UInt32?) -> String? {
    guard let uid else { return nil }
    if let known = users[uid] { return known }
    let name = Self.userName(uid)
    users[uid] = .some(name)
    return name
  }

  /// The name of a user by getpwuid_r(3), nil where there is none. Safe on any thread.
  static func userName(_ uid: UInt32) -> String? {
    withPasswordEntry({ getpwuid_r(uid, $0, $1, $2, $3) }) { String(cString: $0.pw_name) }
  }

  /// The number of a user by getpwnam_r(3), nil where there is no such user.
  static func userID(_ name: String) -> UInt32? {
    withPasswordEntry({ getpwnam_r(name, $0, $1, $2, $3) }) { $0.pw_uid }
  }

  private static func withPasswordEntry<Result>(
    _ ask: (
      UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
      UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
    ) -> Int32,
    _ take: (passwd) -> Result
  ) -> Result? {
    var entry = passwd()
    var result: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16384)
    return buffer.withUnsafeMutableBufferPointer { buffer in
      guard ask(&entry, buffer.baseAddress!, buffer.count, &result) == 0, result != nil else { return nil }
      // The entry's strings are in the buffer, so they are taken while it is here.
      return take(entry)
    }
  }
}

/// Whole small files.
enum FileBytes {
  /// Reads a file to its end.
  ///
  /// - Parameters:
  ///   - limit: the most bytes it may have, whole MiB: some files have no end (/dev/zero).
  ///   - hint: what to do about one that is longer.
  /// - Throws: ``Failure`` with the path and the system's words, where it is longer, or where it is no file: a FIFO would
  ///   be waited for for ever. Only /dev/null stands for an empty file.
  static func read(_ path: String, limit: Int, hint: String) throws(Failure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw Failure("\(path): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var status = stat()
    if path != "/dev/null", fstat(descriptor, &status) == 0, let kind = FilePlace.kind(mode: status.st_mode) {
      throw Failure("\(path): \(kind), not a file")
    }
    return try read(descriptor, path, limit: limit, hint: hint)
  }

  /// Reads standard input to its end.
  ///
  /// - Throws: ``Failure`` where it is longer than so many bytes.
  static func readInput(limit: Int) throws(Failure) -> [UInt8] {
    try read(STDIN_FILENO, "standard input", limit: limit, hint: "give a part of it")
  }

  private static func read(
    _ descriptor: Int32, _ path: String, limit: Int, hint: String
  ) throws(Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    var count = 0
    repeat {
      // Room that need not be cleared before it is filled.
      bytes += [UInt8](unsafeUninitializedCapacity: 16_384) { room, filled in
        repeat {
          count = Glibc.read(descriptor, room.baseAddress, room.count)
        } while count < 0 && errno == EINTR
        filled = max(0, count)
      }
      guard count >= 0 else { throw Failure("\(path): \(String(cString: strerror(errno)))") }
      guard bytes.count <= limit else {
        throw Failure("\(path): more than \(limit >> 20) MiB (\(hint))")
      }
    } while count > 0
    return bytes
  }
}
