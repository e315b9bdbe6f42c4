// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

// What the line says of the holder, and what is known of it here.
extension LineWords {
  /// The process as the line has it.
  var holderSentences: [String] {
    guard row.pid != nil || row.program != nil else { return [] }
    var who = row.program ?? "process \(row.pid ?? 0)"
    if row.program != nil, let pid = row.pid { who += " (process \(pid))" }
    if row.others > 0 { who += " with \(Self.count(row.others, "other process"))" }
    let user = (row.user ?? row.uid.map { "user \($0)" }).map { ", as \($0)" } ?? ""
    return ["By the line \(who) holds it\(user)."]
  }

  /// What is known here.
  var knownSentences: [String] {
    var all: [String] = []
    if let live = facts.live { all += present(live) }
    if let past = facts.past, facts.live?.kind != .same { all += former(past) }
    if let why = facts.whyNot { all.append(reason(why)) }
    return all + facts.evidence.map(imported)
  }

  // MARK: - Now

  private func present(_ live: LiveMatch) -> [String] {
    var all: [String] = []
    let place = live.netns.map { "In the network namespace \($0)" } ?? "Here"
    let since = live.firstSeen.map { ", first seen \(text($0))" } ?? ""
    let sockets = Self.count(live.count, "socket")
    switch live.kind {
    case .same where live.judgement != nil, .listener:
      let end = Self.text(live.socket.local)
      let verb = live.socket.proto.transport == .tcp ? "listens on" : "takes datagrams at"
      let more = live.count > 1 ? "; \(sockets) fit" : ""
      let other = isOfAnother(live) ? "another program has it: " : ""
      all.append(
        owner(live).map { "\(place) \(other)\($0) \(verb) \(end)\(since)\(more)." }
          ?? "\(place) something \(verb) \(end)\(since)\(more); \(live.owner.unknownWords).")
      all += verdict(live)
      all += honesty(live)
    case .same:
      let isOther = row.state.map { $0 != live.socket.state } == true
      let state = isOther ? ", in \(live.socket.state.name) now" : ""
      all.append("\(place) it is open\(state): \(holds(live))\(since).")
    case .peer: all.append("\(place) is its other end: \(holds(live))\(since).")
    case .user:
      all.append("\(place) it is the own port of \(sockets), in \(live.socket.state.name)\(by(live)).")
    case .client:
      let them = live.count == 1 ? "is 1 connection" : "are \(live.count) connections"
      all.append("\(place) \(them) to that port open\(by(live)).")
    }
    return all
  }

  /// True where the line names a program and others hold the socket here.
  ///
  /// The tools cut names (netstat to 19 bytes, ss to 15, lsof to 9), and netstat has a command line's first word
  /// (`sshd: /usr/sbin`), so a name that begins like the other is the same.
  private func isOfAnother(_ live: LiveMatch) -> Bool {
    guard let process = live.owner.process, row.pid != process.pid,
      let word = row.program?.lowercased().prefix(while: { $0 != ":" && $0 != " " }), !word.isEmpty
    else { return false }
    // systemd holds the sockets of the units that it starts on demand beside their programs.
    if live.owner.others > 0, row.pid == 1 { return false }
    var names = live.programs + [process.name]
    if let exe = process.exe { names.append(String(exe.split(separator: "/").last ?? "")) }
    return !names.contains { name in
      let name = name.lowercased()
      return !name.isEmpty && (name.hasPrefix(word) || word.hasPrefix(name))
    }
  }

  private func by(_ live: LiveMatch) -> String { Self.list(live.programs).map { ", by \($0)" } ?? "" }

  private func holds(_ live: LiveMatch) -> String {
    owner(live).map { "\($0) holds it" } ?? live.owner.unknownWords
  }

  /// `sshd (pid 812, user root, ssh.service)`, nil where it is not known.
  private func owner(_ live: LiveMatch) -> String? {
    guard let process = live.owner.process else { return nil }
    var parts = ["pid \(process.pid)"]
    if let user = live.user { parts.append("user \(user)") }
    if let unit = process.unit { parts.append(unit) }
    if let container = process.container { parts.append("container \(container.prefix(12))") }
    if live.owner.others > 0 { parts.append("\(live.owner.others) more") }
    return "\(process.name) (\(parts.joined(separator: ", ")))"
  }

  /// `a, b and c`, at most five; nil for none.
  static func list(_ names: [String]) -> String? {
    guard let last = names.last else { return nil }
    if names.count > 5 { return names.prefix(5).joined(separator: ", ") + " and \(names.count - 5) more" }
    return names.count == 1 ? last : names.dropLast().joined(separator: ", ") + " and " + last
  }

  private func verdict(_ live: LiveMatch) -> [String] {
    guard let judgement = live.judgement else { return [] }
    if live.lacksPolicy { return ["Policy: none yet, no set of expected listeners exists."] }
    let reason = judgement.reason
    return switch judgement.verdict {
    case .expected: ["Verdict: expected."]
    case .new: ["Verdict: new, nothing is expected on this port."]
    case .changed: ["Verdict: changed, \(reason ?? "another program is expected there")."]
    case .widened: ["Verdict: widened, \(reason ?? "fewer are expected to reach it")."]
    case .gone: ["Verdict: gone."]
    }
  }

  /// Where the program is known for something else than its port is.
  private func honesty(_ live: LiveMatch) -> [String] {
    guard let process = live.owner.process else { return [] }
    let socket = live.socket
    let name = services.name(socket.local.port, socket.proto.transport)
    return ProgramServices.mismatch(
      program: process.exe ?? process.name, port: socket.local.port, transport: socket.proto.transport,
      registered: name
    ).map { [$0 + "."] } ?? []
  }

  // MARK: - The past

  private func former(_ past: PastMatch) -> [String] {
    let by = Self.list(past.programs).map { ", by \($0)" } ?? ""
    let when =
      past.count == 1
      ? "from \(text(past.first)) to \(text(past.last))"
      : past.isMore ? "last \(text(past.last))" : "first \(text(past.first)), last \(text(past.last))"
    let number = past.isMore ? "more than \(past.count)" : "\(past.count)"
    let isOne = past.count == 1 && !past.isMore
    if past.latest.role == .listener {
      return ["The history has \(isOne ? "a listener" : "\(number) listeners") on it, \(when)\(by)."]
    }
    if row.remote != nil {
      return ["The history has it \(isOne ? "once" : "\(number) times"), \(when)\(by)."]
    }
    return ["The history has \(isOne ? "1 connection" : "\(number) connections") with it, \(when)\(by)."]
  }

  /// `Imported evidence of mirage has it: ESTABLISHED from … to ….`
  private func imported(_ match: EvidenceMatch) -> String {
    let (first, last) = (text(match.first), text(match.last))
    let who = "Imported evidence of \(match.host) has it"
    guard match.count == 1 else { return "\(who) \(match.count) times, first \(first), last \(last)." }
    let states = match.states.map(\.name).joined(separator: ", then ")
    let end = match.closed.map { ", gone by \(text($0))" } ?? ""
    return "\(who): \(states) " + (first == last ? "at \(first)" : "from \(first) to \(last)") + "\(end)."
  }

  // MARK: - Not here

  private func reason(_ why: WhyNoSocket) -> String {
    let notRoot = facts.isRoot ? "" : ", or it is in a network namespace that only root may look into"
    let noHistory = facts.hasHistory ? "" : " There is no history to ask (connwatch record keeps one)."
    switch why {
    case .ended: return "It is not here any more."
    case .otherMachine:
      let name = facts.foreignHost ?? "its address"
      return "No socket here: \(name) is not of this machine, so the line is most likely of another one."
    case .nat:
      return
        "No socket here has these ends, but one has the same ports and another local address: "
        + "addresses are translated between (NAT)."
    case .hidden:
      return
        "Nothing is seen to listen on it here: the packet filter hands it on to another host or "
        + "container (NAT), or something hides it\(notRoot); connwatch listeners --probe looks "
        + "for hidden ones."
    case .unused:
      let place = row.local.address.map { $0.isUnspecified ? "" : " at \($0)" } ?? ""
      return "Nothing here has this port\(place) now.\(facts.past == nil ? noHistory : "")"
    case .unknown:
      return
        "No socket here: it has ended since, or is another "
        + "machine's\(notRoot).\(facts.past == nil ? noHistory : "")"
    }
  }
}

extension SocketOwner {
  /// Why no process can be named, as a part of a sentence.
  var unknownWords: String {
    switch whyUnknown {
    case .exited: "no process holds it any more"
    case .noPermission: "its process may not be seen (no permission)"
    case .otherNamespace: "its process is in a pid namespace that is not seen from here"
    case .kernel: "the kernel itself holds it"
    case .notYetAccepted: "no process has accepted it yet"
    case nil: "its process is not known"
    }
  }
}
