// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import ConnStore

/// Evidence as the store keeps it.
@Suite struct EvidenceTests {
  /// A file of sightings.
  struct File {
    var at: Int64
    var covers: EvidenceCover = []
    var sightings: [Sighting]
    var digest: UInt8

    init(_ at: Int64, _ digest: UInt8, covers: EvidenceCover = [], _ sightings: [Sighting]) {
      self.at = at
      self.digest = digest
      self.covers = covers
      self.sightings = sightings
    }
  }

  static func sighting(
    _ local: UInt16, _ state: SocketState = .established, remote: String? = "vnt4.webhosting.com",
    localName: String? = "mirage", pid: Int32? = nil, uid: UInt32 = SocketRow.noUID
  ) -> Sighting {
    let isListener = state == .listen
    return Sighting(
      SocketRow(
        proto: .tcp, state: state, local: Endpoint(IPAddress(v4: 0x0A00_0002), local),
        remote: isListener ? Endpoint(.anyV4, 0) : Endpoint(IPAddress(v4: 0x5DB8_D822), 80), rawUID: uid),
      owner: pid.map { SocketOwner(process: OwningProcess(pid: $0, startTime: 0, name: "telnet")) }
        ?? .notLookedUp,
      localName: localName, remoteName: isListener ? nil : remote)
  }

  @discardableResult
  static func put(_ files: [File], host: String = "mirage", in path: String) throws -> [EvidenceWriter
    .Outcome]
  {
    let writer = try EvidenceWriter(path: path, now: moment(100_000))
    var outcomes: [EvidenceWriter.Outcome] = []
    for file in files {
      try writer.begin(.init(host: host, at: moment(file.at), name: "file"))
      for (line, sighting) in file.sightings.enumerated() { try writer.add(sighting, line: line + 1) }
      outcomes.append(
        try writer.end(
          digest: Array(repeating: file.digest, count: 16), format: file.sightings.isEmpty ? nil : "netstat",
          covers: file.covers, unreadable: 0))
    }
    try writer.commit()
    return outcomes
  }

  static func query(_ hosts: HostChoice = .all) -> LifeQuery {
    var query = LifeQuery()
    query.hosts = hosts
    return query
  }

  /// What there is of every life, but for the numbers, which are given anew.
  static func lives(_ path: String, _ hosts: HostChoice = .all) throws -> [String] {
    var query = query(hosts)
    query.roles = [.connection, .listener, .bound]
    return try HistoryReader(path: path).lives(query).map { life in
      """
      \(life.host ?? "-") \(life.origin?.localName ?? life.local.address.description):\(life.local.port) \
      \(life.origin?.remoteName ?? life.remote.address.description):\(life.remote.port) \
      \(life.firstSeen.microseconds - epoch) \(life.closedOffset ?? -1) \(life.lastSeenOffset) \
      \(life.steps.map(\.state.name)) \(life.uncertainty ?? -1) \(life.owner.process?.pid ?? 0) \
      \(life.direction?.name ?? "-")
      """
    }
  }

  @Test func namesDirectionsAndOwnersComeBack() throws {
    let scratch = try Scratch()
    let file = File(0, 1, [Self.sighting(1372, pid: 7, uid: 1000), Self.sighting(1374)])
    #expect(try Self.put([file], in: scratch.path) == [.added(rows: 2, known: 0)])
    let reader = try HistoryReader(path: scratch.path)
    let lives = try reader.lives(Self.query()) as [Life]
    let first = try #require(lives.first { $0.local.port == 1372 })
    #expect(lives.count == 2 && lives.allSatisfy { $0.id < 0 && $0.host == "mirage" && $0.closed == nil })
    #expect(
      first.origin == LifeOrigin(host: "mirage", localName: "mirage", remoteName: "vnt4.webhosting.com"))
    #expect(first.direction == .outbound && first.sources == .imported && first.uid == 1000)
    #expect(first.owner.process?.name == "telnet" && first.owner.process?.pid == 7)
    let use = try #require(try reader.services(Self.query(.named("mirage")), directions: [.outbound]).first)
    #expect(use.port == 80 && use.localPorts == [1372, 1374] && use.remoteHosts == 1 && use.open == 0)
    #expect(use.connections == 2 && use.processes == ["telnet"])
    #expect(try reader.lives(LifeQuery()).isEmpty && reader.lives(Self.query(.named("other"))).isEmpty)
    #expect(try reader.services(LifeQuery(), directions: [.outbound]).isEmpty)
    #expect(try reader.check().isEmpty)
    let info = try reader.info()
    #expect(info.evidence == 1 && info.evidenceHosts == 1 && info.evidenceRows == 2)
    let mode = try FileManager.default.attributesOfItem(atPath: scratch.path)[.posixPermissions] as? Int
    #expect(mode == 0o640)
  }

  @Test func theSameAgainAddsNothing() throws {
    let scratch = try Scratch()
    let file = File(0, 1, [Self.sighting(1), Self.sighting(2)])
    try Self.put([file], in: scratch.path)
    let before = try Self.lives(scratch.path)
    #expect(try Self.put([file], in: scratch.path) == [.knownAlready(rows: 2)])
    #expect(try HistoryReader(path: scratch.path).info().evidence == 1)
    // Another file with the same sockets, in another order, and one more.
    let other = File(0, 2, [Self.sighting(2), Self.sighting(1)])
    #expect(try Self.put([other], in: scratch.path) == [.added(rows: 2, known: 2)])
    #expect(try Self.lives(scratch.path) == before)
    // Another host, and another moment, are others.
    #expect(try Self.put([file], host: "other", in: scratch.path) == [.added(rows: 2, known: 0)])
    #expect(try Self.put([File(5, 1, file.sightings)], in: scratch.path) == [.added(rows: 2, known: 0)])
    #expect(try Self.put([File(6, 9, [])], in: scratch.path) == [.empty])
    #expect(try HistoryReader(path: scratch.path).evidenceHosts().map(\.name) == ["mirage", "other"])
    #expect(try HistoryReader(path: scratch.path).check().isEmpty)
  }

  @Test func theOrderOfImportsMakesNoDifference() throws {
    let all: EvidenceCover = .whole(.tcp)
    let files = [
      File(0, 1, covers: all, [Self.sighting(1, .synSent), Self.sighting(2), Self.sighting(23, .listen)]),
      File(60, 2, [Self.sighting(1), Self.sighting(3)]),
      File(
        120, 3, covers: all,
        [Self.sighting(1, .timeWait), Self.sighting(23, .listen), Self.sighting(2, .synSent)]),
      File(120, 4, [Self.sighting(1, .timeWait, pid: 9)]),
      File(180, 5, covers: all, [Self.sighting(2, localName: "MIRAGE")]),
    ]
    let first = try Scratch()
    try Self.put(files, in: first.path)
    let expected = try Self.lives(first.path)
    #expect(expected.count == 5, "\(expected)")
    for order in [[4, 3, 2, 1, 0], [2, 0, 4, 1, 3], [3, 1, 0, 2, 4]] {
      let scratch = try Scratch()
      // One import for each.
      for place in order { try Self.put([files[place]], in: scratch.path) }
      #expect(try Self.lives(scratch.path).map { $0.lowercased() } == expected.map { $0.lowercased() })
    }
  }

  @Test func theyComeAmongOthersInTheOrderOfOpening() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(
      makeBatch(
        40, next: 4, current: [makeLife(3, opened: 30)],
        finished: [makeLife(1, opened: 10, closed: 11), makeLife(2, opened: 20, closed: 21)]))
    try Self.put(
      [
        File(5, 1, [Self.sighting(1)]), File(15, 2, [Self.sighting(2)]), File(35, 3, [Self.sighting(3)]),
      ], in: scratch.path)
    let reader = try HistoryReader(path: scratch.path)
    func seconds(_ change: (inout LifeQuery) -> Void) throws -> [Int64] {
      var query = Self.query()
      change(&query)
      return try reader.lives(query).map { ($0.firstSeen.microseconds - epoch) / 1_000_000 }
    }
    #expect(try seconds { _ in } == [35, 30, 20, 15, 10, 5])
    #expect(try seconds { $0.order = .oldestFirst } == [5, 10, 15, 20, 30, 35])
    #expect(try seconds { $0.limit = 3 } == [35, 30, 20])
    #expect(try seconds { $0.hosts = .own } == [30, 20, 10])
    #expect(try seconds { $0.hosts = .named("mirage") } == [35, 15, 5])
    #expect(try seconds { $0.until = moment(16) } == [15, 10, 5])
    // What is open goes on; of evidence only the last sighting is known.
    #expect(try seconds { $0.since = moment(32) } == [35, 30])
    let filter = try Filter(["sport", "<", "3"], services: .builtIn, userID: { _ in nil }).sql()
    #expect(try seconds { $0.condition = filter } == [15, 5])
    // What reads for the recorder and for live sockets knows nothing of them.
    #expect(try reader.openLives().map(\.id) == [3])
    #expect(try reader.endedLately(at: moment(22)).map(\.id) == [1, 2])
  }

  @Test func aMomentBetweenTwoTables() throws {
    let scratch = try Scratch()
    let all: EvidenceCover = .whole(.tcp)
    try Self.put(
      [
        File(0, 1, covers: all, [Self.sighting(1), Self.sighting(2), Self.sighting(3, .timeWait)]),
        File(60, 2, covers: all, [Self.sighting(1, .closeWait), Self.sighting(4)]),
      ], in: scratch.path)
    let reader = try HistoryReader(path: scratch.path)
    func ports(_ second: Int64) throws -> [UInt16] {
      try reader.evidence(of: "mirage", at: moment(second)).map(\.local.port).sorted()
    }
    #expect(try ports(0) == [1, 2, 3])
    #expect(try ports(30) == [1, 2])
    #expect(try ports(60) == [1, 4])
    #expect(try ports(-1) == [])
    #expect(try reader.evidenceHosts().first?.moments == moment(0)...moment(60))
  }

  @Test func aRecorderRunsBesideIt() throws {
    let scratch = try Scratch()
    let lock = try RecorderLock(database: scratch.path)
    #expect(throws: StoreError.self, "no tables yet, and no right to make them") {
      try Self.put([File(0, 1, [Self.sighting(1)])], in: scratch.path)
    }
    let writer = try scratch.writer()
    try writer.write(makeBatch(0, next: 2, current: [makeLife(1)]))
    try Self.put([File(0, 1, [Self.sighting(1, pid: 5)])], in: scratch.path)
    try writer.write(makeBatch(1, next: 3, current: [makeLife(2)], finished: [makeLife(1, closed: 1)]))
    try Self.put([File(0, 2, [Self.sighting(2)])], in: scratch.path)
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.lives(Self.query()).count == 4 && reader.check().isEmpty)
    // Taken out beside a recorder, it leaves the dictionaries alone: the recorder has their numbers in memory.
    let addresses = try reader.info().addresses
    let evidence = try EvidenceWriter(path: scratch.path, now: moment(2))
    #expect(try evidence.remove(host: "mirage")?.rows == 2)
    #expect(try reader.info().addresses == addresses && reader.info().evidence == 0)
    try writer.write(makeBatch(2, next: 4, finished: [makeLife(3, closed: 2)]))
    #expect(try reader.check().isEmpty)
    withExtendedLifetime(lock) {}
  }

  @Test func nothingOfAnImportThatIsGivenUpIsKept() throws {
    let scratch = try Scratch()
    try Self.put([File(0, 1, [Self.sighting(1)])], in: scratch.path)
    do {
      let writer = try EvidenceWriter(path: scratch.path, now: moment(1))
      try writer.begin(.init(host: "other", at: moment(0), name: "half"))
      try writer.add(Self.sighting(2, remote: "new.example"), line: 1)
    }
    do {
      let writer = try EvidenceWriter(path: scratch.path, now: moment(1))
      try writer.begin(.init(host: "other", at: moment(0), name: "bad"))
      try writer.add(Self.sighting(2, remote: "new.example"), line: 1)
      try writer.discard()
      try writer.begin(.init(host: "mirage", at: moment(9), name: "good"))
      try writer.add(Self.sighting(2, remote: "new.example"), line: 1)
      _ = try writer.end(digest: [9], format: "ss", covers: [], unreadable: 0)
      try writer.commit()
    }
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.evidenceHosts().map(\.name) == ["mirage"] && reader.check().isEmpty)
    #expect(try Self.lives(scratch.path).count == 2)
  }

  @Test func sweepsAndPruningLeaveIt() throws {
    let scratch = try Scratch()
    do {
      let writer = try scratch.writer()
      try writer.write(makeBatch(0, next: 3, finished: (1...2).map { makeLife($0, closed: 1) }))
      try writer.close(now: moment(1))
    }
    let sightings = (1...2000).map { Self.sighting(UInt16($0), remote: "host\($0).example", pid: Int32($0)) }
    try Self.put([File(0, 1, sightings)], in: scratch.path)
    let before = try Self.lives(scratch.path, .named("mirage"))
    // A limit is on what is recorded: evidence is larger, and neither goes nor pushes lives out.
    #expect(try Retention(maxSize: 200_000).run(database: scratch.path, now: moment(2)).lives == 0)
    #expect(try Retention(keep: 1).run(database: scratch.path, now: moment(1_000_000)).lives == 2)
    let reader = try HistoryReader(path: scratch.path)
    #expect(try reader.check().isEmpty && Self.lives(scratch.path, .named("mirage")) == before)
    #expect(try reader.info().addresses == 2001)
    let evidence = try EvidenceWriter(path: scratch.path, now: moment(2))
    let removed = try #require(try evidence.remove(host: "mirage"))
    #expect(removed.pieces == 1 && removed.rows == 2000)
    #expect(try reader.info().addresses == 0 && reader.info().programs == 0)
    #expect(try EvidenceWriter(path: scratch.path, now: moment(2)).remove(host: "mirage") == nil)
  }

  @Test func twoNamesWithTheSameAddressAreTwo() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    let name = "vnt4.webhosting.com"
    // Somebody has the place of that name: a real address of the discard prefix.
    let taken = try writer.dictionaries.id(of: IPAddress(standingFor: name))
    let id = try writer.dictionaries.id(ofHost: name)
    #expect(id != taken)
    #expect(try writer.dictionaries.id(ofHost: "VNT4.webhosting.com") == id)
    writer.dictionaries.forget()
    #expect(try writer.dictionaries.id(ofHost: name) == id)
  }

  @Test func viewsHaveThemWithTheirHost() throws {
    let scratch = try Scratch()
    let writer = try scratch.writer()
    try writer.write(makeBatch(0, next: 2, current: [makeLife(1)]))
    try Self.put(
      [File(0, 1, [Self.sighting(1372, uid: 1000), Self.sighting(23, .listen)])], in: scratch.path)
    let connection = try Connection(path: scratch.path, mode: .read)
    func text(_ sql: String) throws -> String? { try connection.text(sql) }
    #expect(
      try text(
        """
        SELECT local_addr || ' ' || remote_addr || ' ' || service || ' ' || source || ' ' || coalesce(user, '-')
        FROM connections WHERE host = 'mirage'
        """) == "mirage vnt4.webhosting.com http import -")
    #expect(try text("SELECT count(*) FROM connections WHERE host IS NULL") == "1")
    #expect(try text("SELECT local_port FROM listening WHERE host = 'mirage'") == "23")
    #expect(try text("SELECT count(*) FROM transitions WHERE host = 'mirage'") == "2")
    // Both are walked by id, whatever else is in them.
    for view in ["connections", "transitions"] {
      let plan = try connection.prepare("EXPLAIN QUERY PLAN SELECT id FROM \(view) ORDER BY id DESC LIMIT 10")
      var steps: [String] = []
      while try plan.step() { steps.append(plan.text(3)) }
      #expect(!steps.contains { $0.contains("TEMP B-TREE") || $0.contains("MATERIALIZE") }, "\(steps)")
    }
  }
}
