// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Everything of one socket, as a page.
struct DetailPage {
  let subject: PageSubject
  let facts: DetailFacts
  let zone: Zone
  private var page: PageBuilder
  private let precision: TimeText.Precision

  /// Makes the page, its lines no wider than `width`.
  static func make(_ subject: PageSubject, _ facts: DetailFacts, zone: Zone, width: Int) -> Page {
    var detail = DetailPage(subject, facts, zone, width)
    detail.tellEnds()
    detail.tellLife()
    detail.tellHolder()
    detail.tellKernel()
    detail.tellVerdict()
    detail.tellStates()
    detail.tellEarlier()
    return detail.page.page(subject.title)
  }

  private init(_ subject: PageSubject, _ facts: DetailFacts, _ zone: Zone, _ width: Int) {
    self.subject = subject
    self.facts = facts
    self.zone = zone
    page = PageBuilder(width: width)
    precision = width < 64 ? .yearless : .full
  }

  private var life: Life { subject.life }

  private func text(_ time: Timestamp) -> String { time.text(in: zone, precision) }

  // MARK: - What it is

  private mutating func tellEnds() {
    page.fact("local", end(life.local, life.origin?.localName, facts.localService))
    if subject.hasRemote {
      page.fact("remote", end(life.remote, life.origin?.remoteName, facts.remoteService))
    }
    page.fact("risk", facts.risk, look: Look(.yellow))
    let family = life.proto.isV6 ? "IPv6" : "IPv4"
    page.fact("protocol", "\(life.proto.transport == .tcp ? "TCP" : "UDP") over \(family)")
    page.fact("state", state, look: Look(Style(of: life.state)))
    page.fact("direction", direction)
  }

  private func end(_ end: Endpoint, _ name: String?, _ service: String?) -> String {
    let host = name ?? (end.address.isV4 ? end.address.description : "[\(end.address)]")
    let port = end.port == 0 ? "*" : String(end.port)
    return "\(host):\(port)" + (service.map { " (\($0))" } ?? "")
  }

  private var state: String {
    switch subject.presence {
    case .here: life.state.name
    case .gone: "gone; the last was \(life.state.name)"
    case .then: "\(life.state.name) at \(text(subject.time))"
    }
  }

  private var direction: String {
    switch (life.direction, life.role) {
    case (.inbound, _): "in: the other end opened it, the service is here"
    case (.outbound, _): "out: this end opened it, the service is the other end"
    case (nil, .listener):
      life.proto.transport == .tcp ? "it waits for others to connect" : "it takes datagrams from anybody"
    case (nil, .bound): "none: a port of its own, and no other end"
    case (nil, .connection): "not known: nothing tells which end opened it"
    }
  }

  // MARK: - When

  private mutating func tellLife() {
    let ago = TimeText.age(max(0, subject.time - life.firstSeen))
    let before = subject.presence == .then ? "\(ago) before" : "\(ago) ago"
    page.fact("opened", opened(before))
    if let known = facts.earlier?.known, known < life.firstSeen {
      page.fact("", "the history has it since \(text(known))")
    }
    guard let closed = life.closed, let offset = life.closedOffset else {
      if subject.presence == .gone { page.fact("last seen", text(life.lastSeen)) }
      return
    }
    let verb = life.state == .timeWait ? " (its socket waits in TIME_WAIT after that)" : ""
    page.fact("closed", text(closed) + (subject.presence == .gone ? "" : verb))
    page.fact("lasted", TimeText.age(offset))
    page.fact("outcome", life.outcome.map { "it came to nothing: \($0.name)" })
  }

  private func opened(_ ago: String) -> String {
    guard let uncertainty = life.uncertainty else {
      return "before connwatch began; first seen \(text(life.firstSeen)), \(ago)"
    }
    let words =
      uncertainty == 0
      ? "as the kernel told it" : "or up to \(TimeText.age(uncertainty)) earlier, between two samples"
    return "\(text(life.firstSeen)), \(ago), \(words)"
  }

  // MARK: - Whose

  private mutating func tellHolder() {
    if let process = life.owner.process {
      let others = life.owner.others
      let shared =
        others == 0 ? "" : ", shared with \(others) other process\(others == 1 ? "" : "es")"
      page.fact("process", "\(process.name), pid \(process.pid)\(shared)")
      page.fact("program", process.exe)
      page.fact("unit", process.unit)
      page.fact("container", process.container)
    } else {
      page.fact("process", life.owner.unknownWords)
    }
    page.fact("user", life.uid.map { uid in facts.user.map { "\($0) (\(uid))" } ?? "\(uid)" })
    page.fact("namespace", life.netns)
    page.fact("host", life.origin?.host)
  }

  private mutating func tellKernel() {
    if let queues = subject.queues, life.role == .connection {
      page.fact("queues", "\(queues.receive) bytes to be read, \(queues.send) not acknowledged")
    } else if let queues = subject.queues, life.state == .listen {
      page.fact("queues", "\(queues.receive) connections to be accepted")
    }
    if let traffic = subject.traffic {
      page.fact("received", "\(traffic.bytesIn) bytes")
      page.fact("sent", "\(traffic.bytesOut) bytes")
      if traffic.roundTrip > 0 {
        let micro = traffic.roundTrip % 1000 / 100
        page.fact("round trip", "\(traffic.roundTrip / 1000).\(micro) ms")
      }
      page.fact("sent again", "\(traffic.retransmits) segments")
    }
    if life.inode != 0 { page.fact("inode", String(life.inode)) }
    page.fact("seen by", life.sources.name.isEmpty ? nil : life.sources.name)
  }

  private mutating func tellVerdict() {
    guard life.role == .listener else { return }
    if let judgement = facts.judgement {
      let reason = judgement.reason.map { ": \($0)" } ?? ""
      let words =
        facts.lacksPolicy ? "none: no set of expected listeners exists" : judgement.verdict.rawValue + reason
      let isFinding = judgement.verdict.isFinding && !facts.lacksPolicy
      page.fact("verdict", words, look: isFinding ? Look(.brightRed) : .plain)
    }
    if let verdict = life.verdict, facts.judgement?.verdict != verdict || facts.lacksPolicy {
      page.fact("verdict then", "\(verdict.rawValue), when it began")
    }
  }

  // MARK: - States

  private mutating func tellStates() {
    page.heading("States")
    let steps = life.steps
    let rows = steps.indices.map { place -> [String] in
      let step = steps[place]
      let end = place + 1 < steps.count ? steps[place + 1].offset : lastOffset
      let age = TimeText.age(max(0, end - step.offset))
      let isLast = place + 1 == steps.count
      return [
        text(life.firstSeen + step.offset), step.state.name,
        isLast && subject.presence != .gone ? "\(age) so far" : age,
      ]
    }
    page.table([.init(header: "SINCE"), .init(header: "STATE"), .init(header: "FOR")], rows)
  }

  /// Until when the last state went on, as far as it was seen.
  private var lastOffset: Int64 {
    guard subject.presence == .gone else { return subject.time - life.firstSeen }
    if life.state == .timeWait { return max(life.lastSeenOffset, life.closedOffset ?? 0) }
    return life.closedOffset ?? life.lastSeenOffset
  }

  // MARK: - What was before

  private mutating func tellEarlier() {
    page.heading(headingOfEarlier)
    guard let earlier = facts.earlier else {
      let why = facts.whyNoHistory ?? "There is no history to ask (sudo connwatch record keeps one)."
      page.text(why, indent: 2, look: .dim)
      return
    }
    if !earlier.lives.isEmpty {
      page.table(
        [
          .init(header: "OPENED"), .init(header: "LASTED", drop: 1), .init(header: "STATE", drop: 0),
          .init(header: columnOfEarlier, isRight: life.role == .connection), .init(header: "PROCESS"),
        ], earlier.lives.map(row))
    }
    for sentence in sentences(of: earlier) { page.text(sentence, indent: 2, look: .dim) }
  }

  private var headingOfEarlier: String {
    switch (life.direction, life.role) {
    case (_, .listener), (_, .bound): "Earlier on port \(life.local.port)"
    case (.inbound, _): "Earlier from \(life.remote.address) to port \(life.local.port)"
    case (.outbound, _): "Earlier to \(end(life.remote, nil, facts.remoteService))"
    case (nil, _): "Earlier with \(life.remote.address) and one of the two ports"
    }
  }

  private var columnOfEarlier: String {
    switch (life.direction, life.role) {
    case (_, .listener), (_, .bound): "ADDRESS"
    case (.inbound, _): "THEIR PORT"
    case (_, .connection): "OUR PORT"
    }
  }

  private func row(_ other: Life) -> [String] {
    let place: String =
      if life.role != .connection {
        other.local.address.description
      } else {
        String(life.direction == .inbound ? other.remote.port : other.local.port)
      }
    let process = other.owner.process.map { "\($0.name) (\($0.pid))" }
    let netns = other.netns == life.netns ? "" : other.netns.map { " in \($0)" } ?? ""
    return [
      text(other.firstSeen), other.closedOffset.map(TimeText.age) ?? "open", other.state.name, place,
      (process ?? other.owner.whyUnknown.map { "(\($0.rawValue))" } ?? "-") + netns,
    ]
  }

  private func sentences(of earlier: DetailFacts.Earlier) -> [String] {
    var all: [String] = []
    if earlier.lives.isEmpty {
      all.append("None" + (earlier.since.map { " since \(text($0)), when recording began." } ?? "."))
    } else {
      let count = earlier.isMore ? "The latest \(earlier.lives.count)" : "All \(earlier.lives.count)"
      let since = earlier.isMore ? nil : earlier.since
      all.append(
        (earlier.lives.count == 1 && !earlier.isMore ? "The only one" : count)
          + (since.map { " since \(text($0)), when recording began" } ?? "")
          + (earlier.lastDay.map { "; \($0.isMore ? "more than " : "")\($0.count) in the day before" } ?? "")
          + ".")
    }
    let gaps = earlier.gaps
    if gaps.count > 3 {
      let total = gaps.reduce(0) { $0 + ($1.until - $1.since) }
      all.append("\(gaps.count) gaps in that time, \(TimeText.age(total)) in all, were not watched.")
    } else {
      all += gaps.map { "Not watched from \(text($0.since)) to \(text($0.until)): \($0.cause)." }
    }
    if let until = earlier.until { all.append("Nothing is recorded after \(text(until)).") }
    return all
  }
}
