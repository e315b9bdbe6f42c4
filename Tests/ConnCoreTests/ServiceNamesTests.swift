// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@Suite struct ServiceNamesTests {
  private let file = Array(
    """
    # comment
    ssh\t\t22/tcp\t\t\t# SSH Remote Login Protocol
    domain 53/tcp
    domain 53/udp # no alias
    http 80/tcp www
    websm 9090/tcp
    myredis 6379/tcp cache
    torrents 700000/tcp
    zero 0/tcp
    notaport x/tcp
    sctponly 100/sctp
    evil\u{1B}[31m 98/tcp good
    short
    crlf 97/tcp alias\r
    last 96/udp
    """.utf8)

  @Test(
    arguments: [
      (UInt16(22), Transport.tcp, "ssh"), (22, .udp, nil), (53, .udp, "domain"), (80, .tcp, "http"),
      (9090, .tcp, "websm"), (6379, .tcp, "myredis"), (98, .tcp, "good"), (97, .tcp, "crlf"),
      (96, .udp, "last"),
      (100, .tcp, nil), (443, .tcp, "https"), (443, .udp, "https"), (51820, .udp, "wireguard"),
      (0, .tcp, nil),
      (65535, .udp, nil), (8443, .tcp, "https-alt"), (25, .tcp, "smtp"),
    ] as [(UInt16, Transport, String?)])
  func namesAPort(port: UInt16, transport: Transport, name: String?) {
    #expect(ServiceNames(file: file).name(port, transport) == name)
  }

  @Test(
    arguments: [
      ("ssh", ["22/tcp"]), ("SSH", ["22/tcp"]), ("www", ["80/tcp"]), ("domain", ["53/tcp", "53/udp"]),
      // The file calls the port something else, but this is still its name for us.
      ("prometheus", ["9090/tcp"]), ("redis", ["6379/tcp"]), ("cache", ["6379/tcp"]), ("alias", ["97/tcp"]),
      ("zero", []), ("torrents", []), ("", []), ("nonsense", []),
    ] as [(String, [String])])
  func findsPorts(name: String, ports: [String]) {
    #expect(ServiceNames(file: file).ports(named: name).map { "\($0.0)/\($0.1.name)" } == ports)
  }

  @Test func theFileWins() {
    let names = ServiceNames(file: Array("redis 7000/tcp\n".utf8))
    #expect(names.ports(named: "redis").map(\.0) == [7000])
    #expect(names.name(7000, .tcp) == "redis")
    #expect(names.name(6379, .tcp) == nil)
  }

  @Test func growsWithTheFile() {
    let text = (1...20_000).map { "s\($0) \($0)/tcp\n" }.joined()
    let names = ServiceNames(file: Array(text.utf8))
    #expect((1...20_000).allSatisfy { names.name(UInt16($0), .tcp) == "s\($0)" })
  }

  @Test func anyBytesAtAll() {
    _ = ServiceNames(file: (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 3) })
    _ = ServiceNames(file: Array("a 99999999999999999999/tcp\nb /tcp\nc 1/\n/ /\n".utf8))
    #expect(ServiceNames.builtIn.name(22, .tcp) == "ssh")
    #expect(ServiceNames.builtIn.ports(named: "dns").count == 2)
  }

  @Test(
    arguments: [
      (Direction.inbound, Life.Role.connection, UInt16(22)), (.outbound, .connection, 40000),
      (nil, .connection, nil),
      (nil, .listener, 22), (nil, .bound, nil),
    ] as [(Direction?, Life.Role, UInt16?)])
  func namesOnlyTheServiceEnd(direction: Direction?, role: Life.Role, port: UInt16?) {
    let (local, remote) = (Endpoint(.anyV4, 22), Endpoint(.anyV4, 40000))
    #expect(serviceEnd(.tcp, local: local, remote: remote, role: role, direction: direction) == port)
  }
}
