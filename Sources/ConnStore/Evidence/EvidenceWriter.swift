// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore
import Glibc

/// Puts evidence into a database, all of it in one transaction, or takes it out.
///
/// Also beside a recorder: it then waits for the recorder's turn with a lock and leaves the log to it. While there is no
/// recorder it has the recorder's lock itself, so that none begins. Not for use by several threads at once.
///
/// The order is ``begin(_:)``, ``add(_:line:)`` for each row, ``end(digest:format:covers:unreadable:)`` for each piece, and
/// ``commit()`` at the end; without that nothing is kept.
public final class EvidenceWriter {
  /// A file or stream of one host.
  public struct Piece: Sendable {
    /// The host.
    public var host: String
    /// The moment whose sockets it shows.
    public var at: Timestamp
    /// What it was called.
    public var name: String

    /// Makes a piece.
    public init(host: String, at: Timestamp, name: String) {
      self.host = host
      self.at = at
      self.name = name
    }
  }

  /// What came of a piece.
  public enum Outcome: Hashable, Sendable {
    /// It is in: so many rows, of which other pieces of the same moment had so many already.
    case added(rows: Int, known: Int)
    /// The same bytes were imported for this host and moment before: nothing was added.
    case knownAlready(rows: Int)
    /// Nothing of it could be read, so it is not in.
    case empty
  }

  /// The database.
  public let path: String
  let connection: Connection
  /// nil beside a recorder.
  private let lock: RecorderLock?
  private let dictionaries: Dictionaries
  private let addRow: Statement
  private var piece: (id: Int64, host: Int64, piece: Piece, rows: Int)?
  private var touched: Set<Int64> = []
  private let usedBefore: Int64
  private var firstPiece: Int64?
  private let now: Timestamp
  private var isFinished = false

  /// Opens or makes the database and begins.
  ///
  /// - Throws: ``StoreError``; of kind `other` where a recorder that is older than this connwatch writes to it.
  public init(path: String, now: Timestamp) throws(StoreError) {
    self.path = path
    self.now = now
    let version: Int64
    (lock, connection, version) = try Self.open(path)
    if lock != nil {
      if version == 0 { try connection.run("PRAGMA auto_vacuum = INCREMENTAL") }
      try connection.run("PRAGMA journal_mode = WAL")
      try Migration.bringUpToDate(connection, now: now)
    } else {
      try connection.run("PRAGMA wal_autocheckpoint = 0")
    }
    // Names of users are those of another machine.
    dictionaries = try Dictionaries(connection, accountName: { _ in nil })
    addRow = try connection.prepare("INSERT INTO evidence_row VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    try connection.run("BEGIN IMMEDIATE")
    usedBefore = try connection.usedBytes()
  }

  deinit {
    if !isFinished { try? connection.run("ROLLBACK") }
  }

  // MARK: - Pieces

  /// Begins a piece.
  public func begin(_ piece: Piece) throws(StoreError) {
    try connection.run("SAVEPOINT piece")
    let host = try hostID(piece.host, adding: true) ?? 0
    let add = try connection.prepare("INSERT INTO evidence VALUES(NULL, ?, ?, ?, ?, '', x'', 0, 0, 0, 0)")
    add.bind(1, host)
    add.bind(2, piece.at.microseconds)
    add.bind(3, now.microseconds)
    add.bind(4, piece.name)
    try add.run()
    self.piece = (connection.lastInsertID, host, piece, 0)
  }

  /// Adds a row of the piece that was begun.
  ///
  /// - Parameter line: the number of its line, each only once.
  public func add(_ sighting: Sighting, line: Int) throws(StoreError) {
    guard let piece else { return }
    let row = sighting.row
    let process = sighting.owner.process
    addRow.bind(1, piece.id)
    addRow.bind(2, Int64(line))
    addRow.bind(3, Int64(row.proto.rawValue))
    addRow.bind(4, row.state.stored)
    addRow.bind(5, try id(of: row.local.address, sighting.localName))
    addRow.bind(6, Int64(row.local.port))
    addRow.bind(7, try id(of: row.remote.address, sighting.remoteName))
    addRow.bind(8, Int64(row.remote.port))
    addRow.bind(9, try dictionaries.program(process, uid: row.uid))
    addRow.bind(10, process.map { Int64($0.pid) })
    addRow.bind(11, Int64(sighting.owner.others))
    addRow.bind(12, Int64(bitPattern: row.inode))
    try addRow.run()
    self.piece?.rows += 1
  }

  /// Ends the piece that was begun.
  ///
  /// - Parameters:
  ///   - digest: of its bytes, 16 of them.
  ///   - format: the name of its format, nil where nothing in it could be read.
  ///   - covers: what it has all of.
  ///   - unreadable: how many lines could not be read.
  public func end(
    digest: [UInt8], format: String?, covers: EvidenceCover, unreadable: Int
  ) throws(StoreError) -> Outcome {
    guard let (id, host, piece, rows) = piece else { return .empty }
    self.piece = nil
    let same = try connection.prepare("SELECT 1 FROM evidence WHERE host = ? AND at = ? AND digest = ?")
    same.bind(1, host)
    same.bind(2, piece.at.microseconds)
    same.bind(3, blob: digest)
    let isKnown = try same.step()
    same.reset()
    guard let format, !isKnown else {
      try undo()
      return isKnown ? .knownAlready(rows: rows) : .empty
    }
    let update = try connection.prepare(
      "UPDATE evidence SET digest = ?, covers = ?, rows = ?, unreadable = ?, format = ? WHERE id = ?")
    update.bind(1, blob: digest)
    update.bind(2, Int64(covers.rawValue))
    update.bind(3, Int64(rows))
    update.bind(4, Int64(unreadable))
    update.bind(5, format)
    update.bind(6, id)
    try update.run()
    try connection.run("RELEASE piece")
    touched.insert(host)
    firstPiece = firstPiece ?? id
    return .added(rows: rows, known: try knownRows(of: id, host, at: piece.at))
  }

  /// Leaves the piece that was begun out.
  public func discard() throws(StoreError) {
    if piece != nil { try undo() }
    piece = nil
  }

  private func undo() throws(StoreError) {
    try connection.run("ROLLBACK TO piece; RELEASE piece")
    // Numbers that were given out in what is undone must not be used again.
    dictionaries.forget()
  }

  /// How many rows of a piece other pieces of the same moment have too.
  private func knownRows(of id: Int64, _ host: Int64, at: Timestamp) throws(StoreError) -> Int {
    let ends = "proto, laddr, lport, raddr, rport, state"
    let others =
      "SELECT \(ends) FROM evidence_row WHERE evidence IN "
      + "(SELECT id FROM evidence WHERE host = \(host) AND at = \(at.microseconds) AND id <> \(id))"
    return Int(
      try connection.integer(
        "SELECT count(*) FROM evidence_row WHERE evidence = \(id) AND (\(ends)) IN (\(others))") ?? 0)
  }

  private func id(of address: IPAddress, _ name: String?) throws(StoreError) -> Int64 {
    if let name { return try dictionaries.id(ofHost: name) }
    return try dictionaries.id(of: address)
  }

  func hostID(_ name: String, adding adds: Bool) throws(StoreError) -> Int64? {
    let find = try connection.prepare("SELECT id FROM host WHERE name = ?")
    find.bind(1, name)
    if try find.step() { return find.integer(0) }
    guard adds else { return nil }
    let add = try connection.prepare("INSERT INTO host VALUES(NULL, ?)")
    add.bind(1, name)
    try add.run()
    return connection.lastInsertID
  }

  // MARK: - End

  /// Makes the lives of the hosts that something was added for, and keeps it all.
  ///
  /// - Returns: how many lives those hosts have now.
  @discardableResult
  public func commit() throws(StoreError) -> Int {
    var count = 0
    for host in touched.sorted() {
      count += try EvidenceLives(connection, dictionaries, host: host).write()
    }
    if let firstPiece {
      let grown = max(0, try connection.usedBytes() - usedBefore)
      try connection.run("UPDATE evidence SET bytes = \(grown) WHERE id = \(firstPiece)")
    }
    try finish()
    return count
  }

  /// Takes a host's evidence out, all of it.
  ///
  /// What it had in the dictionaries goes when these are swept: a recorder that runs has the numbers in memory.
  ///
  /// - Returns: how many pieces and rows that were; nil where there is no such host.
  public func remove(host name: String) throws(StoreError) -> (pieces: Int, rows: Int)? {
    guard let host = try hostID(name, adding: false) else { return nil }
    try connection.run(
      "DELETE FROM evidence_row WHERE evidence IN (SELECT id FROM evidence WHERE host = \(host))")
    let rows = connection.changes
    try connection.run("DELETE FROM evidence_life WHERE host = \(host)")
    try connection.run("DELETE FROM evidence WHERE host = \(host)")
    let pieces = connection.changes
    try connection.run("DELETE FROM host WHERE id = \(host)")
    try finish()
    if lock != nil {
      try connection.sweepDictionaries()
      try connection.giveBack(pages: .max)
      try connection.run("PRAGMA wal_checkpoint(TRUNCATE)")
    }
    return (pieces, rows)
  }

  private func finish() throws(StoreError) {
    try connection.run("COMMIT")
    isFinished = true
    if lock != nil { try connection.run("PRAGMA wal_checkpoint(TRUNCATE)") }
  }
}

extension SocketState {
  /// As in `evidence_row`.
  var stored: Int64 {
    if case .unknown(let number) = self { return 256 + Int64(number) }
    return Int64(place)
  }

  /// Reads back ``stored``; of what a damaged file may have, a state without a name.
  init(stored: Int64) {
    if Self.named.indices.contains(Int(truncatingIfNeeded: stored)) {
      self = Self.named[Int(stored)]
    } else {
      self = .unknown(UInt8(truncatingIfNeeded: stored))
    }
  }
}
