// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

/// Some sockets with a name each; a filter is judged by which of them it keeps.
enum FilterSamples {
  static let nginx = OwningProcess(
    pid: 100, startTime: 1, name: "nginx", exe: "/usr/sbin/nginx", unit: "nginx.service")
  static let curl = OwningProcess(
    pid: 200, startTime: 2, name: "curl", exe: "/opt/tools/curl-8.5", unit: "session-3.scope",
    container: "4f66ad9f2bd1c0ffee")
  static let odd = OwningProcess(pid: 300, startTime: 3, name: "Web Content", exe: nil)
  static let systemd = OwningProcess(pid: 301, startTime: 4, name: "(sd-pam)", exe: "/lib/systemd/systemd")

  static func v4(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32) -> IPAddress {
    IPAddress(v4: a << 24 | b << 16 | c << 8 | d)
  }
  static let doc = IPAddress(high: 0x2001_0DB8_0000_0000, low: 1)
  static let loopback6 = IPAddress(high: 0, low: 1)

  private static func make(
    _ proto: Proto, _ state: SocketState, _ local: Endpoint, _ remote: Endpoint,
    uid: UInt32 = SocketRow.noUID,
    role: Life.Role = .connection, direction: Direction? = nil, process: OwningProcess? = nil
  ) -> FilterSubject {
    let row = SocketRow(proto: proto, state: state, local: local, remote: remote, rawUID: uid)
    return FilterSubject(
      row, role: role, direction: direction, owner: process.map { SocketOwner(process: $0) } ?? .notLookedUp)
  }

  static let all: [(String, FilterSubject)] = [
    (
      "weblisten",
      make(
        .tcp, .listen, Endpoint(.anyV4, 80), Endpoint(.anyV4, 0), uid: 0, role: .listener, process: nginx)
    ),
    (
      "webin",
      make(
        .tcp6, .established, Endpoint(v4(10, 0, 0, 5), 80), Endpoint(v4(192, 0, 2, 7), 51000), uid: 33,
        direction: .inbound, process: nginx)
    ),
    (
      "curl",
      make(
        .tcp, .established, Endpoint(v4(10, 0, 0, 5), 40000), Endpoint(v4(198, 51, 100, 1), 443), uid: 1000,
        direction: .outbound, process: curl)
    ),
    (
      "curl6",
      make(
        .tcp6, .synSent, Endpoint(loopback6, 40001), Endpoint(doc, 443), uid: 1000, direction: .outbound,
        process: curl)
    ),
    (
      "wait",
      make(
        .tcp, .timeWait, Endpoint(v4(10, 0, 0, 5), 22), Endpoint(v4(192, 0, 2, 9), 51001), direction: .inbound
      )
    ),
    (
      "mdns", make(.udp, .unconnected, Endpoint(.anyV4, 5353), Endpoint(.anyV4, 0), uid: 109, role: .listener)
    ),
    (
      "dns",
      make(
        .udp, .established, Endpoint(v4(10, 0, 0, 5), 33333), Endpoint(v4(10, 0, 0, 1), 53), uid: 0,
        direction: .outbound, process: odd)
    ),
    (
      "bound6",
      make(
        .udp6, .unconnected, Endpoint(.anyV6, 50000), Endpoint(.anyV6, 0), uid: 1, role: .bound,
        process: systemd)
    ),
    ("closed", make(.tcp, .close, Endpoint(v4(127, 0, 0, 1), 22), Endpoint(v4(127, 0, 0, 1), 22))),
    ("strange", make(.tcp, .unknown(31), Endpoint(v4(127, 0, 0, 1), 1), Endpoint(v4(127, 0, 0, 1), 2))),
  ]

  static func filter(_ words: [String]) throws -> Filter {
    try Filter(words, services: .builtIn) { ["root": 0, "www-data": 33, "alice": 1000][$0] }
  }

  static func kept(_ words: [String]) throws -> String {
    let filter = try filter(words)
    return all.filter { filter.matches($0.1) }.map(\.0).joined(separator: " ")
  }
}

@Suite struct FilterTests {
  static let everything = FilterSamples.all.map(\.0).joined(separator: " ")

  @Test(
    arguments: [
      ("", everything), ("   ", everything),
      // States.
      ("state established", "webin curl dns"), ("state ESTAB", "webin curl dns"), ("state Time_Wait", "wait"),
      ("state TIME-WAIT", "wait"), ("state listen", "weblisten"), ("state listening", "weblisten"),
      ("state close", "closed"), ("state UNCONN", "mdns bound6"), ("state closed", "mdns bound6 closed"),
      ("state unconnected", "mdns bound6 closed"), ("state bucket", "wait"),
      ("state big", "weblisten webin curl curl6 mdns dns bound6 closed strange"),
      ("state connected", "webin curl curl6 wait dns strange"),
      ("state synchronized", "webin curl wait dns strange"), ("state all", everything),
      ("state unknown", "strange"),
      ("state syn-sent state time-wait", "curl6 wait"),
      ("exclude established exclude unconn", "weblisten curl6 wait closed strange"),
      ("exclude established state established", everything),
      ("state all exclude listening exclude established", "curl6 wait mdns bound6 closed strange"),
      ("state established and state listening", ""),
      ("state established or state listening", "weblisten webin curl dns"),
      ("state != established", "weblisten curl6 wait mdns bound6 closed strange"),
      ("( exclude established ) sport 22", "wait closed"),
      // States in front hold for everything that follows, as in ss.
      ("state established dport = 443 or sport = 80", "webin curl"),
      ("state established and dport = 443 or sport = 80", "weblisten webin curl"),
      ("state established state listening or dport 443", "weblisten webin curl curl6 dns"),
      ("sport 22 state time-wait", "wait"),
      // Addresses.
      ("src 10.0.0.0/8", "webin curl wait dns"), ("src 10/8", "webin curl wait dns"),
      ("dst 192.0.2.0/24", "webin wait"), ("dst 192.0.2.7", "webin"), ("dst = 192.0.2.7", "webin"),
      ("dst=192.0.2.7", "webin"), ("dst ::ffff:192.0.2.7", "webin"),
      ("dst ::ffff:0:0/96 src 10.0.0.5", "webin curl wait dns"),
      ("dst 2001:db8::/32", "curl6"), ("dst [2001:db8::/32]", "curl6"), ("dst [2001:db8::1]:443", "curl6"),
      ("dst [2001:db8::]/32:https", "curl6"), ("dst [2001:db8::/32]:443", "curl6"),
      ("dst [2001:db8::1]:444", ""),
      ("src ::/0", "curl6 bound6"), ("src 0/0", "weblisten webin curl wait mdns dns closed strange"),
      ("src 0.0.0.0", "weblisten mdns"), ("src *:22", "wait closed"), ("src :22", "wait closed"),
      ("src *", everything),
      ("src :*", everything), ("not src *:*", ""), ("src 10.0.0.5:22", "wait"),
      ("src 10.0.0.0/8:ssh", "wait"),
      ("dst != 127.0.0.1 src 127/8", ""), ("host 10.0.0.1", "dns"), ("host 192.0.2.0/24:51000", "webin"),
      ("host 192.0.2.7:80", ""), ("net 198.51.100.0/24", "curl"),
      ("not net 0/0", "curl6 bound6"), ("net 10.0.0.99/24", "webin curl wait dns"),
      // Ports.
      ("sport 22", "wait closed"), ("sport :22", "wait closed"), ("sport *:22", "wait closed"),
      ("sport = :ssh", "wait closed"), ("sport eq ssh", "wait closed"), ("sport == 22", "wait closed"),
      ("sport != 22 src 10.0.0.5", "webin curl dns"), ("sport ne 22 src 10.0.0.5", "webin curl dns"),
      ("sport neq 22 src 10.0.0.5", "webin curl dns"), ("sport < 22", "strange"), ("sport lt 22", "strange"),
      ("sport<=22", "wait closed strange"), ("sport le 22", "wait closed strange"),
      ("sport leq 22", "wait closed strange"), ("sport > 40000", "curl6 bound6"),
      ("sport gt 40000", "curl6 bound6"),
      ("sport>=:40000", "curl curl6 bound6"), ("sport ge 40000", "curl curl6 bound6"),
      ("sport geq 40000", "curl curl6 bound6"), ("sport < 0", ""), ("dport > 65535", ""),
      ("sport >= 0", everything), ("dport <= 65535", everything), ("dport=443", "curl curl6"),
      ("(dport=:443)", "curl curl6"), ("dport :http", ""), ("port 22", "wait closed"), ("port 53", "dns"),
      ("port != 22", "weblisten webin curl curl6 mdns dns bound6 strange"), ("port > 50000", "webin wait"),
      ("port = :domain", "dns"),
    ] as [(String, String)])
  func keeps(text: String, kept: String) throws {
    // As one quoted word, and as the words the shell would make of it.
    #expect(try FilterSamples.kept([text]) == kept)
    #expect(try FilterSamples.kept(text.split(separator: " ").map(String.init)) == kept)
  }

  @Test(arguments: [
    ("service http", "weblisten webin"), ("service www", "weblisten webin"),
    ("service 80", "weblisten webin"),
    ("service https", "curl curl6"), ("service 443/udp", ""), ("service domain/udp", "dns"),
    ("service :ssh", "wait"),
    ("service mdns", "mdns"), ("service 50000", ""), ("service != https proto tcp6", "webin"),
    ("process nginx", "weblisten webin"), ("process=nginx", "weblisten webin"), ("process ngin", ""),
    ("process curl-8.5", "curl curl6"), ("process curl*", "curl curl6"), ("process *8.5", "curl curl6"),
    ("process /opt/tools/*", "curl curl6"), ("process tools/curl", ""),
    ("process /usr/sbin/nginx", "weblisten webin"),
    ("process 'Web Content'", "dns"), ("process \"Web*\"", "dns"), ("process (sd-pam)", "bound6"),
    ("(process (sd-pam))", "bound6"), ("(process nginx)", "weblisten webin"), ("process Nginx", ""),
    ("process nginx|process curl", "weblisten webin curl curl6"), ("process != nginx sport 80", ""),
    ("not process *", "wait mdns closed strange"), ("pid 100", "weblisten webin"), ("pid = 300", "dns"),
    ("pid != 100 sport 80", ""), ("user root", "weblisten dns"), ("user 0", "weblisten dns"),
    ("user=alice", "curl curl6"), ("not user 0 sport 22", "wait closed"), ("unit nginx", "weblisten webin"),
    ("unit nginx.service", "weblisten webin"), ("unit ng*", "weblisten webin"),
    ("unit n*x", "weblisten webin"),
    ("unit session-3", ""), ("unit session-*.scope", "curl curl6"), ("container 4f66ad9f2bd1", "curl curl6"),
    ("container 4f", "curl curl6"), ("container f66", ""), ("container *ffee", "curl curl6"),
    ("container *", "curl curl6"), ("direction in", "webin wait"), ("direction INBOUND", "webin wait"),
    ("direction out", "curl curl6 dns"), ("direction outbound", "curl curl6 dns"),
    ("direction unknown", "weblisten mdns bound6 closed strange"),
    ("proto tcp", "weblisten webin curl curl6 wait closed strange"), ("proto tcp6", "webin curl6"),
    ("proto udp", "mdns dns bound6"), ("proto udp6", "bound6"), ("proto != tcp", "mdns dns bound6"),
    ("proto tcp not proto tcp6 state established", "curl"),
    // Operators.
    ("not sport 22 not proto udp", "weblisten webin curl curl6 strange"),
    ("! sport 22 and !proto udp", "weblisten webin curl curl6 strange"),
    ("sport 80 or sport 22 and state time-wait", "weblisten webin wait"),
    ("sport 80 || sport 22 && state time-wait", "weblisten webin wait"),
    ("sport 80|sport 22&state time-wait", "weblisten webin wait"),
    ("( sport 80 or sport 22 ) state time-wait", "wait"),
    ("(sport 80 or sport 22)and(state time-wait)", "wait"),
    ("not ( sport 80 or sport 22 or proto udp )", "curl curl6 strange"),
    ("not not sport 22", "wait closed"), ("!!!sport 22 src 10.0.0.5", "webin curl dns"),
    ("NOT sport 22 AND src 10.0.0.5", "webin curl dns"), ("((((sport 22))))", "wait closed"),
    ("not ( not ( sport 22 ) and not ( sport 80 ) )", "weblisten webin wait closed"),
  ])
  func keepsByService(text: String, kept: String) throws {
    #expect(try FilterSamples.kept([text]) == kept)
  }

  @Test(arguments: [
    (["state", "established", "( dport = :https or sport = :http )", "dst", "198.51.100/24"], "curl"),
    (["process", "Web Content"], "dns"), (["process", "(sd-pam)"], "bound6"),
    (["(process", "nginx)"], "weblisten webin"),
    (["process nginx", "state listening"], "weblisten"),
    (["process", "Web Content", "or", "sport 22"], "wait dns closed"),
    (["(", "sport", "=", ":22", ")"], "wait closed"), (["(sport", "=", ":22)"], "wait closed"),
    ([], everything),
    (["", " "], everything), (["process", "and"], ""),
    (["not", "process", "or", "and", "sport", "80"], "weblisten webin"),
  ])
  func keepsWords(words: [String], kept: String) throws {
    #expect(try FilterSamples.kept(words) == kept)
  }

  @Test(
    arguments: [
      ("state established", false, 15), ("process nginx", true, 15), ("user root", false, 15),
      ("not pid 1", true, 15),
      ("unit a or sport 22", true, 15), ("container a", true, 15), ("proto tcp", false, 3),
      ("proto udp6", false, 8),
      ("proto tcp or proto udp6", false, 11), ("proto tcp and sport 22", false, 3),
      ("proto tcp or sport 22", false, 15),
      ("not proto tcp", false, 12), ("not (proto tcp or proto udp6)", false, 4),
      ("proto tcp proto udp", false, 0),
      ("dst 2001:db8::/32", false, 10), ("dst ::/0", false, 10), ("dst 10/8", false, 15),
      ("not dst ::/0", false, 15),
      ("proto tcp dst ::1", false, 2), ("service ssh", false, 3), ("service 22", false, 15),
      ("service mdns", false, 12),
    ] as [(String, Bool, UInt8)])
  func saysWhatItNeeds(text: String, owners: Bool, protos: UInt8) throws {
    let filter = try FilterSamples.filter([text])
    #expect(filter.usesOwners == owners)
    #expect(filter.protos == ProtoSet(rawValue: protos))
  }

  @Test func severalPortsOfOneName() throws {
    let services = ServiceNames(file: Array("farm 100/tcp\nfarm 200/tcp\n".utf8))
    let filter = try Filter(["sport", "farm"], services: services) { _ in nil }
    #expect(filter.expression == .any([.test(.port(.local, 100...100)), .test(.port(.local, 200...200))]))
    #expect(throws: FilterError.self) { try Filter(["sport", "<", "farm"], services: services) { _ in nil } }
  }

  @Test func sixtyFourKilobytes() throws {
    let long = Array(repeating: "sport 22", count: 7000).joined(separator: " or ")
    #expect(try FilterSamples.kept([long]) == "wait closed")
    let deep = String(repeating: "(", count: 30_000) + "sport 22" + String(repeating: ")", count: 30_000)
    #expect(try FilterSamples.kept([deep]) == "wait closed")
    let nots = String(repeating: "!(", count: 20_001) + "sport != 22" + String(repeating: ")", count: 20_001)
    #expect(try FilterSamples.kept([nots]) == "wait closed")
    let open = String(repeating: "(", count: 65_536)
    #expect(throws: FilterError.self) { try FilterSamples.filter([open]) }
    let turns = String(repeating: "(sport 1 or (dport 2 and ", count: 2500)
    #expect(throws: FilterError.self) {
      try FilterSamples.filter([turns + "sport 3" + String(repeating: "))", count: 2500)])
    }
  }

  @Test func grammarFitsATerminal() {
    #expect(Filter.grammar.split(separator: "\n").allSatisfy { $0.count < 80 })
  }
}
