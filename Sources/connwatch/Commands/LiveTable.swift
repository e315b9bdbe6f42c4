// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
@preconcurrency import Glibc
import ProcNet

/// The sockets of this moment, with owners, and with what the history remembers of them.
struct LiveTable {
  let global: GlobalOptions
  let names: Names
  var looksUpOwners = true
  var looksUpHistory = true

  init(global: GlobalOptions, names: Names) {
    self.global = global
    self.names = names
  }

  /// Reads the tables and picks rows.
  ///
  /// - Throws: ``Failure`` where a table cannot be read.
  func rows(_ protos: ProtoSet, filter: Filter, isAsked: (ListRow) -> Bool) throws -> [ListRow] {
    let history = looksUpHistory ? try global.openHistoryIfAny() : nil
    let reader = SocketTableReader(root: global.root)
    let asked = protos.intersection(filter.protos)
    let snapshot = reader.read(asked)
    try tell(snapshot.tables)
    let ephemeral = EphemeralRange(reading: global.root)
    var listeners = ListenerSet()
    listeners.insert(listenersOf: snapshot.rows, ephemeral: ephemeral)
    let context = ListRow.Context(
      names: names, time: snapshot.time, netns: NetNamespace(reading: global.root)?.label)
    var table: [ListRow] = []
    table.reserveCapacity(snapshot.rows.count)
    for socket in snapshot.rows {
      let row = ListRow(
        context: context, socket: socket, role: Life.Role(socket, ephemeral: ephemeral),
        direction: Direction.infer(socket, listeners: listeners, ephemeral: ephemeral, sawOpening: false),
        owner: .notLookedUp)
      guard isAsked(row) else { continue }
      // What can be left out before owners are looked up need not be looked up.
      if !filter.usesOwners, !filter.matchesEverything,
        !filter.matches(FilterSubject(socket, role: row.role, direction: row.direction))
      {
        continue
      }
      table.append(row)
    }
    if looksUpOwners { lookUpOwners(&table, snapshot) { reader.read(asked) } }
    if let history { try remember(&table, history) }
    if filter.usesOwners {
      table.removeAll {
        !filter.matches(FilterSubject($0.socket, role: $0.role, direction: $0.direction, owner: $0.owner))
      }
    }
    return table
  }

  private func tell(_ tables: [TableReport]) throws {
    for table in tables {
      switch table.outcome {
      case .failed(let why): throw Failure(why)
      case .torn: global.remark("\(table.proto.name): the table was cut short; its last row is missing")
      case .interrupted:
        global.remark("\(table.proto.name): the table kept changing; some rows may be missing")
      case .read, .absent: break
      }
      if table.skippedTotal > 0, table.outcome != .torn {
        let reasons = table.skipped.sorted { $0.key.rawValue < $1.key.rawValue }
        let words = reasons.map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", ")
        global.remark("\(table.proto.name): \(table.skippedTotal) rows could not be read: \(words)")
      }
      if table.foreign > 0 {
        global.remark("\(table.proto.name): \(table.foreign) rows look like those of the other transport")
      }
    }
  }

  private func lookUpOwners(
    _ table: inout [ListRow], _ snapshot: Snapshot, lookAgain: () -> Snapshot
  ) {
    let owners = SocketOwners(root: global.root)
    owners.lookUp(table.lazy.filter { $0.socket.inode != 0 }.map { WantedSocket($0.socket) })
    let queues = AcceptQueues(snapshot.rows)
    var unclear: Set<UInt64> = []
    for index in table.indices {
      table[index].owner = owners.owner(of: table[index].socket, queues: queues)
      if owners.needsSecondLook(table[index].socket) { unclear.insert(table[index].socket.inode) }
    }
    if !unclear.isEmpty {
      // Nobody holds these: either they have closed since, or the kernel itself has them.
      let again = lookAgain()
      let there = Set(again.rows.lazy.map(\.inode).filter { unclear.contains($0) })
      for index in table.indices where unclear.contains(table[index].socket.inode) {
        table[index].owner = owners.owner(
          of: table[index].socket, queues: queues, stillThere: there.contains(table[index].socket.inode))
      }
    }
    let hidden = table.count { $0.owner.whyUnknown == .noPermission }
    if hidden > 0 {
      let sockets = hidden == 1 ? "the owner of 1 socket" : "the owners of \(hidden) sockets"
      let hint = geteuid() == 0 ? "" : " (sudo connwatch shows more)"
      global.remark("\(sockets) may not be seen: no permission\(hint)")
    }
  }

  /// Takes from the history what the kernel no longer tells: since when, and whose a socket in TIME_WAIT was.
  private func remember(_ table: inout [ListRow], _ history: HistoryReader) throws {
    guard !table.isEmpty,
      let memory = try Memory(history, global.root)
    else { return }
    for index in table.indices {
      guard let life = memory.life(of: table[index].socket) else { continue }
      table[index].firstSeen = life.firstSeen
      if table[index].direction == nil { table[index].direction = life.direction }
      if table[index].owner.process == nil, life.owner.process != nil { table[index].owner = life.owner }
      if table[index].socket.uid == nil { table[index].socket.rawUID = life.rawUID }
    }
  }
}

/// The lives that are open in the history, by their sockets.
private struct Memory {
  private struct Key: Hashable {
    var proto: Proto
    var local: Endpoint
    var remote: Endpoint
  }

  private var lives: [Key: [Life]] = [:]

  /// Reads them; nil where the history is of another boot, so that its open lives are not of these sockets.
  init?(_ history: HistoryReader, _ root: ProcRoot) throws {
    guard try history.lastBootID() == BootID(reading: root)?.description else { return nil }
    for life in try history.openLives() {
      lives[Key(proto: life.proto, local: life.local, remote: life.remote), default: []].append(life)
    }
  }

  func life(of socket: SocketRow) -> Life? {
    guard let candidates = lives[Key(proto: socket.proto, local: socket.local, remote: socket.remote)] else {
      return nil
    }
    if socket.inode == 0 { return candidates.last { $0.proto.transport == .tcp } }
    return candidates.last { $0.inode == socket.inode || $0.inode == 0 }
  }
}
