// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore
import Glibc

/// Writes the history: the only writer of its database while it lives, and the only one that checkpoints.
///
/// Not for use by several threads at once; ``BackgroundWriter`` gives it a thread of its own.
public final class HistoryWriter {
  /// What the recorder says of itself.
  public struct Run: Sendable {
    /// /proc/sys/kernel/random/boot_id.
    public var bootID: String
    /// The recorder's process.
    public var pid: Int32
    /// The version of connwatch.
    public var version: String
    /// Where the sockets are read from.
    public var source: String
    /// Microseconds between samples.
    public var interval: Int64
    /// The filter of what is not recorded, as typed.
    public var ignored: String?
    /// Names of services, for people who read the database with other programs.
    public var services: [(port: UInt16, transport: Transport, name: String)]
    /// Finds the name of a user.
    public var accountName: @Sendable (UInt32) -> String?

    /// Makes a description of a run.
    public init(
      bootID: String, pid: Int32, version: String, source: String, interval: Int64, ignored: String? = nil,
      services: [(port: UInt16, transport: Transport, name: String)] = [],
      accountName: @escaping @Sendable (UInt32) -> String? = { _ in nil }
    ) {
      self.bootID = bootID
      self.pid = pid
      self.version = version
      self.source = source
      self.interval = interval
      self.ignored = ignored
      self.services = services
      self.accountName = accountName
    }
  }

  /// What an earlier recorder left open, to be gone on with.
  public struct Resumption: Sendable {
    /// Lives that had not ended; empty where the machine was restarted since.
    public var open: [Life] = []
    /// Connections that ended so lately that they may still be in TIME_WAIT.
    public var endedLately: [Life] = []
    /// The number the next new life gets.
    public var nextLife: Int64 = 1
    /// The last sample that was stored, nil in a new database.
    public var lastSample: Timestamp?
    /// CLOCK_BOOTTIME of it, nil where the machine was restarted since.
    public var lastSampleBoot: Int64?
    /// Why nothing was seen since then; nil in a new database.
    public var cause: GapCause?

    /// Makes that of a new database: nothing.
    public init() {}
  }

  /// Milliseconds that a lock of another process is waited for.
  static let patience = 2000

  /// The database.
  public let path: String
  let connection: Connection
  let run: Run
  let dictionaries: Dictionaries
  let runID: Int64
  /// The runs that were in the file before, oldest first, and this one: by them a copy is known again.
  let earlierRuns: [RunKey]
  let runKey: RunKey
  private let upsert: Statement
  private let finish: Statement
  private let takeOut: Statement
  private let addGap: Statement
  private let samples: SampleWriter
  let digests: DigestWriter
  private let verdicts: VerdictWriter
  /// Lives taken out since the dictionaries were last swept.
  var removedSinceSweep = 0
  /// The time by which it is taken out.
  var pruningClock: PruningClock
  /// When nothing was found to be too old, in ``Retention/pace``s.
  var prunedAt: Int64?
  /// The size that it is held at while the disk has too little free; nil where it may grow.
  var held: HeldSize?
  /// True once room for the log has been taken.
  var hasLogRoom = false

  /// Opens or makes the database and begins a run.
  ///
  /// A new file is made readable by its owner and group alone (0640).
  ///
  /// - Throws: ``StoreError``; nothing in the file is changed then.
  public init(path: String, run: Run, now: Timestamp) throws(StoreError) {
    self.path = path
    self.run = run
    connection = try Connection(path: path, mode: .write)
    try connection.run("PRAGMA busy_timeout = \(Self.patience); PRAGMA temp_store = MEMORY")
    // Setting it writes to the file even where it is set: in a new one only, and in nobody else's.
    if try Migration.check(connection) == 0 { try connection.run("PRAGMA auto_vacuum = INCREMENTAL") }
    try connection.run("PRAGMA journal_mode = WAL")
    try connection.run(
      "PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = \(LogWatch.usual); PRAGMA cache_size = -8192")
    try Migration.bringUpToDate(connection, now: now)
    dictionaries = try Dictionaries(connection, accountName: run.accountName)
    upsert = try connection.prepare(
      """
      INSERT OR REPLACE INTO open_life(\(LifeReferences.columns), opened_boot, inode, process_start, cookie)
      VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """)
    finish = try connection.prepare(
      """
      INSERT OR REPLACE INTO life(\(LifeReferences.columns))
      VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """)
    takeOut = try connection.prepare("DELETE FROM open_life WHERE id = ?")
    addGap = try connection.prepare("INSERT INTO gap VALUES(NULL, ?, ?, ?, ?, ?)")
    resumption = try Self.readResumption(connection, run: run, now: now)
    var offset: Int64?
    if let boot = resumption.lastSampleBoot {
      offset = try connection.leastOffset(bootID: run.bootID, boot: boot)
    }
    pruningClock = PruningClock(offset: offset, earlier: resumption.lastSample)
    samples = try SampleWriter(connection, dictionaries, lastSample: resumption.lastSample)
    digests = try DigestWriter(connection)
    verdicts = try VerdictWriter(connection)
    earlierRuns = try RunKey.all(connection)
    runID = try Self.begin(run, connection, now: now)
    runKey = RunKey(id: runID, started: now.microseconds, pid: Int64(run.pid))
  }

  /// What an earlier recorder left open.
  public private(set) var resumption: Resumption

  /// Lets go of ``resumption``, which can be large, once it has been taken up.
  public func forgetResumption() { resumption = Resumption() }

  private static func begin(
    _ run: Run, _ connection: Connection, now: Timestamp
  ) throws(StoreError) -> Int64 {
    var id: Int64 = 0
    try connection.transaction { () throws(StoreError) in
      let add = try connection.prepare("INSERT INTO run VALUES(NULL, ?, NULL, ?, ?, ?, ?, ?, ?)")
      add.bind(1, now.microseconds)
      add.bind(2, run.bootID)
      add.bind(3, Int64(run.pid))
      add.bind(4, run.version)
      add.bind(5, run.source)
      add.bind(6, run.interval)
      add.bind(7, run.ignored)
      try add.run()
      id = connection.lastInsertID
      let name = try connection.prepare("INSERT OR REPLACE INTO service VALUES(?, ?, ?)")
      for service in run.services {
        name.bind(1, Int64(service.port))
        name.bind(2, service.transport.name)
        name.bind(3, service.name)
        try name.run()
      }
    }
    return id
  }

  /// The number of the next new life.
  static let nextLifeSQL = """
    SELECT 1 + max((SELECT coalesce(max(id), 0) FROM life), (SELECT coalesce(max(id), 0) FROM open_life),
      (SELECT coalesce(max(next_life), 1) - 1 FROM sample))
    """

  private static func readResumption(
    _ connection: Connection, run: Run, now: Timestamp
  ) throws(StoreError) -> Resumption {
    var resumption = Resumption()
    // Numbers never run out in a sound file; in another they must not run over.
    resumption.nextLife = min(max(1, try connection.integer(nextLifeSQL) ?? 1), .max / 2)
    // The run that took the last sample, which need not be the last run: that one may not have got to sample.
    let last = try connection.prepare(
      """
      SELECT s.last, s.boot, r.boot_id, (SELECT stopped FROM run ORDER BY id DESC LIMIT 1)
      FROM sample s LEFT JOIN run r ON r.id = s.run ORDER BY s.id DESC LIMIT 1
      """)
    guard try last.step() else { return resumption }
    let lastSample = Timestamp(microseconds: last.microseconds(0))
    let boot = last.microseconds(1)
    resumption.lastSample = lastSample
    if last.text(2) == run.bootID {
      resumption.lastSampleBoot = boot
      resumption.cause = last.isNull(3) ? .recorderKilled : .recorderStopped
      let rows = try connection.prepare(
        LifeColumns.select(from: "open_life l", extra: true) + " ORDER BY l.id")
      let columns = LifeColumns(hasExtra: true)
      while try rows.step() {
        if let life = columns.life(rows, lastSampleBoot: boot) { resumption.open.append(life) }
      }
    } else {
      // Nothing survives a restart of the machine: what was open ended at the last sample or some time after.
      resumption.cause = .machineRestarted
      try connection.transaction { () throws(StoreError) in
        try connection.run(
          """
          INSERT OR REPLACE INTO life(\(LifeReferences.columns)) SELECT id, opened,
            coalesce(duration, max(0, \(boot) - opened_boot)), max(seen, \(boot) - opened_boot),
            laddr, lport, raddr, rport, flags, path, offsets, program, pid,
            iif(duration IS NULL, max(uncertainty, \(now - lastSample)), uncertainty),
            bytes_in, bytes_out, rtt, retransmits, netns FROM open_life;
          \(DigestWriter.noteEnds) WHERE l.id IN (
            SELECT id FROM open_life WHERE id / \(Digest.span) <= (SELECT max(block) FROM digest)
              OR id / \(Rollup.span) <= (SELECT max(id) FROM rollup WHERE id < \(Rollup.id(level: 1, block: 0))));
          DELETE FROM open_life;
          """)
      }
    }
    return resumption
  }

  /// Writes a batch in one transaction. After an error nothing of it is in the file, and it may be tried again.
  public func write(_ batch: Batch) throws(StoreError) {
    do {
      try connection.transaction { () throws(StoreError) in
        for gap in batch.gaps { try write(gap) }
        for life in batch.current {
          try bind(life, to: upsert)
          upsert.bind(20, life.firstSeenBoot)
          upsert.bind(21, Int64(bitPattern: life.inode))
          upsert.bind(22, life.owner.process.map { Int64(bitPattern: $0.startTime) })
          upsert.bind(23, life.cookie == 0 ? nil : Int64(bitPattern: life.cookie))
          try upsert.run()
          try verdicts.write(life)
        }
        for life in batch.finished {
          try bind(life, to: finish)
          try takeOut(life.id)
          try finish.run()
          try verdicts.write(life)
          try digests.noteEnd(of: life.id)
        }
        for id in batch.dropped {
          try digests.noteRemoval(of: id)
          try verdicts.drop(id)
          try takeOut(id)
        }
        try samples.count(batch, run: runID)
      }
    } catch {
      // Ids that were given out in the transaction that is undone must not be used again.
      dictionaries.forget()
      samples.forget()
      digests.forget()
      throw error
    }
  }

  /// Digests what is due after a batch, in a transaction of its own: it can as well be done later.
  public func digest(after batch: Batch) throws(StoreError) {
    do {
      try digests.run(nextLife: batch.nextLife, now: batch.last.microseconds)
    } catch {
      digests.forget()
      throw error
    }
  }

  private func takeOut(_ id: Int64) throws(StoreError) {
    takeOut.bind(1, id)
    try takeOut.run()
  }

  private func bind(_ life: Life, to statement: Statement) throws(StoreError) {
    let flags = LifeFlags(life).rawValue
    let (local, remote) = (
      try dictionaries.id(of: life.local.address), try dictionaries.id(of: life.remote.address)
    )
    let program = try dictionaries.program(of: life)
    let netns = try life.netns.map { label throws(StoreError) in try dictionaries.netns(label) }
    let profile = Profile.of(
      flags: flags, addresses: (local, remote), ports: (life.local.port, life.remote.port), program: program,
      netns: netns)
    let path = try dictionaries.path(of: life)
    try digests.noteWriting(
      of: life.id, as: profile, opened: life.firstSeen.microseconds, last: life.lastSeen.microseconds)
    statement.bind(
      life, LifeReferences(local: local, remote: remote, path: path, program: program, netns: netns),
      flags: flags)
  }

  private func write(_ gap: Gap) throws(StoreError) {
    addGap.bind(1, gap.since.microseconds)
    addGap.bind(2, gap.until.microseconds)
    addGap.bind(3, gap.cause)
    addGap.bind(4, Int64(gap.samples))
    addGap.bind(5, gap.detail)
    try addGap.run()
  }
}
