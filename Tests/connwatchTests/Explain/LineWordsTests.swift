// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

/// The texts, as they are read.
struct LineWordsTests {
  private func words(_ line: String, _ facts: LineFacts = LineFacts()) throws -> LineWords {
    let lines = EvidenceReader.read([line], services: .builtIn)
    let row = try #require(lines.first?.row, "\(line): \(lines.first?.error ?? "nothing")")
    return LineWords(row: row, facts: facts, services: .builtIn, zone: .utc)
  }

  /// Every line with its paragraph, as the command prints it.
  private func told(_ lines: [(line: String, facts: LineFacts)]) throws -> String {
    var text = ""
    for (line, facts) in lines {
      text += (text.isEmpty ? "" : "\n") + line + "\n"
      Paragraph.append(try words(line, facts).text, width: 80, indent: 2, to: &text)
    }
    return text
  }

  private func told(_ lines: [String]) throws -> String { try told(lines.map { ($0, LineFacts()) }) }

  @Test
  func `Each format`() throws {
    try expectGolden(
      told([
        "TCP    mirage:1372   vnt4.webhosting.com:80   ESTABLISHED",
        "TCP    mirage:1374   vnt4.webhosting.com:80   ESTABLISHED",
        "UDP    0.0.0.0:123   *:*   1044",
        "tcp  0 0 192.0.2.10:60560 192.0.2.7:443 ESTABLISHED 1000 17 99/curl off (0.00/0/0)",
        "tcp6 0 0 :::22 :::* LISTEN 812/sshd", "udp 0 0 0.0.0.0:69 0.0.0.0:*",
        "udp 0 0 192.0.2.10:43539 192.0.2.7:53 ESTABLISHED",
        "tcp4 0 0 10.0.0.5.51234 192.0.2.7.443 ESTABLISHED",
        "tcp LISTEN 3 128 127.0.0.1:5432 0.0.0.0:* users:((\"postgres\",pid=7,fd=3),(\"postgres\",pid=8,fd=3))",
        "ESTAB 5 36 192.0.2.10:22 192.0.2.7:47906",
        "nginx 7 www 3u IPv4 17 0t0 TCP 10.0.0.5:80 (LISTEN)",
        "23/tcp open telnet", "123/udp open|filtered ntp", "24/tcp closed priv-mail", "22/tcp filtered ssh",
        "8022/tcp open ssh", "1372", "1372/udp", "ssh", "vnt4.webhosting.com:80", "192.0.2.10:50000",
        "192.0.2.10:40000 192.0.2.7:40001", "192.0.2.10:2049 -> 192.0.2.7:1023",
        "192.0.2.7:20 -> 192.0.2.10:40001 ESTABLISHED",
      ]), "explain-formats.txt")
  }

  @Test
  func `Each state`() throws {
    let states = SocketState.named.filter { $0 != .unconnected }.map(\.name)
    try expectGolden(
      told(states.map { "tcp 0 0 192.0.2.10:45000 192.0.2.7:80 \($0)" }), "explain-states.txt")
  }

  @Test(
    arguments: [
      ("TCP 192.0.2.10:1025 192.0.2.7:80 TIME_WAIT", "two to four minutes", "a minute"),
      ("TCP 192.0.2.10:1025 192.0.2.7:80 SYN_SENT", "about 21 seconds", "two minutes"),
      ("TCP 192.0.2.10:1025 192.0.2.7:80 FIN_WAIT_2", "this side has closed", "after a minute"),
      ("tcp4 0 0 192.0.2.10.1025 192.0.2.7.80 SYN_SENT", "75 seconds", "two minutes"),
      ("tcp 0 0 192.0.2.10:1025 192.0.2.7:80 TIME_WAIT", "for a minute", "four"),
      ("tcp 0 0 192.0.2.10:1025 192.0.2.7:80 FIN_WAIT1", "or TIME_WAIT at once", "Linux"),
      ("tcp 0 0 192.0.2.10:1025 192.0.2.7:80 CLOSE", "the connection is closed", "connected to nobody"),
    ])
  func `How long a state lasts is as the line's system has it`(line: String, says: String, not: String) throws
  {
    let state = try words(line).stateSentences.joined()
    #expect(state.contains(says) && !state.contains(not), "\(state)")
  }

  @Test(
    arguments: [
      (
        "tcp 0 1 192.0.2.10:45000 192.0.2.7:80 SYN_SENT",
        ["1 in its send queue is the SYN's sequence number, no byte."]
      ),
      (
        "tcp 0 1 192.0.2.10:45000 192.0.2.7:80 LAST_ACK",
        ["1 in its send queue is the FIN's sequence number, no byte."]
      ),
      (
        "tcp 0 9 192.0.2.10:45000 192.0.2.7:80 FIN_WAIT1",
        [
          "1 in its send queue is the FIN's sequence number, no byte.",
          "8 bytes in its send queue, sent and not yet acknowledged, or not yet sent.",
        ]
      ),
      (
        "tcp 0 1 192.0.2.10:45000 192.0.2.7:80 ESTABLISHED",
        ["1 byte in its send queue, sent and not yet acknowledged, or not yet sent."]
      ),
      (
        "tcp4 0 1 192.0.2.10.45000 192.0.2.7.80 LAST_ACK",
        ["1 byte in its send queue, sent and not yet acknowledged, or not yet sent."]
      ),
      ("udp 0 3 192.0.2.10:45000 192.0.2.7:53 ESTABLISHED", ["3 bytes in its send queue, not yet sent."]),
      ("tcp 0 0 192.0.2.10:45000 192.0.2.7:80 CLOSING", []),
    ] as [(String, [String])])
  func `What waits to be sent`(line: String, says: [String]) throws {
    #expect(try words(line).queueSentences == says)
  }

  @Test(
    arguments: [
      ("tcp 0 0 0.0.0.0:22 0.0.0.0:* LISTEN 1234/sshd", true), ("tcp 0 0 0.0.0.0:22 0.0.0.0:* LISTEN", false),
      ("tcp 0 0 0.0.0.0:22 0.0.0.0:* LISTEN 9/python3.13", false),
      ("tcp 0 0 0.0.0.0:22 0.0.0.0:* LISTEN 1234/python3", false),
      ("tcp 0 0 0.0.0.0:22 0.0.0.0:* LISTEN 812/server.py", false),
      ("python3.1 7 www 3u IPv4 17 0t0 TCP *:22 (LISTEN)", false), ("22/tcp open ssh", false),
    ])
  func `A line that names another program than the one that is here`(line: String, isOther: Bool) throws {
    let python = OwningProcess(pid: 812, startTime: 1, name: "python3", exe: "/usr/bin/python3.13")
    var facts = LineFacts()
    facts.live = LiveMatch(
      kind: .same,
      socket: SocketRow(
        proto: .tcp, state: .listen, local: Endpoint(.anyV4, 22), remote: Endpoint(.anyV4, 0)),
      owner: SocketOwner(process: python))
    facts.live?.judgement = ExpectedSet.Judgement(verdict: .new)
    facts.live?.lacksPolicy = true
    let words = try words(line, facts).knownSentences
    let other = isOther ? "another program has it: " : ""
    #expect(words.first == "Here \(other)python3 (pid 812) listens on 0.0.0.0:22.")
    #expect(words.contains("Policy: none yet, no set of expected listeners exists."))
  }

  @Test
  func `A scan of a host that nobody minded`() throws {
    let ports: [(UInt16, String, String)] = [
      (7, "echo", "Echo"), (9, "discard", "Discard"), (13, "daytime", "Daytime"),
      (19, "chargen", "Character Generator"),
      (21, "ftp", "File Transfer Protocol [Control]"), (23, "telnet", "Telnet"),
      (25, "smtp", "Simple Mail Transfer"), (37, "time", "Time"), (79, "finger", "Finger"),
      (111, "sunrpc", "SUN Remote Procedure Call"), (512, "exec", "remote process execution"),
      (513, "login", "remote login a la telnet"), (514, "shell", "cmd"), (515, "printer", "spooler"),
      (540, "uucp", "uucpd"), (6000, "x11", "X Window System"), (6112, "dtspcd", "dtspcd"),
      (7100, "font-service", "X Font Service"),
    ]
    #expect(ports.count == 18)
    let lines = ports.map { "|___ \($0.0)  [\($0.1)] \($0.2)" } + ["|___ 79  Finger"]
    let text = try told(lines)
    try expectGolden(text, "explain-scan.txt")
    for line in lines {
      #expect(try words(line).scanSentences.count == 3, "\(line): a hint of its own")
    }
  }

  @Test
  func `What is known here`() throws {
    let sshd = OwningProcess(
      pid: 812, startTime: 1, name: "sshd", exe: "/usr/sbin/sshd", unit: "ssh.service")
    let telnetd = OwningProcess(pid: 9, startTime: 1, name: "in.telnetd", exe: "/usr/sbin/in.telnetd")
    let moment = Timestamp(microseconds: 1_700_000_000_000_000)
    let listening = SocketRow(
      proto: .tcp, state: .listen, local: Endpoint(.anyV4, 22), remote: Endpoint(.anyV4, 0), inode: 7,
      rawUID: 0)
    func listener(_ verdict: ListenerVerdict, _ reason: String? = nil) -> LineFacts {
      var facts = LineFacts()
      facts.live = LiveMatch(kind: .listener, socket: listening, owner: SocketOwner(process: sshd, others: 2))
      facts.live?.user = "root"
      facts.live?.firstSeen = moment
      facts.live?.judgement = ExpectedSet.Judgement(verdict: verdict, reason: reason)
      return facts
    }
    var odd = LineFacts()
    odd.live = LiveMatch(kind: .listener, socket: listening, owner: SocketOwner(process: telnetd))
    odd.live?.socket.local.port = 65
    var hidden = listener(.new)
    hidden.live?.owner = SocketOwner(unknown: .noPermission)
    var elsewhere = listener(.expected)
    elsewhere.live?.netns = "blue"
    elsewhere.live?.judgement = nil
    let open = SocketRow(
      proto: .tcp, state: .closeWait, local: Endpoint(IPAddress(v4: 0xC000_020A), 45000),
      remote: Endpoint(IPAddress(v4: 0xC000_0207), 80), inode: 9)
    var connection = LineFacts()
    connection.live = LiveMatch(kind: .same, socket: open, owner: SocketOwner(process: sshd))
    connection.live?.direction = .outbound
    connection.control = Life(
      id: 1,
      row: SocketRow(
        proto: .tcp, state: .established, local: Endpoint(IPAddress(v4: 0xC000_020A), 45001),
        remote: Endpoint(IPAddress(v4: 0xC000_0207), 21)), role: .connection, direction: .outbound,
      firstSeen: moment, firstSeenBoot: 0, uncertainty: nil, sources: .proc)
    var peer = connection
    peer.control = nil
    peer.live?.kind = .peer
    var clients = connection
    clients.control = nil
    clients.live?.kind = .client
    clients.live?.count = 3
    clients.live?.programs = ["a", "b", "c", "d", "e", "f"]
    var past = LineFacts()
    past.hasHistory = true
    past.whyNot = .ended
    var life = Life(
      id: 1, row: open, role: .connection, direction: .outbound, firstSeen: moment, firstSeenBoot: 0,
      uncertainty: nil, sources: .proc)
    life.owner = SocketOwner(process: sshd)
    life.lastSeenOffset = 90_000_000
    past.past = PastMatch([life])
    var often = past
    often.past = PastMatch(Array(repeating: life, count: 101))
    let line = "tcp 0 0 192.0.2.10:45000 192.0.2.7:80 ESTABLISHED"
    var told: [(line: String, facts: LineFacts)] = [
      ("22/tcp open ssh", listener(.expected)), ("22/tcp open ssh", listener(.new)),
      ("22/tcp open ssh", listener(.changed, "expected /usr/sbin/dropbear")),
      ("22/tcp open ssh", listener(.widened, "expected loopback")), ("65/tcp open", odd),
      ("22", hidden), ("22", elsewhere), (line, connection), (line, peer), ("80", clients), (line, past),
      (line, often), ("80", often),
    ]
    for why in WhyNoSocket.allCases {
      for isRoot in [false, true] {
        var facts = LineFacts()
        facts.whyNot = why
        facts.foreignHost = "192.0.2.10"
        facts.isRoot = isRoot
        facts.hasHistory = isRoot
        told.append((why == .hidden || why == .unused ? "23/tcp open telnet" : line, facts))
      }
    }
    try expectGolden(self.told(told), "explain-known.txt")
  }

  @Test(
    arguments: [
      ("TCP mirage:1372 vnt4.webhosting.com:80 ESTABLISHED", 80, 1372, false),
      ("tcp 0 0 192.0.2.10:80 192.0.2.7:47906 TIME_WAIT", 80, 47906, true),
      ("tcp 0 0 192.0.2.10:8080 192.0.2.7:47906 TIME_WAIT", 8080, 47906, true),
      ("tcp 0 0 192.0.2.10:50000 192.0.2.7:50001 SYN_SENT", 50001, 50000, false),
      ("tcp 0 0 192.0.2.10:50000 192.0.2.7:50001 SYN_RECV", 50000, 50001, true),
      ("192.0.2.10:5432 192.0.2.7:1374", 5432, 1374, true),
      ("192.0.2.10:22 192.0.2.7:1023", 22, 1023, true), ("192.0.2.10:50000 192.0.2.7:50001", nil, nil, nil),
    ] as [(String, UInt16?, UInt16?, Bool?)])
  func `Which end is the server's`(line: String, server: UInt16?, client: UInt16?, isLocal: Bool?) throws {
    let words = try words(line)
    #expect(words.servicePort == server)
    #expect(words.clientPort == client)
    #expect(words.roles?.serverIsLocal == isLocal)
  }

  @Test
  func `What is seen here outweighs what ports suggest`() throws {
    var facts = LineFacts()
    facts.live = LiveMatch(
      kind: .peer,
      socket: SocketRow(
        proto: .tcp, state: .established, local: Endpoint(.anyV4, 443), remote: Endpoint(.anyV4, 9)))
    facts.live?.direction = .outbound
    let words = try words("192.0.2.10:443 192.0.2.7:45000", facts)
    #expect(words.roles?.serverIsLocal == true)
    facts.live?.kind = .same
    #expect(try self.words("192.0.2.10:443 192.0.2.7:45000", facts).roles?.serverIsLocal == false)
  }

  @Test(
    arguments: [
      (40000, EvidenceFormat.ss, "this kernel's range"), (1372, .ss, "Windows before Vista"),
      (5000, .windowsNetstat, "1025 to 5000"), (1024, .windowsNetstat, "old BSDs"),
      (5001, .ss, "no system's"),
      (52000, .ss, "this kernel's"),
      (52000, .windowsNetstat, "Windows since Vista"), (61000, .ss, "since Vista"),
      (40000, .bsdNetstat, "usual range of Linux"),
      (800, .ss, "below 1024"), (20000, .ss, "no system's usual range"),
    ] as [(UInt16, EvidenceFormat, String)])
  func `Why a client has its port`(port: UInt16, format: EvidenceFormat, says: String) {
    #expect(ClientPorts.meaning(port, of: EphemeralRange(), format: format).contains(says))
  }

  @Test
  func `No sentence is left open`() throws {
    for port in 1...UInt16.max where port % 7 == 0 || port < 1024 {
      for line in [
        "\(port)/tcp open", "\(port)/udp open|filtered", "tcp 0 0 0.0.0.0:\(port) 0.0.0.0:* LISTEN",
      ] {
        for sentence in try words(line).sentences {
          #expect(sentence.hasSuffix("."), "\(sentence)")
          #expect(!sentence.hasSuffix("..") && !sentence.contains("  "), "\(sentence)")
          let isPlain = sentence.utf8.allSatisfy { $0 < 128 }
          #expect(isPlain, "\(sentence)")
        }
      }
    }
  }
}
