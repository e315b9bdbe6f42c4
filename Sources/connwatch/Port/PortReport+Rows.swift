// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

extension PortReport {
  /// All of it as rows: the port, who holds and held it with the gaps between, who used it, and connections that it was
  /// the client's port of.
  ///
  /// - Parameter peers: how many hosts are told in each direction and transport.
  func rows(_ names: Names, peers most: Int) -> [PortRow] {
    var rows = question.transports.map(portRow)
    if let moment {
      rows += momentRows(moment, names)
    } else {
      rows += holderRows(names)
      if let own = past?.own { rows += useRows(own, of: nil, names, peers: most) }
      for (host, use) in past?.evidence ?? [] {
        rows += holderRows(use, of: host, names)
        rows += useRows(use, of: host, names, peers: most)
      }
    }
    return rows
  }

  private func useRows(_ use: PortUse, of host: String?, _ names: Names, peers most: Int) -> [PortRow] {
    [Direction.inbound, .outbound].flatMap { peerRows(use, $0, most, of: host) } + clientRows(use, names)
  }

  private func portRow(_ transport: Transport) -> PortRow {
    var row = PortRow(.port, question.port, transport.name)
    row.known = known.first { $0.transport == transport }
    row.service = row.known?.name
    // The range of other machines is not known.
    row.isEphemeral = tellsOwn ? clientPorts.contains(question.port) : nil
    row.risk = risk(transport)
    let remarks = mismatches(transport)
    row.note = remarks.isEmpty ? nil : remarks.joined(separator: ". ")
    return row
  }

  /// Holders and the gaps between them, by their beginnings. What is there now is told once: with its past, where the
  /// history has it.
  func holderRows(_ names: Names) -> [PortRow] {
    var rows: [PortRow] = []
    var latest: [PortHolders.Key: Int] = [:]
    for holder in past?.own?.holders.holders ?? [] {
      var row = row(holder, names)
      // What is there in another namespace is only known from the history.
      row.open = holder.key.netns != nil && holder.isOpen ? 1 : 0
      latest[holder.key] = rows.count
      rows.append(row)
    }
    for held in live {
      let listener = held.listener
      let key = PortHolders.Key(
        proto: listener.proto, address: listener.address, owner: listener.owner, uid: held.uid, netns: nil)
      var row = row(key, listener.owner, names)
      (row.judgement, row.open, row.sockets, row.last) = (held.judgement, held.sockets, held.sockets, now)
      if let place = latest[key], held.firstSeen != nil {
        (row.first, row.uncertainty) = (rows[place].first, rows[place].uncertainty)
        row.sockets = rows[place].sockets
        rows[place] = row
      } else {
        row.first = held.firstSeen
        rows.append(row)
      }
    }
    for transport in question.transports {
      for gap in past?.gaps(transport) ?? [] {
        var row = PortRow(.gap, question.port, transport.name)
        (row.first, row.last, row.cause) = (gap.since, gap.until, gap.cause)
        row.duration = gap.until - gap.since
        rows.append(row)
      }
    }
    let latestOfAll = Timestamp(microseconds: .max)
    return rows.enumerated().sorted {
      ($0.element.first ?? latestOfAll, $0.offset) < ($1.element.first ?? latestOfAll, $1.offset)
    }.map(\.element)
  }

  /// Holders on a host, by what was imported for it. There are no gaps: nobody watched between two tables.
  func holderRows(_ use: PortUse, of host: String, _ names: Names) -> [PortRow] {
    use.holders.holders.map { holder in
      var row = row(holder, names)
      (row.host, row.user) = (host, nil)
      return row
    }
  }

  private func row(_ holder: PortHolders.Holder, _ names: Names) -> PortRow {
    var row = row(holder.key, holder.owner, names)
    (row.first, row.last, row.sockets) = (holder.first, holder.last, holder.sockets)
    row.uncertainty = holder.uncertainty
    return row
  }

  private func row(_ key: PortHolders.Key, _ owner: SocketOwner, _ names: Names) -> PortRow {
    var row = PortRow(.holder, question.port, key.proto.name)
    let transport = key.proto.transport
    row.service = known.first { $0.transport == transport }?.name
    row.local = Endpoint(key.address, question.port)
    row.localName = key.localName
    row.exposure = key.localName == nil ? Exposure(key.address) : nil
    row.risk = PortRisk.note(
      port: question.port, transport: transport, isLoopback: row.exposure == .loopback)
    (row.owner, row.uid, row.user, row.netns) = (owner, key.uid, names.user(key.uid), key.netns)
    row.note = mismatch(owner, transport)
    return row
  }

  func peerRows(_ use: PortUse, _ direction: Direction, _ most: Int, of host: String?) -> [PortRow] {
    question.transports.flatMap { transport in
      (use.tally(direction, transport)?.busiest(most) ?? []).map { peer in
        var row = PortRow(.peer, question.port, transport.name)
        row.service = known.first { $0.transport == transport }?.name
        row.remote = Endpoint(peer.address, direction == .outbound ? question.port : 0)
        (row.remoteName, row.direction, row.host) = (peer.name, direction, host)
        (row.connections, row.open) = (peer.connections, host == nil ? peer.open : nil)
        (row.first, row.last) = (peer.first, peer.last)
        row.processes = peer.processes.sorted()
        return row
      }
    }
  }

  func clientRows(_ use: PortUse, _ names: Names) -> [PortRow] { use.clients.map { row($0, names) } }

  func momentRows(_ moment: PortMoment, _ names: Names) -> [PortRow] {
    var rows: [PortRow] = []
    if let why = moment.whyUnwatched {
      var row = PortRow(.gap, question.port, question.transports.map(\.name).joined(separator: "+"))
      (row.first, row.last, row.cause, row.when) = (moment.unwatched.since, moment.unwatched.until, why, .at)
      rows.append(row)
    }
    func add(_ life: Life?, _ when: PortRow.When) {
      guard let life else { return }
      var row = row(life, names)
      row.when = when
      rows.append(row)
    }
    for life in moment.holders { add(life, .at) }
    for life in moment.connections { add(life, .at) }
    add(moment.before, .before)
    add(moment.after, .after)
    for host in moment.evidence {
      for life in host.holders + host.connections { add(life, .at) }
      add(host.before, .before)
      add(host.after, .after)
    }
    return rows
  }

  /// A life, as a connection or as one socket of a holder.
  func row(_ life: Life, _ names: Names) -> PortRow {
    var row: PortRow
    if life.role == .connection {
      row = PortRow(.connection, question.port, life.proto.name)
      row.service = life.serviceName(names.services)
      (row.local, row.remote, row.direction) = (life.local, life.remote, life.direction)
      (row.owner, row.uid, row.user, row.netns) = (life.owner, life.uid, names.user(life.uid), life.netns)
    } else {
      row = self.row(PortHolders.Key(life), life.owner, names)
      row.sockets = 1
    }
    (row.host, row.localName, row.remoteName) = (life.host, life.origin?.localName, life.origin?.remoteName)
    // The names of users are those of this machine.
    if life.origin != nil { row.user = nil }
    row.state = life.state
    (row.first, row.last, row.closed) = (life.firstSeen, life.lastSeen, life.closed)
    (row.duration, row.uncertainty) = (life.closedOffset, life.uncertainty)
    return row
  }
}
