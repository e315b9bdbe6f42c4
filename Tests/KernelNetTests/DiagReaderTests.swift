// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Glibc
import Testing

@testable import KernelNet

/// sock_diag on real sockets of this process.
@Suite(.enabled(if: (try? SocketDiagReader()) != nil, "this kernel has no sock_diag, or it is forbidden"))
struct DiagReaderTests {
  /// A snapshot's rows of some sockets, by inode.
  private func rows(
    _ snapshot: Snapshot, _ sockets: DiagSockets
  ) -> [UInt64: (row: SocketRow, cookie: UInt64, traffic: Traffic?)] {
    let inodes = Set(sockets.descriptors.map(DiagSockets.inode))
    var found: [UInt64: (row: SocketRow, cookie: UInt64, traffic: Traffic?)] = [:]
    for (index, row) in snapshot.rows.enumerated() where inodes.contains(row.inode) {
      #expect(found[row.inode] == nil, "twice: \(row)")
      found[row.inode] = (
        row, snapshot.cookies[index], snapshot.traffic.isEmpty ? nil : snapshot.traffic[index]
      )
    }
    return found
  }

  @Test("every socket is found once, with its ends, its user, its cookie and what it carried")
  func finds() throws {
    let sockets = DiagSockets()
    let listener = try sockets.listen(AF_INET6, any: true)
    let (client, server) = try sockets.pair(listener)
    let datagrams = try sockets.socket(AF_INET, SOCK_DGRAM)
    let datagrams6 = try sockets.socket(AF_INET6, SOCK_DGRAM)
    #expect(send(client, [UInt8](repeating: 0, count: 700), 700, 0) == 700)

    var ticks: Int64 = 0
    let reader = try SocketDiagReader(now: {
      ticks += 1000
      return (Timestamp(microseconds: 5_000_000 + ticks), ticks)
    })
    let snapshot = try reader.read(wantsTraffic: true)
    #expect(snapshot.source == .netlink && snapshot.time == Timestamp(microseconds: 5_002_000))
    #expect(snapshot.bootTime == 2000 && snapshot.readingTook == 1000)
    #expect(snapshot.tables.map(\.proto) == Proto.allCases && snapshot.incomplete == [])
    #expect(snapshot.tables.reduce(0) { $0 + $1.rows } == snapshot.rows.count)
    let protos = snapshot.rows.map(\.proto.rawValue)
    #expect(protos == protos.sorted())

    let found = rows(snapshot, sockets)
    #expect(found.count == 5)
    for descriptor in sockets.descriptors {
      let one = try #require(found[DiagSockets.inode(descriptor)])
      #expect(one.cookie == DiagSockets.cookie(descriptor) && one.row.uid == geteuid())
      #expect(one.row.local.port == DiagSockets.port(descriptor))
    }
    let loopback = IPAddress(v4: 0x7F00_0001)
    let theServer = try #require(found[DiagSockets.inode(server)])
    #expect(theServer.row.proto == .tcp6 && theServer.row.state == .established)
    #expect(theServer.row.local == Endpoint(loopback, DiagSockets.port(listener)))
    #expect(theServer.row.remote == Endpoint(loopback, DiagSockets.port(client)))
    #expect(theServer.row.receiveQueue == 700 && theServer.traffic?.bytesIn == 700)
    #expect(found[DiagSockets.inode(client)]?.traffic?.bytesOut == 700)
    #expect(found[DiagSockets.inode(client)]?.row.proto == .tcp)
    let theListener = try #require(found[DiagSockets.inode(listener)])
    #expect(theListener.row.state == .listen && theListener.traffic == nil && theListener.row.sendQueue == 0)
    #expect(theListener.row.remote == Endpoint(.anyV6, 0))
    #expect(found[DiagSockets.inode(datagrams)]?.row.state == .unconnected)
    #expect(found[DiagSockets.inode(datagrams6)]?.row.proto == .udp6)
  }

  @Test("tables and states are those that were asked for", arguments: 1...15)
  func asked(bits: UInt8) throws {
    let protos = ProtoSet(rawValue: bits)
    let sockets = DiagSockets()
    for family in [AF_INET, AF_INET6] {
      _ = try sockets.listen(family)
      _ = try sockets.socket(family, SOCK_DGRAM)
    }
    let reader = try SocketDiagReader()
    let all = try reader.read(protos)
    #expect(all.tables.map(\.proto) == Proto.allCases.filter { protos.contains($0) })
    #expect(all.rows.allSatisfy { protos.contains($0.proto) })
    #expect(rows(all, sockets).count == bits.nonzeroBitCount)
    let listeners = try reader.read(protos, states: StateSet(.listen))
    #expect(listeners.rows.allSatisfy { $0.state == .listen })
    #expect(rows(listeners, sockets).count == protos.intersection(.tcpTables).rawValue.nonzeroBitCount)
  }

  @Test("the kernel lets through what a filter matches, and of what it can compare nothing else")
  func filters() throws {
    let sockets = DiagSockets()
    let listener = try sockets.listen()
    let dual = try sockets.listen(AF_INET6, any: true)
    let (client, server) = try sockets.pair(listener)
    _ = try sockets.pair(dual)
    _ = try sockets.socket(AF_INET, SOCK_DGRAM)
    _ = try sockets.socket(AF_INET6, SOCK_DGRAM)
    let reader = try SocketDiagReader()
    let all = try reader.read()
    let ours = Set(sockets.descriptors.map(DiagSockets.inode))
    let (near, far) = (DiagSockets.port(listener), DiagSockets.port(client))
    let exact = [
      "sport = :\(near)", "dport = :\(near)", "sport != :\(near)", "port \(far)", "not port \(far)",
      "dport >= :\(far)", "sport < :\(near) or dport < :\(near)", "src 127.0.0.0/8", "dst 127.0.0.1",
      "not src 127.0.0.1", "src 0.0.0.0/0", "not dst 0.0.0.0/0", "src ::/0", "not src ::/0", "dst ::1/128",
      "host 10.0.0.0/8", "not host 10.0.0.0/8", "( src 127.0.0.1 and sport = :\(near) ) or dport = :\(far)",
      "not ( src 127.0.0.1 or dport = :\(far) )", "state listening", "state established sport = :\(near)",
      "exclude listening", "not ( sport = :\(near) and dport = :\(far) )",
    ]
    let partly = ["user \(geteuid())", "user \(geteuid()) and sport = :\(near)", "pid 1 or dport = :\(near)"]
    for words in exact + partly {
      let filter = try Filter([words], services: ServiceNames(file: [])) { _ in nil }
      func matched(_ snapshot: Snapshot) -> [SocketRow] {
        snapshot.rows.filter {
          ours.contains($0.inode) && filter.matches(FilterSubject($0, role: .connection, direction: nil))
        }
      }
      let picked = try reader.read(filter: DiagFilter(filter))
      #expect(matched(picked) == matched(all), "\(words)")
      if exact.contains(words) {
        #expect(picked.rows.filter { ours.contains($0.inode) } == matched(all), "\(words)")
      }
    }
    #expect(DiagSockets.inode(server) != 0)
  }

  @Test("a program that the kernel refuses is left out")
  func refused() throws {
    let sockets = DiagSockets()
    let listener = try sockets.listen()
    let snapshot = try SocketDiagReader().read(filter: DiagFilter(states: .all, bytecode: [250, 4, 4, 0]))
    #expect(snapshot.incomplete == [] && rows(snapshot, sockets)[DiagSockets.inode(listener)] != nil)
  }

  @Test("an answer that was given up half-way does not spoil the next")
  func givenUp() throws {
    let sockets = DiagSockets()
    // More than the kernel says in one message, so that it is not done with them.
    for _ in 0..<300 { _ = try sockets.socket(AF_INET, SOCK_DGRAM) }
    let reader = try SocketDiagReader()
    #expect(reader.socket.send(DiagRequest(protos: ProtoSet(.udp), states: .all).message(sequence: 77)) == 0)
    let snapshot = try reader.read()
    #expect(snapshot.incomplete == [] && rows(snapshot, sockets).count == 300)
    #expect(snapshot.tables.allSatisfy { $0.duplicates == 0 })
  }

  @Test("a descriptor that is no network namespace is an error")
  func noNamespace() throws {
    let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
    defer { close(file) }
    #expect(throws: SocketDiagError.self) { _ = try SocketDiagReader(namespaceDescriptor: file) }
    let error = #expect(throws: SocketDiagError.self) {
      _ = try SocketEndListener(namespaceDescriptor: file)
    }
    #expect(error?.description.hasPrefix("network namespace: ") == true)
  }

  private static let namespace = emptyNetworkNamespace()

  @Test(
    "another network namespace is read and heard from here, and the caller stays where it is",
    .enabled(if: namespace != nil, "needs the right to make network namespaces"))
  func otherNamespace() throws {
    let sockets = DiagSockets()
    _ = try sockets.listen()
    var (before, after) = (stat(), stat())
    stat("/proc/thread-self/ns/net", &before)
    let reader = try SocketDiagReader(namespaceDescriptor: Self.namespace)
    let listener = try SocketEndListener(namespaceDescriptor: Self.namespace)
    stat("/proc/thread-self/ns/net", &after)
    #expect(before.st_ino == after.st_ino)
    let snapshot = try reader.read()
    #expect(snapshot.rows.isEmpty && snapshot.incomplete == [])
    #expect(rows(try SocketDiagReader().read(), sockets).count == 1)
    var ends: [SocketEnd] = []
    sockets.end(sockets.descriptors[0])
    #expect(listener.receive(into: &ends) == (0, false))
  }
}
