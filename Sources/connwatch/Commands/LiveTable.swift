// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
@preconcurrency import Glibc
import KernelNet
import ProcNet

/// The sockets of this moment, with owners, and with what the history remembers of them.
struct LiveTable {
  let global: GlobalOptions
  let names: Names
  var looksUpOwners = true
  var looksUpHistory = true
  var source = Source.auto
  var netns = NetworkNamespaces.Selection.own
  /// Listeners alone are asked for.
  var onlyListeners = false
  /// What connections carried is asked for.
  var wantsTraffic = false
  /// Says how many owners may not be seen.
  var tellsHiddenOwners = true
  /// What our own namespace is called is asked for.
  var wantsOwnLabel = true

  init(global: GlobalOptions, names: Names) {
    self.global = global
    self.names = names
  }

  /// Reads the tables, picks rows, and finds out what else is asked for.
  ///
  /// - Throws: ``Failure`` where a table cannot be read.
  func rows(_ protos: ProtoSet, filter: Filter) throws -> [ListRow] { try table(protos, filter: filter).rows }

  /// The same, and what the kernel said of sockets bound to `::`: ``Snapshot/v6Only``.
  func table(_ protos: ProtoSet, filter: Filter) throws -> (rows: [ListRow], v6Only: [UInt64: Bool]) {
    let history = looksUpHistory ? try global.openHistoryIfAny() : nil
    let namespaces = try read(protos, filter)
    var table: [ListRow] = []
    var parts: [Part] = []
    for rows in namespaces {
      let start = table.count
      table.append(contentsOf: rows)
      parts.append(Part(rows: rows, range: start..<table.count))
    }
    if looksUpOwners {
      let question = question(protos, filter)
      try lookUpOwners(&table, parts) { try $0.read(question)?.snapshot }
    }
    if let history { try remember(&table, parts, history) }
    if filter.usesOwners {
      table.removeAll {
        !filter.matches(FilterSubject($0.socket, role: $0.role, direction: $0.direction, owner: $0.owner))
      }
    }
    let v6Only = namespaces.map(\.reading.snapshot.v6Only).reduce(into: [:]) { all, some in
      all.merge(some) { first, _ in first }
    }
    return (table, v6Only)
  }

  /// One namespace's share of the table.
  private struct Part {
    let rows: LiveRows
    let range: Range<Int>

    var source: LiveSource { rows.source }
    /// The listeners that have connections waiting.
    var queues: AcceptQueues { AcceptQueues(rows.reading.listeners) }
  }

  private func question(_ protos: ProtoSet, _ filter: Filter) -> LiveSource.Question {
    LiveSource.Question(
      protos: protos.intersection(filter.protos), states: onlyListeners ? LiveSource.listening : .all,
      filter: DiagFilter(filter), wantsTraffic: wantsTraffic)
  }

  /// Reads the tables of each namespace: rows without owners and history.
  ///
  /// - Throws: ``Failure`` where a table cannot be read.
  func read(_ protos: ProtoSet, _ filter: Filter) throws -> [LiveRows] {
    let question = question(protos, filter)
    var namespaces: [LiveRows] = []
    var tellsTraffic = true
    for source in try sources() {
      guard let reading = try source.read(question) else {
        if netns == .all { continue }
        throw Failure("--netns: the process by which it was to be read has ended (try again)")
      }
      if netns == .all, let namespace = source.namespace, !namespace.isOwn,
        let why = reading.snapshot.failure
      {
        global.remark("\(namespace.label) is left out: \(why)")
        continue
      }
      try tell(reading.snapshot.tables)
      tellsTraffic = tellsTraffic && reading.snapshot.source != .proc
      let context = ListRow.Context(
        names: names, time: reading.snapshot.time, netns: source.namespace?.label)
      namespaces.append(
        LiveRows(reading, of: source, context, filter: filter, onlyListeners: onlyListeners))
    }
    if let why = namespaces.lazy.compactMap(\.source.whyNoDiag).first {
      global.remark("\(why): reading /proc")
    }
    if wantsTraffic, !tellsTraffic {
      global.remark("/proc does not tell bytes, round-trip times and retransmissions (--source netlink does)")
    }
    return namespaces
  }

  /// The namespaces that are asked for. Of all of them, those that may not be seen into are left out, and that is said.
  private func sources() throws -> [LiveSource] {
    if netns == .own { return [try source(wantsOwnLabel ? NetNamespace(reading: global.root) : nil)] }
    let seen: NetworkNamespaces
    let chosen: [NetNamespace]
    do throws(NetworkNamespaceError) {
      seen = try NetworkNamespaces(reading: global.root)
      chosen = try seen.find(netns)
    } catch {
      throw Failure(error)
    }
    guard netns == .all else { return try chosen.map { try source($0) } }
    var refused: [String] = []
    let sources = chosen.compactMap { namespace in
      do { return try source(namespace) } catch {
        refused.append(namespace.label)
        return nil
      }
    }
    let hint = geteuid() == 0 ? "" : " (sudo connwatch shows more)"
    if !refused.isEmpty {
      global.remark("network namespaces that may not be entered: \(refused.joined(separator: ", "))\(hint)")
    }
    if seen.refused > 0 || seen.hidesProcesses {
      let who =
        seen.refused == 1 ? "1 process" : seen.refused > 1 ? "\(seen.refused) processes" : "some processes"
      global.remark("\(who) may not be looked into, so some network namespaces may be missing\(hint)")
    }
    return sources
  }

  private func source(_ namespace: NetNamespace?) throws(Failure) -> LiveSource {
    try LiveSource(namespace, root: global.root, source: source)
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

  /// One look-up for all namespaces: inodes of sockets are the machine's.
  private func lookUpOwners(
    _ table: inout [ListRow], _ parts: [Part], lookAgain: (LiveSource) throws -> Snapshot?
  ) throws {
    let owners = SocketOwners(root: global.root)
    owners.lookUp(table.lazy.filter { $0.socket.inode != 0 }.map { WantedSocket($0.socket) })
    for part in parts {
      var unclear: Set<UInt64> = []
      let queues = part.queues
      for index in part.range {
        table[index].owner = owners.owner(of: table[index].socket, queues: queues)
        if owners.needsSecondLook(table[index].socket) { unclear.insert(table[index].socket.inode) }
      }
      if unclear.isEmpty { continue }
      // Nobody holds these: either they have closed since, or the kernel itself has them.
      let again = try lookAgain(part.source)
      let there = Set((again?.rows ?? []).lazy.map(\.inode).filter { unclear.contains($0) })
      for index in part.range where unclear.contains(table[index].socket.inode) {
        table[index].owner = owners.owner(
          of: table[index].socket, queues: queues,
          stillThere: there.contains(table[index].socket.inode))
      }
    }
    let hidden = table.count { $0.owner.whyUnknown == .noPermission }
    if hidden > 0, tellsHiddenOwners {
      let sockets = hidden == 1 ? "the owner of 1 socket" : "the owners of \(hidden) sockets"
      let hint = geteuid() == 0 ? "" : " (sudo connwatch shows more)"
      global.remark("\(sockets) may not be seen: no permission\(hint)")
    }
  }

  /// Takes from the history what the kernel no longer tells: since when, and whose a socket in TIME_WAIT was.
  private func remember(_ table: inout [ListRow], _ parts: [Part], _ history: HistoryReader) throws {
    guard !table.isEmpty,
      let memory = try LiveMemory(
        history, global.root, showsTimeWait: table.contains { $0.socket.state == .timeWait },
        now: table[0].context.time)
    else { return }
    for part in parts {
      let lives = memory.lives(in: part.source.namespace)
      for index in part.range {
        guard let life = lives.life(of: table[index].socket) else { continue }
        table[index].firstSeen = life.firstSeen
        if table[index].direction == nil { table[index].direction = life.direction }
        if table[index].owner.process == nil, life.owner.process != nil { table[index].owner = life.owner }
        if table[index].socket.uid == nil { table[index].socket.rawUID = life.rawUID }
      }
    }
  }
}
