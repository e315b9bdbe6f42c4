// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnStore
@preconcurrency import Glibc

/// Which file is the history, for those who read it and for the one who writes it.
enum DatabasePath {
  /// The machine's own history.
  static let system = "/var/lib/connwatch/connwatch.db"

  /// What the decision rests on; stated by tests, looked up otherwise.
  struct Facts {
    var option: String?
    var variable: String?
    var stateHome: String?
    var home: String?
    var exists: (String) -> Bool
    /// Its directory may not be looked into, so it may be there or not.
    var isHidden: (String) -> Bool
    var isWritableDirectory: (String) -> Bool

    /// Looks at the environment and the disk.
    static func look(option: String?) -> Facts {
      func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
      }
      return Facts(
        option: option, variable: variable("CONNWATCH_DB"), stateHome: variable("XDG_STATE_HOME"),
        home: variable("HOME"), exists: { access($0, F_OK) == 0 },
        isHidden: { access($0, F_OK) != 0 && errno == EACCES },
        isWritableDirectory: { access($0, W_OK | X_OK) == 0 })
    }

    /// The user's own history.
    var user: String? {
      (stateHome ?? home.map { $0 + "/.local/state" }).map { $0 + "/connwatch/connwatch.db" }
    }
  }

  /// Where a reader looks: what is named, else the first that exists, else nil. One that may be there and may not
  /// be looked at counts as there where no other is: the reader then says that it may not be read.
  static func toRead(_ facts: Facts) -> String? {
    if let named = facts.option ?? facts.variable { return named }
    let places = [system, facts.user].compactMap { $0 }
    return places.first(where: facts.exists) ?? places.first(where: facts.isHidden)
  }

  /// Where the recorder writes: what is named, else the machine's where it or its directory is there and may be
  /// written, else the user's.
  static func toWrite(_ facts: Facts) throws(Failure) -> String {
    if let named = facts.option ?? facts.variable { return named }
    if facts.isWritableDirectory(parent(of: system)) { return system }
    guard let user = facts.user else {
      throw Failure(
        "record: no place for the database: neither HOME nor XDG_STATE_HOME is set (--db names one)")
    }
    return user
  }

  /// The directory a file is in.
  static func parent(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Makes the directory of a file and those above it, closed to others (0750).
  ///
  /// - Parameter hint: what to do where that is not allowed.
  static func makeDirectory(
    for path: String, hint: String? = "--db names a file elsewhere"
  ) throws(Failure) {
    let directory = parent(of: path)
    if access(directory, F_OK) == 0 { return }
    try makeDirectory(for: directory, hint: hint)
    guard mkdir(directory, 0o750) == 0 || errno == EEXIST else {
      throw Failure("\(directory): \(String(cString: strerror(errno)))\(hint.map { " (\($0))" } ?? "")")
    }
  }
}

extension GlobalOptions {
  /// Makes sure that a database can be written where it is to be; says so where that is not certain.
  func checkPlace(of database: String) throws(StoreError) {
    if let doubt = try FileSystem.check(database: database) { remark(doubt) }
  }

  /// Opens the history to be read.
  func openHistory() throws -> HistoryReader {
    guard let path = DatabasePath.toRead(.look(option: db)) else {
      throw Failure("no history yet (connwatch record begins one; --db names a database elsewhere)")
    }
    return try HistoryReader(path: path)
  }

  /// Opens the history where there is one; a history that nobody named and that cannot be read is left aside.
  func openHistoryIfAny() throws -> HistoryReader? {
    let facts = DatabasePath.Facts.look(option: db)
    guard let path = DatabasePath.toRead(facts) else { return nil }
    do {
      return try HistoryReader(path: path)
    } catch {
      // One that the environment names may not have been begun yet; what is there and cannot be read is told.
      let isNamed = facts.option != nil || (facts.variable != nil && error.kind != .missing)
      if isNamed { throw error }
      return nil
    }
  }
}
