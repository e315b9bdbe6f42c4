// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What was imported for a host, told to a person.
struct HostStory {
  /// A moment as it is shown.
  let text: (Timestamp) -> String

  /// Which of its sockets had the port at a moment.
  func sentences(_ moment: HostMoment, at asked: Timestamp) -> [String] {
    let host = HostileText.escaped(moment.host)
    let place = "On \(host) at \(text(asked))"
    var sentences: [String] = []
    for life in moment.holders {
      let verb = life.role == .listener ? "is listened on" : "is bound"
      sentences.append("\(place): \(end(life, .local))/\(life.proto.name) \(verb)\(facts(life)).")
    }
    for life in moment.connections { sentences.append("\(place): \(sentence(life)).") }
    let rest = moment.connectionCount - moment.connections.count
    if rest > 0 { sentences.append("\(place): \(Prose.count(rest, "more connection")).") }
    if sentences.isEmpty {
      let (first, last) = (text(moment.known.lowerBound), text(moment.known.upperBound))
      let range = first == last ? "is of \(first)" : "is from \(first) to \(last)"
      sentences.append(
        moment.known.contains(asked)
          ? "\(place): no socket with that port is known."
          : "\(place): nothing is known, what was imported \(range).")
    }
    if let before = moment.before { sentences.append("On \(host) before: \(sentence(before)).") }
    if let after = moment.after { sentences.append("On \(host) after: \(sentence(after)).") }
    return sentences
  }

  /// `mirage:1372 to vnt4.webhosting.com:80/tcp, ESTABLISHED, by telnet (pid 7), seen …`.
  private func sentence(_ life: Life) -> String {
    let ends = life.direction == .inbound ? [Side.remote, .local] : [.local, .remote]
    let words = ends.map { end(life, $0) }.joined(separator: " to ")
    return
      "\(words)/\(life.proto.transport.name), \(life.steps.map(\.state.name).joined(separator: ", then "))"
      + facts(life)
  }

  private enum Side { case local, remote }

  private func end(_ life: Life, _ side: Side) -> String {
    side == .local
      ? PortStory.end(life.local, name: life.origin?.localName)
      : PortStory.end(life.remote, name: life.origin?.remoteName)
  }

  /// Who held it, and when it was seen.
  private func facts(_ life: Life) -> String {
    // The names of users are those of this machine.
    let holder = life.owner.process == nil ? "" : ", by \(PortStory.who(life.owner, user: nil))"
    let (first, last) = (text(life.firstSeen), text(life.lastSeen))
    let seen = first == last ? ", seen \(first)" : ", seen from \(first) to \(last)"
    return holder + seen + (life.closed.map { ", gone by \(text($0))" } ?? "")
  }
}
