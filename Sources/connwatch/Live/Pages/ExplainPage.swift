// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What `connwatch explain` says of one socket, as a page.
enum ExplainPage {
  /// Finds out what is known of the socket, and makes the page.
  static func make(
    _ subject: PageSubject, _ known: inout SocketFacts, zone: Zone, width: Int
  ) throws -> Page {
    let row = subject.row(known.names)
    var facts = known.blank
    if subject.presence == .here {
      let v6Only = subject.isV6Only.map { [row.socket.inode: $0] } ?? [:]
      facts = try known.facts(row, v6Only: v6Only, isElsewhere: subject.isElsewhere)
    } else {
      facts.control = try known.control(row)
    }
    return make(subject, row, facts, known.names, zone: zone, width: width)
  }

  /// Makes the page of what is known.
  static func make(
    _ subject: PageSubject, _ row: ListRow, _ facts: LineFacts, _ names: Names, zone: Zone, width: Int
  ) -> Page {
    var line = EvidenceRow(row)
    // What waited in queues is not kept.
    if subject.presence != .here { (line.receiveQueue, line.sendQueue) = (nil, nil) }
    let words = LineWords(row: line, facts: facts, services: names.services, zone: zone)
    let sentences = words.sentences + stateOfThings(subject, names, zone)
    var page = PageBuilder(width: width)
    page.text(row.line, look: .bold)
    page.blank()
    page.text(sentences.joined(separator: " "))
    return page.page("Explain")
  }

  /// What is said of a socket that is not there to be asked.
  private static func stateOfThings(_ subject: PageSubject, _ names: Names, _ zone: Zone) -> [String] {
    let life = subject.life
    let since = life.firstSeen.text(in: zone)
    let held = holder(life, names)
    let verdict =
      life.verdict.map { ["When it began to listen the verdict was: \($0.rawValue)."] } ?? []
    switch subject.presence {
    case .here: return []
    case .gone:
      let until = (life.closed ?? life.lastSeen).text(in: zone)
      let outcome = life.outcome.map { " The attempt came to nothing: \($0.name)." } ?? ""
      return ["It is not here any more: it was there from \(since) to \(until).\(outcome) \(held)"] + verdict
    case .then:
      let then = subject.time.text(in: zone)
      return [
        "This is what it was at \(then), by the history; whether it is still there is not looked up here. "
          + "It was first seen \(since). \(held)"
      ] + verdict
    }
  }

  private static func holder(_ life: Life, _ names: Names) -> String {
    guard let process = life.owner.process else {
      return life.owner.whyUnknown == nil
        ? "Which process held it is not known."
        : "Which process held it was not known: \(life.owner.whyUnknown?.rawValue ?? "")."
    }
    let user = life.origin == nil ? names.user(life.uid).map { ", user \($0)" } ?? "" : ""
    return "\(process.name) (pid \(process.pid)\(user)) held it."
  }
}
