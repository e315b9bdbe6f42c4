// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// The dictionaries of the database, with what was looked up lately kept in memory.
///
/// The memory is bounded: it is emptied when it grows past ``limit``, and filled again from the tables.
final class Dictionaries {
  private struct Program: Hashable {
    var name: String?
    var exe: String?
    var unit: String?
    var container: String?
    var uid: UInt32?
  }

  private static let limit = 50_000

  private var addresses: [IPAddress: Int64] = [:]
  private var hosts: [String: Int64] = [:]
  private var programs: [Program: Int64] = [:]
  private var paths: [[SocketState]: Int64] = [:]
  private var namespaces: [String: Int64] = [:]
  private var accounts: Set<UInt32> = []
  private let accountName: (UInt32) -> String?

  private let findAddress: Statement
  private let addAddress: Statement
  private let textOfAddress: Statement
  private let findProgram: Statement
  private let addProgram: Statement
  private let findPath: Statement
  private let addPath: Statement
  private let findNamespace: Statement
  private let addNamespace: Statement
  private let addAccount: Statement
  private let connection: Connection

  init(_ connection: Connection, accountName: @escaping (UInt32) -> String?) throws(StoreError) {
    self.connection = connection
    self.accountName = accountName
    findAddress = try connection.prepare("SELECT id FROM address WHERE bytes = ?")
    addAddress = try connection.prepare("INSERT INTO address(bytes, text) VALUES(?, ?)")
    textOfAddress = try connection.prepare("SELECT text FROM address WHERE id = ?")
    findProgram = try connection.prepare(
      """
      SELECT id FROM program
      WHERE name IS ? AND exe IS ? AND unit IS ? AND container IS ? AND uid IS ?
      """)
    addProgram = try connection.prepare(
      "INSERT INTO program(name, exe, unit, container, uid) VALUES(?, ?, ?, ?, ?)")
    findPath = try connection.prepare("SELECT id FROM path WHERE states = ?")
    addPath = try connection.prepare("INSERT INTO path(states, last) VALUES(?, ?)")
    findNamespace = try connection.prepare("SELECT id FROM netns WHERE label = ?")
    addNamespace = try connection.prepare("INSERT INTO netns(label) VALUES(?)")
    addAccount = try connection.prepare("INSERT OR REPLACE INTO account VALUES(?, ?)")
  }

  /// Forgets what is in memory: after a rollback, or when rows were taken out of the tables.
  func forget() {
    addresses.removeAll()
    hosts.removeAll()
    programs.removeAll()
    paths.removeAll()
    namespaces.removeAll()
    accounts.removeAll()
  }

  func id(of address: IPAddress) throws(StoreError) -> Int64 {
    if let known = addresses[address] { return known }
    let id = try look(address, text: address.description)
    if addresses.count >= Self.limit { addresses.removeAll(keepingCapacity: true) }
    addresses[address] = id
    return id
  }

  private func look(_ address: IPAddress, text: String) throws(StoreError) -> Int64 {
    let bytes = address.bytes
    findAddress.bind(1, blob: bytes)
    return try look(findAddress) { () throws(StoreError) in
      addAddress.bind(1, blob: bytes)
      addAddress.bind(2, text)
      try addAddress.run()
    }
  }

  /// The number of a host of which the name is known and not the address: that of the address that stands for it, or
  /// of the next one that is free, should another name have the same.
  func id(ofHost name: String) throws(StoreError) -> Int64 {
    if let known = hosts[name] { return known }
    var address = IPAddress(standingFor: name)
    var id: Int64?
    for _ in 0..<1000 {
      let found = try look(address, text: name)
      textOfAddress.bind(1, found)
      defer { textOfAddress.reset() }
      if try textOfAddress.step(), textOfAddress.text(0).lowercased() == name.lowercased() { id = found }
      if id != nil { break }
      address.low &+= 1
    }
    guard let id else {
      throw StoreError(.other, path: connection.path, why: "too many names of hosts that look the same")
    }
    if hosts.count >= Self.limit { hosts.removeAll(keepingCapacity: true) }
    hosts[name] = id
    return id
  }

  /// The program of a life, nil where neither a process nor a user is known.
  func program(of life: Life) throws(StoreError) -> Int64? {
    try program(life.owner.process, uid: life.uid)
  }

  /// The number of a program, nil where neither a process nor a user is known.
  func program(_ process: OwningProcess?, uid: UInt32?) throws(StoreError) -> Int64? {
    guard process != nil || uid != nil else { return nil }
    let program = Program(
      name: process?.name, exe: process?.exe, unit: process?.unit, container: process?.container, uid: uid)
    if let known = programs[program] { return known }
    for statement in [findProgram, addProgram] {
      statement.bind(1, program.name)
      statement.bind(2, program.exe)
      statement.bind(3, program.unit)
      statement.bind(4, program.container)
      statement.bind(5, program.uid.map(Int64.init))
    }
    let id = try look(findProgram) { () throws(StoreError) in try addProgram.run() }
    if programs.count >= Self.limit { programs.removeAll(keepingCapacity: true) }
    programs[program] = id
    if let uid = program.uid { try remember(account: uid) }
    return id
  }

  func path(of life: Life) throws(StoreError) -> Int64 {
    let states = life.steps.map(\.state)
    if let known = paths[states] { return known }
    let text = "[" + states.map { "\"\($0.name)\"" }.joined(separator: ",") + "]"
    findPath.bind(1, text)
    let id = try look(findPath) { () throws(StoreError) in
      addPath.bind(1, text)
      addPath.bind(2, life.state.name)
      try addPath.run()
    }
    if paths.count >= Self.limit { paths.removeAll(keepingCapacity: true) }
    paths[states] = id
    return id
  }

  /// The number of a network namespace other than the recorder's.
  func netns(_ label: String) throws(StoreError) -> Int64 {
    if let known = namespaces[label] { return known }
    findNamespace.bind(1, label)
    let id = try look(findNamespace) { () throws(StoreError) in
      addNamespace.bind(1, label)
      try addNamespace.run()
    }
    if namespaces.count >= Self.limit { namespaces.removeAll(keepingCapacity: true) }
    namespaces[label] = id
    return id
  }

  private func remember(account uid: UInt32) throws(StoreError) {
    guard accounts.insert(uid).inserted, let name = accountName(uid) else { return }
    addAccount.bind(1, Int64(uid))
    addAccount.bind(2, name)
    try addAccount.run()
  }

  private func look(
    _ find: Statement, orAdd add: () throws(StoreError) -> Void
  ) throws(StoreError) -> Int64 {
    defer { find.reset() }
    if try find.step() { return find.integer(0) }
    try add()
    return connection.lastInsertID
  }
}

extension IPAddress {
  /// The 16 bytes in network order: `address.bytes`, which SQLite compares as memcmp does.
  var bytes: [UInt8] {
    withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
  }

  /// Reads back ``bytes``.
  init?(bytes: UnsafeRawBufferPointer) {
    guard bytes.count == 16 else { return nil }
    self.init(
      high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
      low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
  }
}
