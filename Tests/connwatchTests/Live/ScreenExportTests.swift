// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import connwatch

@Suite final class ScreenExportTests {
  private let directory = NSTemporaryDirectory() + "connwatch-export-\(UUID().uuidString)"

  init() throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  }

  deinit {
    chmod(directory, 0o755)
    try? FileManager.default.removeItem(atPath: directory)
  }

  private func contents(_ name: String) throws -> String {
    try String(contentsOfFile: directory + "/" + name, encoding: .utf8)
  }

  @discardableResult
  private func write(_ name: String, make: ScreenExport.Opener = ScreenExport.make) throws -> Int {
    try ScreenExport.write(
      SampleRow.samples, to: directory + "/" + name, zone: .utc, makeFile: make
    ).rows
  }

  /// The failure's words, without the directory.
  private func failure(_ name: String, make: ScreenExport.Opener = ScreenExport.make) -> String {
    do {
      try write(name, make: make)
      return "none"
    } catch { return "\(error)".replacingOccurrences(of: directory, with: "DIR") }
  }

  @Test(arguments: [
    ("a.json", OutputFormat.json), ("a.NDJSON", .json), ("a.csv", .csv), ("a.txt", .table), ("a", .table),
    ("json", .table),
  ])
  func `Each format by the name's ending`(name: String, format: OutputFormat) throws {
    #expect(try write(name) == SampleRow.samples.count)
    var options = OutputOptions()
    options.format = format
    options.zone = .utc
    #expect(try contents(name) == SampleRow.printed(SampleRow.samples, options))
    // What is read as text by people has no escape sequences in it; CSV has what there is, quoted.
    if format != .csv { #expect(!(try contents(name).contains("\u{1B}"))) }
    var status = stat()
    #expect(stat(directory + "/" + name, &status) == 0)
    // As far as the umask lets it.
    #expect(status.st_mode & 0o7777 & ~0o640 == 0)
    #expect(status.st_mode & 0o600 == 0o600)
  }

  @Test func `What is there is left as it is`() throws {
    try write("a.csv")
    let before = try contents("a.csv")
    let refusal = "DIR/a.csv: File exists (name a file that does not exist yet)"
    #expect(failure("a.csv") == refusal)
    #expect(try contents("a.csv") == before)
    #expect(failure("") == "DIR/: Is a directory" || failure("").hasPrefix("DIR/: "))
    // Nor is a link followed, to nothing or to something.
    for target in ["/dev/full", directory + "/new.csv", directory + "/a.csv"] {
      unlink(directory + "/link.csv")
      #expect(symlink(target, directory + "/link.csv") == 0)
      #expect(failure("link.csv").contains("File exists"))
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: directory + "/link.csv") == target)
    }
    #expect(access(directory + "/new.csv", F_OK) != 0)
    #expect(try contents("a.csv") == before)
  }

  @Test func `Where no file can be made`() {
    #expect(
      failure("none/a.json")
        == "DIR/none/a.json: No such file or directory (its directory has to be there)")
    #expect(throws: Failure.self) { try ScreenExport.write(SampleRow.samples, to: "") }
    let long = String(repeating: "x", count: 300)
    #expect(failure(long) == "DIR/\(long): File name too long")
  }

  @Test(.enabled(if: geteuid() != 0, "root may write anywhere"))
  func `A directory that may not be written`() {
    chmod(directory, 0o555)
    #expect(
      failure("a.json")
        == "DIR/a.json: Permission denied (name one in a directory that you may write to)")
  }

  /// The file is made, and what is written to it finds no room.
  @Test(arguments: ["a.json", "a.csv", "a.txt"])
  func `A full disk leaves nothing`(name: String) {
    let words = failure(name) { path in
      close(ScreenExport.make(path))
      #expect(access(path, F_OK) == 0)
      return open("/dev/full", O_WRONLY | O_CLOEXEC)
    }
    #expect(words == "DIR/\(name): No space left on device (nothing of it was kept)")
    #expect(access(directory + "/" + name, F_OK) != 0)
  }

  @Test func `A tilde is the home directory`() throws {
    let (rows, path) = try ScreenExport.write(
      SampleRow.samples, to: "~/b.json", zone: .utc, home: directory)
    #expect(rows == SampleRow.samples.count)
    #expect(path == directory + "/b.json")
    #expect(try contents("b.json").split(separator: "\n").count == rows)
    #expect(throws: Failure.self) { try ScreenExport.write(SampleRow.samples, to: "~/c", home: nil) }
    // Elsewhere it is a name like any other.
    try write("~")
    #expect(access(directory + "/~", F_OK) == 0)
  }

  @Test func `No rows are a file all the same`() throws {
    let none = try ScreenExport.write([SampleRow](), to: directory + "/none.json")
    #expect(none.rows == 0)
    #expect(try contents("none.json").isEmpty)
  }

  @Test func `A name says what and when`() {
    let ahead = Zone { _ in 3600 }
    #expect(
      ScreenExport.defaultName(view: "connections", time: SampleRow.moment, zone: ahead)
        == "connwatch-connections-20260101T110000.json")
    #expect(
      ScreenExport.defaultName(view: "listeners", time: SampleRow.moment, zone: .utc)
        == "connwatch-listeners-20260101T100000Z.json")
  }
}
