// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Who had a port at a moment, told to a person: the answer to a report that names an address, a port and a time.
struct MomentStory {
  let report: PortReport
  let moment: PortMoment
  let names: Names
  let global: GlobalOptions

  /// The sentences, in order.
  var sentences: [String] {
    var sentences = moment.tellsOwn ? ownSentences : []
    let story = HostStory(text: text)
    for host in moment.evidence { sentences += story.sentences(host, at: moment.asked) }
    if sentences.isEmpty {
      sentences.append("At \(text(moment.asked)): no socket with that port is known.")
    }
    return sentences
  }

  private var ownSentences: [String] {
    var sentences: [String] = []
    let asked = text(moment.asked)
    if let why = moment.whyUnwatched { sentences.append(unwatched(asked, why)) }
    for life in moment.holders {
      let verb = life.role == .listener ? "listened on" : "was bound to"
      sentences.append(
        "At \(asked): \(who(life)) \(verb) \(PortStory.end(life.local))/\(life.proto.name), \(times(life)).")
    }
    for life in moment.connections { sentences.append("At \(asked): \(sentence(life)).") }
    let rest = moment.connectionCount - moment.connections.count
    if rest > 0 { sentences.append("At \(asked): \(Prose.count(rest, "more connection")).") }
    if moment.connections.isEmpty, moment.holders.isEmpty {
      sentences.append(
        "At \(asked): no socket with that port\(moment.whyUnwatched == nil ? "" : " is known").")
    }
    sentences.append(reuse)
    if let before = moment.before { sentences.append("Before: \(sentence(before)).") }
    if let after = moment.after { sentences.append("After: \(sentence(after)).") }
    if moment.before == nil, moment.after == nil, moment.connections.isEmpty {
      sentences.append("No connection with that port is in the history.")
    }
    return sentences
  }

  private func unwatched(_ asked: String, _ why: String) -> String {
    switch moment.unwatched {
    case (nil, let until?): return "Nothing is recorded at \(asked): the first sample is of \(text(until))."
    case (let since?, nil): return "Nothing is recorded at \(asked): the last sample is of \(text(since))."
    case (let since?, let until?):
      return "Nobody was watching at \(asked): not from \(text(since)) to \(text(until)) (\(why))."
    case (nil, nil): return "Nothing is recorded at \(asked): \(why)."
    }
  }

  private var reuse: String {
    switch moment.dayCount {
    case 0: "The port was used by no connection that day."
    case 1: "The port was used by 1 connection that day."
    default:
      "The port was used by \(moment.dayCount) connections that day: tell them apart by their times."
    }
  }

  /// `curl (pid 1978, user root) from 192.0.2.10:51234 to 198.51.100.7:443/tcp, opened …, closed …`.
  private func sentence(_ life: Life) -> String {
    let arrow =
      life.direction == .inbound
      ? "\(PortStory.end(life.remote)) to \(PortStory.end(life.local))"
      : "\(PortStory.end(life.local)) to \(PortStory.end(life.remote))"
    let verb =
      life.direction == .inbound
      ? "was connected to, from" : life.direction == .outbound ? "connected from" : "had a connection,"
    var words = "\(who(life)) \(verb) \(arrow)/\(life.proto.transport.name), \(times(life))"
    if let closed = life.closed, closed < moment.asked, life.portEnd >= moment.asked {
      words += "; closed by then, its socket stayed in TIME_WAIT"
    }
    if let uncertainty = life.uncertainty, isNear(life, uncertainty) {
      words += "; that is as near to the moment as the times are exact"
    }
    return words
  }

  /// True where the moment is so near to its opening or its end that it may have been on the other side.
  private func isNear(_ life: Life, _ uncertainty: Int64) -> Bool {
    let toOpening = life.firstSeen - moment.asked
    if toOpening.magnitude <= uncertainty.magnitude { return true }
    return life.closed.map { ($0 - moment.asked).magnitude <= uncertainty.magnitude } ?? false
  }

  private func times(_ life: Life) -> String {
    var words = "opened \(text(life.firstSeen))"
    words +=
      life.closed.map { ", closed \(text($0))" } ?? ", open when last looked at (\(text(life.lastSeen)))"
    guard let uncertainty = life.uncertainty else { return words + " (was there before the recorder)" }
    return uncertainty >= 1000 ? words + " (to within \(TimeText.age(uncertainty)))" : words
  }

  private func who(_ life: Life) -> String {
    let netns = life.netns.map { " in \(HostileText.escaped($0))" } ?? ""
    return PortStory.who(life.owner, user: names.user(life.uid)) + netns
  }

  /// To the millisecond: several lives of a port may fall into one second.
  private func text(_ time: Timestamp) -> String {
    let whole = global.text(time)
    let millisecond = ((time.microseconds % 1_000_000) + 1_000_000) % 1_000_000 / 1000
    let digits = String(1000 + millisecond).dropFirst()
    return whole.hasSuffix("Z") ? "\(whole.dropLast()).\(digits)Z" : "\(whole).\(digits)"
  }
}
