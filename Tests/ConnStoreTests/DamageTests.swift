// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import ConnStore

@Suite struct DamagedHistoryTests {
  /// A history of some hundred pages, whose log is in the file.
  private func history(_ scratch: Scratch, lives: Int64 = 20_000) throws -> Data {
    let writer = try scratch.writer()
    let finished = (1...lives).map { makeLife($0, opened: 0, closed: 1, remote: UInt32($0)) }
    try writer.write(makeBatch(1, next: 1, current: [makeLife(lives + 1)], finished: finished))
    try writer.close(now: moment(2))
    return try #require(FileManager.default.contents(atPath: scratch.path))
  }

  private func isOurs(_ bytes: Data, _ scratch: Scratch) throws -> Bool {
    let path = scratch.folder + "/some"
    try bytes.write(to: URL(filePath: path))
    return DamagedHistory.isOurs(path)
  }

  @Test func onlyOursIsKnownAsOurs() throws {
    let scratch = try Scratch()
    let whole = try history(scratch, lives: 500)
    #expect(try isOurs(whole, scratch))
    var damaged = whole
    damaged.replaceSubrange(0..<100, with: Data(count: 100))
    #expect(try isOurs(damaged, scratch), "no header, but our tables")
    damaged = whole
    damaged.replaceSubrange(100..., with: Data(repeating: 0x5A, count: whole.count - 100))
    #expect(try isOurs(damaged, scratch), "nothing but the header")
    #expect(try isOurs(whole.prefix(4096), scratch))
    damaged[3] = 0
    #expect(try !isOurs(damaged, scratch), "nothing at all")
    // A newer one is somebody's who has a newer connwatch.
    damaged = whole
    damaged[63] = 99
    #expect(try !isOurs(damaged, scratch))
    // Within another file, as in an archive; and as text.
    #expect(try !isOurs(Data(count: 512) + whole, scratch))
    #expect(try !isOurs(Data(repeating: 0x41, count: 4096) + whole, scratch))
    #expect(
      try !isOurs(
        Data("tablelifelife tableopen_lifeopen_life".utf8) + Data(repeating: 0x41, count: 9000), scratch))
    #expect(try !isOurs(Data(), scratch))
    #expect(try !isOurs(Data(Schema.version1.utf8), scratch))
    #expect(!DamagedHistory.isOurs(scratch.folder))
    #expect(!DamagedHistory.isOurs(scratch.folder + "/none"))
    let other = try Connection(path: scratch.folder + "/other.db", mode: .write)
    try other.run("CREATE TABLE cookies(name)")
    #expect(!DamagedHistory.isOurs(other.path))
  }

  @Test func whatWasPutAsideIsNotOverwritten() throws {
    let scratch = try Scratch()
    var names: [String] = []
    for number in 0..<3 {
      try "\(number)".write(toFile: scratch.path, atomically: false, encoding: .utf8)
      try "log \(number)".write(toFile: scratch.path + "-wal", atomically: false, encoding: .utf8)
      names.append(try DamagedHistory.putAside(scratch.path, now: moment(0)))
    }
    let name = scratch.path + ".corrupt-20260101T100000Z"
    #expect(names == [name, name + "-2", name + "-3"])
    #expect(try names.map { try String(contentsOfFile: $0, encoding: .utf8) } == ["0", "1", "2"])
    #expect(try String(contentsOfFile: names[2] + "-wal", encoding: .utf8) == "log 2")
    #expect(access(scratch.path, F_OK) != 0 && access(scratch.path + "-wal", F_OK) != 0)
  }

  @Test func aCheckFindsDamageAndCanBeEnded() throws {
    let scratch = try Scratch()
    let whole = try history(scratch)
    func outcome(_ depth: DamageCheck.Depth) -> DamageCheck.Outcome {
      let check = DamageCheck(scratch.path, depth)
      while check.outcome == .running { usleep(1000) }
      defer { check.end() }
      return check.outcome
    }
    #expect(outcome(.pages) == .over)
    #expect(outcome(.all) == .over)
    let check = DamageCheck(scratch.path, .all)
    check.end()
    #expect(check.outcome == .over)
    var damaged = whole
    let middle = whole.count / 2 / 4096 * 4096
    damaged.replaceSubrange(middle..<middle + 4096, with: Data(repeating: 0xA5, count: 4096))
    try damaged.write(to: URL(filePath: scratch.path))
    guard case .damaged = outcome(.pages) else {
      Issue.record("a page of rubbish was not found")
      return
    }
  }

  private func start(_ scratch: Scratch, _ said: Said, boot: String = "boot-1") throws -> (
    BackgroundWriter, HistoryWriter.Resumption
  ) {
    try BackgroundWriter.opening(
      scratch.path, run: .init(bootID: boot, pid: 1, version: "t", source: "proc", interval: 1_000_000),
      now: moment(10), retention: Retention()
    ) { said.add($0) }
  }

  /// What was said, from any thread.
  private final class Said: @unchecked Sendable {
    private let lock = NSLock()
    private var errors: [StoreError] = []
    func add(_ error: StoreError) { lock.withLock { errors.append(error) } }
    var kinds: [StoreError.Kind] { lock.withLock { errors.map(\.kind) } }
  }

  @Test(arguments: ["header", "page", "half"]) func aDamagedFileIsBegunAnewAtTheStart(_ what: String) throws {
    let scratch = try Scratch()
    let whole = try history(scratch)
    var damaged = whole
    switch what {
    case "header": damaged.replaceSubrange(0..<100, with: Data(count: 100))
    case "page":
      let middle = whole.count / 2 / 4096 * 4096
      damaged.replaceSubrange(middle..<middle + 4096, with: Data(repeating: 0xA5, count: 4096))
    default: damaged = whole.prefix(whole.count / 2)
    }
    try damaged.write(to: URL(filePath: scratch.path))
    let said = Said()
    let (background, _) = try start(scratch, said)
    // What is written before the check has found it is not lost; the file says itself how far it is.
    var second: Int64 = 11
    while said.kinds.isEmpty && second < 5000 {
      background.submit(
        makeBatch(
          second, next: 30_000 + second, finished: [makeLife(30_000 + second, opened: 10, closed: 11)]))
      second += 1
      usleep(2000)
    }
    background.submit(makeBatch(second, next: 40_000, current: [makeLife(40_000, opened: 11)]))
    try background.finish(now: moment(second + 1)) {
      var all = makeBatch(second, next: 40_001, current: [makeLife(20_001), makeLife(40_000, opened: 11)])
      all.isEverything = true
      return all
    }
    #expect(said.kinds == [.begunAnew])
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.check().isEmpty)
    let gaps = try reader.gaps()
    #expect(gaps.map(\.cause) == ["database damaged"])
    #expect(gaps.first?.detail?.contains(scratch.path + ".corrupt-") == true, "\(gaps)")
    let lives = try reader.lives(LifeQuery()).map(\.id)
    // What was open before is asked for only where the file was lost after the start.
    let asked: [Int64] = what == "page" ? [20_001] : []
    let expected = asked + (11..<second).map { 30_000 + $0 } + [40_000]
    #expect(Set(lives) == Set(expected), "\(lives.count) of \(expected.count)")
    #expect(try reader.openLives().contains { $0.id == 40_000 })
    let aside = try FileManager.default.contentsOfDirectory(atPath: scratch.folder).filter {
      $0.contains("corrupt-") && $0.hasSuffix("Z")
    }
    #expect(aside.count == 1)
    #expect(try scratch.writer(at: second + 5).resumption.nextLife == 40_001)
  }

  /// A file of somebody else that comes to the path is left alone, and what there is to write waits until it is gone.
  @Test func whatIsNotOursIsWaitedFor() throws {
    let scratch = try Scratch()
    let said = Said()
    let (background, _) = try start(scratch, said)
    background.submit(makeBatch(11, next: 1, current: [makeLife(1, opened: 11)]))
    func wait(_ what: String, _ condition: () throws -> Bool) throws {
      for _ in 0..<5000 where try !condition() { usleep(2000) }
      #expect(try condition(), "\(what)")
    }
    try wait("the first sample") {
      try Connection(path: scratch.path, mode: .read).integer("SELECT count(*) FROM sample") == 1
    }
    let text = String(repeating: "Not a database at all.\n", count: 500)
    #expect(rename(scratch.path, scratch.path + ".moved") == 0)
    try text.write(toFile: scratch.path, atomically: false, encoding: .utf8)
    background.submit(makeBatch(12, next: 2, current: [makeLife(2, opened: 12)]))
    try wait("a complaint") { said.kinds == [.foreign] }
    background.submit(makeBatch(13, next: 3, finished: [makeLife(2, opened: 12, closed: 13)]))
    #expect(try String(contentsOfFile: scratch.path, encoding: .utf8) == text)
    unlink(scratch.path)
    background.submit(makeBatch(14, next: 3))
    try background.finish(now: moment(15)) {
      var all = makeBatch(14, next: 3, current: [makeLife(1, opened: 11)])
      all.isEverything = true
      return all
    }
    #expect(said.kinds == [.foreign, .begunAnew])
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.lives(LifeQuery()).map(\.id) == [2, 1])
    #expect(try reader.openLives().map(\.id) == [1])
    // How many samples waited, and whether that is worth a gap, depends on when the writer's thread had its turns.
    let causes = try reader.gaps().map(\.cause)
    #expect(causes.filter { $0 == "database replaced" }.count == 1, "\(causes)")
    #expect(Set(causes).isSubset(of: ["database replaced", "database unwritable"]), "\(causes)")
  }

  @Test func aLockWhoseFileIsGoneIsTakenAgain() throws {
    let scratch = try Scratch()
    let lock = try KeptLock(database: scratch.path)
    try lock.renew()
    #expect(unlink(scratch.path + ".lock") == 0)
    try lock.renew()
    #expect(throws: StoreError.self) { try RecorderLock(database: scratch.path) }
    #expect(unlink(scratch.path + ".lock") == 0)
    let other = try RecorderLock(database: scratch.path)
    #expect(throws: StoreError.self) { try lock.renew() }
    withExtendedLifetime(other) {}
  }
}
