// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// The services that the sockets of a book are of: which this machine uses and which others use here, as `services` tells
/// them of the history.
///
/// Sums are kept while connections come, change and go, so that a refresh costs no more than what it changed.
struct ServiceList: Sendable {
  var filter = Filter.everything { didSet { isStale = true } }
  var protos = ProtoSet.all { didSet { isStale = true } }
  var sort = ServiceSortColumn.connections { didSet { isArranged = isArranged && sort == oldValue } }
  var isReversed = false { didSet { isArranged = isArranged && isReversed == oldValue } }

  /// The services, in order.
  private(set) var uses: [ServiceUse] = []
  /// How many connections fit of which it is not known which end is the service.
  private(set) var unknown = 0

  private var isStale = true
  private var isArranged = false
  private var refresh: UInt32 = 0
  private var tally = LiveServiceTally()
  private var controls = FTPControls(among: [])
  /// By place: what it was at the last ``sync(_:names:)``.
  private var wasUnknown: [Bool] = []
  private var wasControl: [Bool] = []
  /// How the filter is asked of connections that have both ends here: as what was opened, unless it asks for a direction.
  private var countsBothEnds = false
  /// Names of programs that were looked at, and whether they serve FTP.
  private var servers: [Program: Bool] = [:]

  private struct Program: Hashable {
    var name: String
    var exe: String?
  }

  /// Does all anew with the next ``sync(_:names:)``: for another book.
  mutating func invalidate() { isStale = true }

  /// Follows the book.
  mutating func sync(_ book: LiveBook, names: Names) {
    if isStale || book.refresh < refresh || book.placeCount < wasUnknown.count {
      countsBothEnds = filter.expression.mentionsDirection
      begin(book)
    } else if book.refresh != refresh {
      follow(book)
    }
    refresh = book.refresh
    if isArranged && !tally.hasChanged && book.time == tally.time { return }
    uses = ServiceOrder(sort, isReversed: isReversed, names: names).sorted(tally.uses(at: book.time))
    isArranged = true
  }

  private mutating func begin(_ book: LiveBook) {
    isStale = false
    isArranged = false
    tally = LiveServiceTally()
    unknown = 0
    wasUnknown = [Bool](repeating: false, count: book.placeCount)
    servers = [:]
    let isControl = serves(Array(0..<book.placeCount), book)
    wasControl = isControl
    controls = Self.controls(book, isControl)
    for place in 0..<book.placeCount where book.isUsed[place] { put(place, book) }
  }

  private mutating func follow(_ book: LiveBook) {
    let added = book.placeCount - wasUnknown.count
    wasUnknown += repeatElement(false, count: added)
    wasControl += repeatElement(false, count: added)
    let (moments, refresh) = (book.changedAt, refresh)
    let changed = moments.indices.filter { moments[$0] > refresh }
    // A control connection that begins or ends says of others whose data they carry.
    let isControl = serves(changed, book)
    if zip(changed, isControl).contains(where: { $1 || wasControl[$0] }) { return begin(book) }
    for place in changed { put(place, book) }
  }

  /// For each of some places, whether its socket may be a control connection of FTP.
  private mutating func serves(_ places: [Int], _ book: LiveBook) -> [Bool] {
    var seen: [ObjectIdentifier: Bool] = [:]
    return places.map { place in
      guard book.isUsed[place], book.lives[place].role == .connection,
        let port = book.lives[place].servicePort,
        book.lives[place].proto.transport == .tcp
      else { return false }
      if port == FTPControls.port { return true }
      guard book.lives[place].direction == .inbound, let process = book.lives[place].owner.process else {
        return false
      }
      if let known = seen[ObjectIdentifier(process)] { return known }
      let isServer = serves(Program(name: process.name, exe: process.exe))
      seen[ObjectIdentifier(process)] = isServer
      return isServer
    }
  }

  private mutating func serves(_ program: Program) -> Bool {
    if let known = servers[program] { return known }
    let file = program.exe?.split(separator: "/").last.map(String.init)
    let isServer = FTPControls.servers.contains { server in
      server.matches(program.name) || file.map(server.matches) ?? false
    }
    if servers.count > 10_000 { servers = [:] }
    servers[program] = isServer
    return isServer
  }

  private static func controls(_ book: LiveBook, _ mayControl: [Bool]) -> FTPControls {
    let lives = mayControl.indices.filter { mayControl[$0] }.map { book.lives[$0] }
    let found = FTPControls(among: lives)
    if found.otherPorts.isEmpty { return found }
    // The clients' ends too, where they are here.
    let others = book.lives.indices.filter { place in
      book.isUsed[place] && (book.lives[place].servicePort.map(found.otherPorts.contains) ?? false)
    }
    return FTPControls(
      among: lives + others.filter { !mayControl[$0] }.map { book.lives[$0] }, onPorts: found.otherPorts)
  }

  /// Counts the socket at a place, and no longer as what it was before.
  private mutating func put(_ place: Int, _ book: LiveBook) {
    if wasUnknown[place] { unknown -= 1 }
    wasUnknown[place] = false
    guard book.isUsed[place], book.lives[place].role == .connection, protos.contains(book.lives[place].proto)
    else { return tally.remove(place) }
    var subject = FilterSubject(book.lives[place])
    var port = book.lives[place].servicePort
    if !controls.isEmpty, let control = controls.control(of: book.lives[place]) {
      // Data is on as many ports as there are files: it is one service, in the direction of its control connection.
      (port, subject.direction) = (FTPControls.dataPort, control.direction)
    }
    if !filter.matchesEverything, !filter.matches(subject) { return tally.remove(place) }
    guard let direction = subject.direction, let port else {
      wasUnknown[place] = true
      unknown += 1
      return tally.remove(place)
    }
    // Where both ends are here it is there twice.
    let isHere = subject.remote.address.isLoopback || subject.remote.address == subject.local.address
    if isHere, direction == .inbound, !countsBothEnds { return tally.remove(place) }
    let key = LiveServiceTally.Key(transport: subject.proto.transport, port: port, direction: direction)
    tally.put(place, book, as: key)
  }
}
