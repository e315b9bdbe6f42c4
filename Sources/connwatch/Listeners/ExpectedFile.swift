// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
@preconcurrency import Glibc

/// The expected set as a text file: one rule a line, comments with `#`.
///
/// It is a file of its own and not in the database, so that it can be kept with the machine's configuration and the
/// recorder stays the only writer of the database.
struct ExpectedFile {
  /// The administrator's own, written by connwatch only where it is named.
  static let system = "/etc/connwatch/expected"

  let path: String

  /// A line as it stands, and the rule on it.
  private struct Line {
    var text: String
    var rule: ExpectedRule?
  }

  /// What a new file begins with.
  static let header = """
    # Listeners that should be there, a line each: protocol, scope, port, program.
    # Scope: any, v6only, loopback or an address. Program: a path, or * for any;
    # unit=NAME before it expects the systemd unit too. See connwatch(1).

    """

  /// Bytes that it may have at the most: a rule for every port of all protocols has room.
  private static let mostBytes = 32 << 20
  private static let tooLong = "not a file of rules"

  /// Reads the rules; none where there is no such file.
  ///
  /// - Throws: ``Failure`` with the path, the line and what is wrong with it.
  func read() throws(Failure) -> Set<ExpectedRule> {
    Set(try lines().compactMap(\.rule))
  }

  private func lines() throws(Failure) -> [Line] {
    guard access(path, F_OK) == 0 else {
      // One that may not be looked at is not the same as none.
      if errno == ENOENT || errno == ENOTDIR { return [] }
      throw Failure("\(path): \(String(cString: strerror(errno)))")
    }
    var lines: [Line] = []
    let text = String(
      decoding: try FileBytes.read(path, limit: Self.mostBytes, hint: Self.tooLong), as: UTF8.self)
    // By scalars: a carriage return and a line feed are one Character, which is no line feed.
    var parts = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    if parts.last?.isEmpty == true { parts.removeLast() }
    for (number, line) in parts.enumerated() {
      let bare = line.last == "\r" ? line.dropLast() : line
      do throws(Failure) {
        lines.append(
          Line(text: String(Substring(line)), rule: try ExpectedRule(line: String(Substring(bare)))))
      } catch {
        throw Failure("\(path):\(number + 1): \(error)")
      }
    }
    return lines
  }

  /// Changes the rules. Whoever else changes them by this waits, so that neither loses what the other added.
  ///
  /// - Parameter makesDirectory: makes the directory first, to be locked, where there is none.
  /// - Throws: ``Failure``, or what the change throws; the old file is then as it was.
  func change<Result>(
    makesDirectory: Bool = true,
    _ change: (inout Set<ExpectedRule>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let target = try self.target()
    if makesDirectory { try DatabasePath.makeDirectory(for: target, hint: nil) }
    let lock = try ExpectedFileLock(target)
    defer { lock.release() }
    var rules = try read()
    let result = try change(&rules)
    try write(rules)
    return result
  }

  /// What is read and replaced: where the path is a link, what it leads to.
  ///
  /// - Throws: ``Failure`` where somebody else has put that link there.
  private func target() throws(Failure) -> String {
    do throws(StoreError) {
      return try FilePlace.resolve(path)
    } catch {
      throw Failure("\(error)")
    }
  }

  /// Makes the file hold these rules and no other: lines of rules that go are taken out, new ones come last, and all
  /// others stay as they are. Replaced in one step, so that a full disk or a kill leaves the old one whole.
  ///
  /// - Throws: ``Failure``; the old file is then as it was.
  func write(_ rules: Set<ExpectedRule>) throws(Failure) {
    let old = try lines()
    let exists = access(path, F_OK) == 0
    let kept = old.filter { line in line.rule.map { rules.contains($0) } ?? true }
    let added = rules.subtracting(old.compactMap(\.rule))
    if exists, kept.count == old.count, added.isEmpty { return }
    let end = old.last?.text.unicodeScalars.last == "\r" ? "\r\n" : "\n"
    var text = exists ? "" : Self.header
    for line in kept { text += line.text + "\n" }
    for rule in added.sorted() { text += rule.line + end }
    try replace(by: text)
  }

  private func replace(by text: String) throws(Failure) {
    guard text.utf8.count <= Self.mostBytes else { throw Failure("\(path): too many rules for a file") }
    let path = try self.target()
    try DatabasePath.makeDirectory(for: path, hint: nil)
    let (temporary, descriptor) = try Self.temporary(for: path)
    var status = stat()
    if stat(path, &status) == 0 {
      // Whoever might read it still may. Its owner can be kept by root alone.
      _ = fchown(descriptor, status.st_uid, status.st_gid)
      fchmod(descriptor, status.st_mode & 0o777)
    }
    let output = StandardOutput(descriptor: descriptor)
    do throws(OutputError) {
      try output.write(text)
      try output.flush()
    } catch {
      close(descriptor)
      unlink(temporary)
      guard case .failed(let number) = error else { throw Failure("\(temporary): not written") }
      throw Failure("\(temporary): \(String(cString: strerror(number))) (the old file is as it was)")
    }
    let isSafe = fsync(descriptor) == 0
    close(descriptor)
    guard isSafe, rename(temporary, path) == 0 else {
      let why = String(cString: strerror(errno))
      unlink(temporary)
      throw Failure("\(path): \(why) (the old file is as it was)")
    }
  }

  /// Makes a file beside the one that is to be replaced, which nobody else has: its name has the number of this process,
  /// and one more where a file of that name was left behind.
  private static func temporary(for path: String) throws(Failure) -> (path: String, descriptor: Int32) {
    var number = 0
    while true {
      let temporary = "\(path).new.\(getpid())\(number == 0 ? "" : ".\(number)")"
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o640)
      if descriptor >= 0 { return (temporary, descriptor) }
      number += 1
      guard errno == EEXIST, number < 100 else {
        throw Failure("\(path): \(String(cString: strerror(errno)))")
      }
    }
  }
}
