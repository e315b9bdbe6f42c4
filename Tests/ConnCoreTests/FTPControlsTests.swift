// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

/// Which connections are FTP's data, and whose.
@Suite struct FTPControlsTests {
  private static let client = IPAddress(v4: 0x0A00_0001)
  private static let server = IPAddress(v4: 0x0A00_0002)
  private static let loopback = IPAddress(v4: 0x7F00_0001)

  /// A connection: `10.0.0.1:40000 > 10.0.0.2:21` is out, `<` in, `?` not known; seconds it was open from and to.
  private static func life(
    _ id: Int64, _ local: UInt16, _ arrow: Character, _ remote: UInt16, _ from: Int64, _ to: Int64?,
    _ name: String? = "ftp", pid: Int32 = 5, here: IPAddress = client, there: IPAddress = server
  ) -> Life {
    let row = SocketRow(
      proto: .tcp, state: .established, local: Endpoint(here, local), remote: Endpoint(there, remote))
    var life = Life(
      id: id, row: row, role: .connection,
      direction: arrow == ">" ? .outbound : arrow == "<" ? .inbound : nil,
      firstSeen: Timestamp(microseconds: from * 1_000_000), firstSeenBoot: 0, uncertainty: 1_000_000,
      sources: .proc)
    life.closedOffset = to.map { ($0 - from) * 1_000_000 }
    life.owner =
      name.map { SocketOwner(process: OwningProcess(pid: pid, startTime: 1, name: $0)) }
      ?? SocketOwner(unknown: .noPermission)
    return life
  }

  private static let control = life(1, 40000, ">", 21, 10, 60)

  @Test(arguments: [
    ("passive", life(2, 40001, ">", 50001, 20, 21), true),
    ("active", life(2, 40001, "<", 20, 20, 21), true),
    ("active, its direction taken for the other", life(2, 40001, ">", 20, 20, 21), true),
    ("active from any port", life(2, 40001, "<", 35000, 20, 21), true),
    ("of nobody known", life(2, 40001, "?", 50001, 20, 21, nil), true),
    ("active, of another process", life(2, 40001, "<", 20, 20, 21, "x", pid: 9), true),
    ("of another process of the program", life(2, 40001, ">", 50001, 20, 21, pid: 9), true),
    ("of another program", life(2, 40001, ">", 50001, 20, 21, "x", pid: 9), false),
    ("a bit later than its end", life(2, 40001, ">", 50001, 62, 63), true),
    ("too late", life(2, 40001, ">", 50001, 63, 64), false),
    ("in the sample before", life(2, 40001, ">", 50001, 9, 20), true),
    ("too early", life(2, 40001, ">", 50001, 8, 20), false),
    ("to a service", life(2, 40001, ">", 80, 20, 21), false),
    ("to a known service", life(2, 40001, ">", 3306, 20, 21), false),
    ("to another host", life(2, 40001, ">", 50001, 20, 21, there: loopback), false),
    ("a second control connection", life(2, 40001, ">", 21, 20, 21), false),
  ])
  func asAClient(_ what: String, _ data: Life, _ isData: Bool) {
    let controls = FTPControls(among: [data, Self.control])
    #expect((controls.control(of: data)?.id == 1) == isData, "\(what)")
  }

  @Test(arguments: [
    ("passive", life(2, 50001, "<", 40001, 20, 21, "vsftpd"), true),
    ("active", life(2, 20, ">", 40001, 20, 21, "vsftpd", pid: 1), true),
    ("somebody's other program", life(2, 50001, "<", 40001, 20, 21, "x", pid: 9), false),
    ("what it has to do elsewhere", life(2, 40001, ">", 20, 20, 21, "vsftpd"), false),
  ])
  func asAServer(_ what: String, _ data: Life, _ isData: Bool) {
    let control = Self.life(1, 21, "<", 40000, 10, nil, "vsftpd")
    #expect((FTPControls(among: [control]).control(of: data)?.id == 1) == isData, "\(what)")
  }

  @Test func overLoopbackEachEndIsOfItsOwn() {
    func end(
      _ id: Int64, _ local: UInt16, _ arrow: Character, _ remote: UInt16, _ from: Int64, _ name: String,
      _ pid: Int32
    ) -> Life {
      Self.life(id, local, arrow, remote, from, 60, name, pid: pid, here: Self.loopback, there: Self.loopback)
    }
    let lives = [end(1, 40000, ">", 21, 10, "ftp", 5), end(2, 21, "<", 40000, 10, "vsftpd", 6)]
    let controls = FTPControls(among: lives)
    let data: [(Life, Int64)] = [
      (end(3, 40001, ">", 50001, 20, "ftp", 5), 1), (end(4, 50001, "<", 40001, 20, "vsftpd", 6), 2),
      (end(5, 40002, "<", 20, 20, "ftp", 5), 1), (end(6, 20, ">", 40002, 20, "vsftpd", 6), 2),
      (end(7, 40003, "<", 35000, 20, "ftp", 5), 1), (end(8, 35000, ">", 40003, 20, "vsftpd", 6), 2),
    ]
    for (life, control) in data { #expect(controls.control(of: life)?.id == control, "#\(life.id)") }
  }

  @Test func aServerOnAnotherPortIsKnownByItsProgram() {
    let lives = [
      Self.life(1, 2121, "<", 40000, 10, 60, "vsftpd"), Self.life(2, 50001, "<", 40001, 20, 21, "vsftpd"),
      Self.life(3, 2121, "<", 40002, 30, 40, "vsftpd"),
    ]
    let controls = FTPControls(among: lives)
    #expect(controls.otherPorts == [2121])
    #expect(controls.control(of: lives[1])?.id == 1)
    #expect(controls.control(of: lives[2]) == nil)
    let client = Self.life(4, 40000, ">", 2121, 10, 60, there: Self.loopback)
    let all = FTPControls(among: lives + [client], onPorts: controls.otherPorts)
    let data = Self.life(5, 40009, ">", 50009, 20, 21, there: Self.loopback)
    #expect(all.control(of: data)?.id == 4)
    #expect(FTPControls(among: [Self.life(1, 8080, "<", 40000, 10, 60, "nginx")]).isEmpty)
  }

  @Test func theRightOneOfSeveralIsFound() {
    var lives = (0..<200).map {
      Self.life($0, 30000 + UInt16($0), ">", 21, $0 * 10, $0 * 10 + 8, pid: Int32($0))
    }
    lives.append(Self.life(900, 39000, ">", 21, 500, nil, pid: 900))
    let controls = FTPControls(among: lives.reversed())
    #expect(controls.control(of: Self.life(1000, 40000, ">", 50001, 404, 405, pid: 40))?.id == 40)
    #expect(controls.control(of: Self.life(1000, 40000, ">", 50001, 704, 705, pid: 70))?.id == 70)
    #expect(controls.control(of: Self.life(1000, 40000, ">", 50001, 704, 705, pid: 900))?.id == 900)
    #expect(controls.control(of: Self.life(1000, 40000, ">", 50001, 9_000, 9_001, pid: 900))?.id == 900)
  }
}
