// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

// What a state means and what comes next, by RFC 9293 section 3.3.2; queues.
extension LineWords {
  var stateSentences: [String] {
    guard let state = row.state else {
      if row.remote != nil, row.transport == .tcp { return ["The line does not tell the state."] }
      return []
    }
    return meaning(state).map { [$0] } ?? []
  }

  /// What a state means and what comes next; how long it lasts by the system that wrote the line.
  private func meaning(_ state: SocketState) -> String? {
    if transport == .udp {
      return state == .established
        ? "ESTABLISHED says only that connect(2) was called: nothing need have answered." : nil
    }
    switch state {
    case .listen:
      return
        "LISTEN: it stays so until its program ends; each connection that is accepted is a socket of its own."
    case .synSent:
      return
        "SYN_SENT: the first SYN is out and no answer is there; next is ESTABLISHED, or a "
        + "refusal, or silence until it is given up after \(patience), which a firewall "
        + "that drops makes."
    case .synReceived:
      return
        "SYN_RECV: a SYN came and was answered; next is ESTABLISHED when the last part of the "
        + "handshake comes. Many that stay so mean answers that get lost, or a SYN flood."
    case .established:
      return
        "ESTABLISHED: both sides can send, though nothing need be moving; who closes first goes "
        + "to FIN_WAIT1, the other to CLOSE_WAIT."
    case .finWait1:
      return
        "FIN_WAIT1: this side has closed and waits for that to be acknowledged; next is "
        + "FIN_WAIT2, or CLOSING where both close at once, or TIME_WAIT at once where the other's FIN "
        + "comes with the acknowledgement."
    case .finWait2:
      return
        "FIN_WAIT2: this side has closed and the other knows it, and may still send; next is "
        + "TIME_WAIT when it closes too.\(orphans)"
    case .timeWait:
      return
        "TIME_WAIT: both sides have closed, this one first; the kernel keeps the ends for "
        + "\(timeWait) so that late packets meet nobody else, then it is gone. No process holds it."
    case .close:
      if row.remote != nil { return "CLOSE: the connection is closed, and its socket is done with." }
      return "CLOSE: a socket that is bound or done with, and connected to nobody."
    case .closeWait:
      return
        "CLOSE_WAIT: the other side has closed and this side's program has not; next is LAST_ACK "
        + "when it does. One that stays is a program that forgets to close."
    case .lastAck:
      return
        "LAST_ACK: both have closed, the other side first, and only its last acknowledgement is "
        + "missing; then it is gone."
    case .closing:
      return
        "CLOSING: both sides closed at the same moment; next is TIME_WAIT when the acknowledgement comes."
    case .unconnected: return nil
    case .unknown(let number): return "State \(number) has no name here."
    }
  }

  /// How long a SYN is sent again: tcp_syn_retries of Linux (tcp(7)); 3, 6 and 12 s of Windows, which sends three; the
  /// 75 s of the BSDs' connection timer.
  private var patience: String {
    switch row.format {
    case .windowsNetstat: "about 21 seconds"
    case .bsdNetstat: "75 seconds or so"
    default: "two minutes or so"
    }
  }

  /// How long TIME_WAIT lasts: a fixed minute in Linux; TcpTimedWaitDelay of Windows; twice the segments' lifetime in
  /// the BSDs, which is 15 or 30 s.
  private var timeWait: String {
    switch row.format {
    case .windowsNetstat: "two to four minutes (TcpTimedWaitDelay: 120 seconds, 240 in old ones)"
    case .bsdNetstat: "a minute or less"
    default: "a minute"
    }
  }

  /// What becomes of FIN_WAIT2 without a program: tcp_fin_timeout of Linux (tcp(7)).
  private var orphans: String {
    switch row.format {
    case .windowsNetstat, .bsdNetstat: ""
    default: " Where no program holds the socket the kernel gives up after a minute."
    }
  }

  var queueSentences: [String] {
    let (received, sent) = (row.receiveQueue ?? 0, row.sendQueue ?? 0)
    if row.state == .listen {
      if received > 0 { return ["\(Self.count(received, "connection")) in its queue, not yet accepted."] }
      return []
    }
    var all: [String] = []
    if received > 0 { all.append("\(Self.count(received, "byte")) came in that the program has not read.") }
    return all + sendQueue(sent)
  }

  /// Linux counts sequence numbers, of which a SYN and a FIN take one each (RFC 9293 section 3.4); the BSDs bytes.
  private func sendQueue(_ sent: UInt32) -> [String] {
    if sent == 0 { return [] }
    if transport == .udp { return ["\(Self.count(sent, "byte")) in its send queue, not yet sent."] }
    let control: String? =
      switch row.state {
      case _ where row.format == .bsdNetstat: nil
      case .synSent: "SYN"
      case .finWait1, .lastAck, .closing: "FIN"
      default: nil
      }
    let bytes = control == nil ? sent : sent - 1
    var all: [String] = []
    if let control { all.append("1 in its send queue is the \(control)'s sequence number, no byte.") }
    if bytes > 0 {
      all.append(
        "\(Self.count(bytes, "byte")) in its send queue, sent and not yet acknowledged, or not yet sent.")
    }
    return all
  }

  /// `1 byte`, `3 bytes`, `3 processes`.
  static func count(_ number: some BinaryInteger, _ noun: String) -> String {
    number == 1 ? "1 \(noun)" : "\(number) \(noun)\(noun.hasSuffix("s") ? "es" : "s")"
  }

  /// Who can reach a socket that takes what comes.
  var reachSentences: [String] {
    guard row.isListener, row.remote == nil, let address = row.local.address else { return [] }
    let verb = transport == .tcp ? "connect" : "send to it"
    var all: [String] = []
    if address.isLoopback {
      all.append("Bound to \(address), so only programs of the same machine can \(verb).")
    } else if address.isUnspecified {
      let family =
        row.proto?.isV6 == true
        ? "every address, of IPv4 too unless it is for IPv6 alone" : "every IPv4 address"
      all.append(
        "Bound to \(family), so every host that the network and the firewall let through can \(verb).")
    } else if address.isPrivate {
      all.append("Bound to \(address), a private address: hosts of the local network can \(verb).")
    } else {
      all.append("Bound to \(address), so every host that reaches this address can \(verb).")
    }
    if let port = row.local.port,
      let risk = PortRisk.note(port: port, transport: transport, isLoopback: address.isLoopback)
    {
      all.append("Mind: \(risk).")
    }
    return all
  }
}
