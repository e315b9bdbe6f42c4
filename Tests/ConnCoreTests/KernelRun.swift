// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A recorder's passes over a ``KernelModel``, and what it was told in them.
struct KernelRun {
  struct Options {
    var hasCookies = true
    var isTraced = true
    var hearsEnds = true
    /// With how many passes of delay each message of an end comes: none for one that is lost, several for one that comes
    /// again.
    var endDelays: [Int] = [0]
    /// Messages of ends are read until the snapshot itself, what was traced only until the moment before.
    var endsAreEarly = false
    /// Sockets in TIME_WAIT are not asked for.
    var hidesTimeWait = false
    /// A connection that is there all the time.
    var bystander: SocketRow? = SocketRow(
      proto: .tcp, state: .established, local: Endpoint(IPAddress(v4: 0x0A00_0001), 40001),
      remote: Endpoint(IPAddress(v4: 0x0A00_0002), 443), inode: 49_999, rawUID: 1000)
  }

  struct Told {
    var life: Life
    var openings = 0
    var closings = 0
    var isFinished = false
  }

  var model: KernelModel
  var table: LifeTable
  var options: Options
  var told: [Int64: Told] = [:]
  var recorded = 0
  var violations: [String] = []
  /// True lives whose orphan was shown by a snapshot.
  var orphansSeen: Set<Int> = []
  var passes = 0

  private var nextEvent = 0
  private var nextEnd = 0
  private var delayed: [(pass: Int, end: SocketEnd)] = []
  private var cookieRead: [Int: Int64] = [:]
  private var owners: [UInt64: SocketOwner] = [:]

  /// Wall-clock time at the boot.
  static let boot: Int64 = 1_700_000_000_000_000

  init(_ model: KernelModel, _ options: Options = Options()) {
    self.model = model
    self.options = options
    var settings = LifeTable.Settings()
    settings.namespace = KernelModel.ours
    table = LifeTable(settings: settings, seed: 5)
    for socket in model.sockets { owners[socket.inode] = socket.owner }
  }

  /// One pass: what was traced until `cut`, and a snapshot of the moment `time`.
  ///
  /// - Parameter change: a last touch to what was heard.
  @discardableResult
  mutating func pass(
    cut: Int64, at time: Int64, isWhole: Bool = true, change: (inout Heard) -> Void = { _ in }
  ) -> LifeTable.Changes {
    var heard = Heard()
    heard.isTraced = options.isTraced
    heard.hearsEnds = options.hearsEnds
    while nextEvent < model.trace.count, model.trace[nextEvent].boot <= cut {
      if options.isTraced { heard.events.append(model.trace[nextEvent]) }
      nextEvent += 1
    }
    let endCut = options.endsAreEarly ? time : cut
    while nextEnd < model.ends.count, model.ends[nextEnd].boot <= endCut {
      for delay in options.endDelays where options.hearsEnds {
        delayed.append((passes + delay, model.ends[nextEnd]))
      }
      if options.endDelays.isEmpty && options.hearsEnds { heard.lostEnds = true }
      nextEnd += 1
    }
    for (pass, end) in delayed where pass == passes {
      heard.ends.append(end)
      // The moment of a message is that of its reading.
      if !options.endDelays.allSatisfy({ $0 == 0 }) { heard.ends[heard.ends.count - 1].boot = cut }
    }
    delayed.removeAll { $0.pass <= passes }
    change(&heard)
    passes += 1
    let changes = table.apply(snapshot(time, isWhole), heard: heard) { [owners] wanted in
      wanted.map { owners[$0.row.inode] ?? SocketOwner(unknown: .exited) }
    }
    note(changes)
    return changes
  }

  private mutating func snapshot(_ time: Int64, _ isWhole: Bool) -> Snapshot {
    var rows: [SocketRow] = []
    var cookies: [UInt64] = []
    if let bystander = options.bystander {
      rows.append(bystander)
      cookies.append(0xB)
    }
    for (at, socket) in model.sockets.enumerated() where socket.isOurs {
      if let shown = socket.shown.last(where: { $0.from <= time }), let row = shown.row {
        rows.append(row)
        cookies.append(shown.cookie)
        if options.hasCookies, cookieRead[at] == nil { cookieRead[at] = time }
      }
      // Several lives of one socket can be in their short form at the same time.
      for place in socket.short.indices where socket.short[place].from <= time {
        let shown = socket.short[place]
        let isOver =
          place + 1 < socket.short.count && socket.short[place + 1].life == shown.life
          && socket.short[place + 1].from <= time
        guard let row = shown.row, !isOver else { continue }
        if row.state == .finWait2 { orphansSeen.insert(shown.life) }
        rows.append(row)
        let wasRead = cookieRead[at].map { $0 <= shown.from } ?? false
        cookies.append(wasRead ? shown.cookie : shown.cookie + 0x10_0000)
      }
    }
    var snapshot = Snapshot(
      time: Timestamp(microseconds: Self.boot + time), bootTime: time, rows: rows,
      tables: Proto.allCases.map { TableReport(proto: $0, outcome: isWhole ? .read : .torn) },
      source: options.hasCookies ? .netlink : .proc)
    if options.hidesTimeWait {
      let shown = rows.indices.filter { rows[$0].state != .timeWait }
      snapshot.rows = shown.map { rows[$0] }
      cookies = shown.map { cookies[$0] }
      snapshot.states.remove(StateSet(.timeWait))
    }
    if options.hasCookies { snapshot.cookies = cookies }
    return snapshot
  }

  private mutating func note(_ changes: LifeTable.Changes) {
    recorded += changes.recorded
    var new: [Life] = []
    for event in changes.events {
      let id = event.life.id
      if told[id] == nil {
        new.append(event.life)
        told[id] = Told(life: event.life)
      }
      told[id]?.openings += event.kind == .opened || event.kind == .listening ? 1 : 0
      told[id]?.closings += event.kind == .closed || event.kind == .unlistened ? 1 : 0
      if event.life.firstSeen.microseconds - Self.boot != event.life.firstSeenBoot {
        violations.append("#\(id) has two opening times")
      }
    }
    for life in changes.current {
      if told[life.id]?.isFinished ?? false {
        violations.append("#\(life.id) comes back after it was finished")
      }
      told[life.id, default: Told(life: life)].life = life
    }
    for life in changes.finished {
      if told[life.id]?.isFinished ?? false { violations.append("#\(life.id) is finished twice") }
      told[life.id, default: Told(life: life)].life = life
      told[life.id]?.isFinished = true
      if life.closedOffset == nil { violations.append("#\(life.id) is finished and not closed") }
    }
    new.sort { $0.id < $1.id }
    for (one, next) in zip(new, new.dropFirst()) where one.firstSeenBoot > next.firstSeenBoot {
      violations.append("#\(next.id) was opened before #\(one.id)")
    }
  }

  /// Passes after all has happened, until nothing of it is left.
  mutating func runOut(after time: Int64) {
    let afterTimeWait = time + model.timeWait
    for moment in [time, afterTimeWait] {
      for second in Int64(1)...4 {
        pass(cut: moment + second * 1_000_000, at: moment + second * 1_000_000 + 100)
      }
    }
  }
}
