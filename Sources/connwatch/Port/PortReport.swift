// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import ProcNet

/// All that is known of a port: by its number, at this moment, and from the history.
struct PortReport {
  /// A socket that listens on the port, or is bound to it, now.
  struct LiveHolder {
    var listener: Listener
    var uid: UInt32?
    var isListener: Bool
    /// nil for a socket that only is bound: the policy is about listeners.
    var judgement: ExpectedSet.Judgement?
    /// Since when, where the history knows it.
    var firstSeen: Timestamp?
    var sockets = 1
    /// There is no policy yet, so everything is new.
    var lacksPolicy = false
  }

  let question: PortQuestion
  /// Whose sockets were asked for.
  let hosts: HostChoice
  /// What is known by its number, for each transport that has a name for it.
  let known: [KnownPort]
  /// The range of ports that are given to clients here.
  let clientPorts: EphemeralRange
  /// nil where the sockets of this moment could not be read, or were not asked for.
  var live: [LiveHolder] = []
  /// Connections of this moment whose port here it is, and that were not opened from elsewhere.
  var liveClients: [ListRow] = []
  /// When the sockets were read.
  var now: Timestamp
  /// What the history has of it; nil where there is none.
  var past: PortPast?
  /// What was asked about one moment; nil where nothing was.
  var moment: PortMoment?

  init(
    _ question: PortQuestion, of hosts: HostChoice, _ names: Names, _ clientPorts: EphemeralRange,
    now: Timestamp
  ) {
    self.question = question
    self.hosts = hosts
    known = question.transports.compactMap { names.services.known(question.port, $0) }
    self.clientPorts = clientPorts
    self.now = now
  }

  /// True where it tells of the sockets of this machine.
  var tellsOwn: Bool { hosts.includesOwn }

  /// What a transport's port is registered as, or called by custom.
  func registered(_ transport: Transport) -> String? {
    known.first { $0.transport == transport }.map { $0.registeredName ?? $0.name }
  }

  /// What is to be minded of the port, where somebody listens on it by the widest of its addresses.
  func risk(_ transport: Transport) -> String? {
    let addresses = live.filter { $0.isListener && $0.listener.proto.transport == transport }
      .map(\.listener.exposure)
    return PortRisk.note(
      port: question.port, transport: transport,
      isLoopback: !addresses.isEmpty && addresses.allSatisfy { $0 == .loopback })
  }

  /// Says where a program is not what the port is registered for; nil where it is, or is not known.
  func mismatch(_ owner: SocketOwner, _ transport: Transport) -> String? {
    guard let process = owner.process else { return nil }
    // By its own name first: one program can be many servers, and a script is run by its language.
    let isKnown = ProgramServices.usuallyServes(process.name, port: question.port, transport) != nil
    return mismatch(isKnown ? process.name : process.exe ?? process.name, transport)
  }

  func mismatch(_ program: String, _ transport: Transport) -> String? {
    ProgramServices.mismatch(
      program: program, port: question.port, transport: transport, registered: registered(transport))
  }

  /// Every such remark of a transport, each once: of who holds the port and held it, and of who answered on it, which
  /// with a super-server is not who holds it.
  func mismatches(_ transport: Transport) -> [String] {
    var remarks: [String] = []
    func add(_ remark: String?) {
      if let remark, !remarks.contains(remark) { remarks.append(remark) }
    }
    for holder in live where holder.listener.proto.transport == transport {
      add(mismatch(holder.listener.owner, transport))
    }
    func add(_ use: PortUse, of host: String?) {
      let place = host.map { " (on \($0))" } ?? ""
      for holder in use.holders.holders.reversed() where holder.key.proto.transport == transport {
        add(mismatch(holder.owner, transport).map { $0 + place })
      }
      for name in use.inbound[transport]?.processes.sorted() ?? [] {
        add(mismatch(name, transport).map { $0 + place })
      }
    }
    if let own = past?.own { add(own, of: nil) }
    for (host, use) in past?.evidence ?? [] { add(use, of: host) }
    return remarks
  }
}

extension PortReport {
  /// Looks at the sockets of this moment.
  mutating func look(_ global: GlobalOptions, _ names: Names, expected: String? = nil) throws {
    let (rows, v6Only) = try LiveTable(global: global, names: names)
      .table(question.protos, filter: question.filter)
    if let time = rows.first?.context.time { now = time }
    let policy: ListenerPolicy?
    do {
      policy = try ListenerPolicy(global, expected: expected)
    } catch let failure as Failure where expected == nil {
      global.remark("no verdict: \(failure)")
      policy = nil
    }
    var places: [PortHolders.Key: Int] = [:]
    for row in rows where row.socket.local.port == question.port {
      guard row.role != .connection else {
        if row.direction != .inbound { liveClients.append(row) }
        continue
      }
      let listener = Listener(
        proto: row.socket.proto, address: row.socket.local.address, port: question.port, owner: row.owner,
        isV6Only: v6Only[row.socket.inode])
      let key = PortHolders.Key(
        proto: listener.proto, address: listener.address, owner: row.owner, uid: row.socket.uid, netns: nil)
      if let place = places[key] {
        live[place].sockets += 1
        if let seen = row.firstSeen { live[place].firstSeen = min(live[place].firstSeen ?? seen, seen) }
        continue
      }
      places[key] = live.count
      live.append(
        LiveHolder(
          listener: listener, uid: row.socket.uid, isListener: row.role == .listener,
          judgement: row.role == .listener ? policy?.judge(listener) : nil, firstSeen: row.firstSeen,
          lacksPolicy: policy?.set.isEmpty == true))
    }
    live.sort {
      ($0.listener.proto.rawValue, $0.listener.address) < ($1.listener.proto.rawValue, $1.listener.address)
    }
  }
}
