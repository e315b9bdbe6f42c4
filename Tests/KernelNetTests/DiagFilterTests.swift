// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import KernelNet

/// What of a filter goes to the kernel.
struct DiagFilterTests {
  /// Numbers that are random and the same each time.
  struct Numbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }

  static let v4 = [
    "0.0.0.0", "127.0.0.1", "10.0.0.1", "10.0.0.200", "10.1.2.3", "192.0.2.7", "255.255.255.255",
  ]
  .compactMap { IPAddress($0) }
  static let v6 =
    ["::", "::1", "2001:db8::1", "2001:db8:0:1::2", "fe80::1", "::fffe:1.2.3.4", "::1.2.3.4"]
    .compactMap { IPAddress($0) }
  static let ports: [UInt16] = [0, 1, 22, 80, 443, 8080, 32768, 65534, 65535]

  static func row(_ numbers: inout Numbers) -> SocketRow {
    let proto = Proto.allCases.randomElement(using: &numbers) ?? .tcp
    // An IPv6 socket may have v4-mapped ends.
    let pool = proto.isV6 ? v6 + v4 : v4
    func end(_ numbers: inout Numbers) -> Endpoint {
      Endpoint(
        pool.randomElement(using: &numbers) ?? .anyV4, ports.randomElement(using: &numbers) ?? 0)
    }
    return SocketRow(
      proto: proto, state: SocketState.named.randomElement(using: &numbers) ?? .listen,
      local: end(&numbers), remote: end(&numbers), inode: 1, rawUID: 1000)
  }

  static func test(_ numbers: inout Numbers) -> FilterTest {
    let ends: [FilterTest.End] = [.local, .remote, .either]
    let end = ends.randomElement(using: &numbers) ?? .either
    switch Int.random(in: 0..<12, using: &numbers) {
    case 0..<4:
      let address = (v4 + v6).randomElement(using: &numbers) ?? .anyV4
      let least = address.isV4 ? 96 : 0
      let prefix = [least, 128, Int.random(in: least...128, using: &numbers)].randomElement(using: &numbers)
      return .address(end, AddressBlock(address, prefix: prefix ?? 128))
    case 4..<8:
      let (one, other) = (
        ports.randomElement(using: &numbers) ?? 0, ports.randomElement(using: &numbers) ?? 0
      )
      return .port(end, min(one, other)...max(one, other))
    case 8: return .state(StateSet(rawValue: UInt16.random(in: 0...0x1FFF, using: &numbers)))
    case 9:
      var services = ServicePorts()
      services.tcp = [80, 443]
      services.udp = [53]
      return .service(services)
    case 10: return .user(UInt32.random(in: 999...1001, using: &numbers))
    default: return .direction([.inbound, .outbound, nil].randomElement(using: &numbers) ?? nil)
    }
  }

  static func expression(_ numbers: inout Numbers, depth: Int) -> FilterExpression {
    switch Int.random(in: 0..<(depth == 0 ? 2 : 5), using: &numbers) {
    case 0: return .test(test(&numbers))
    case 1: return .not(test(&numbers))
    default:
      var terms: [FilterExpression] = []
      for _ in 0..<Int.random(in: 0...3, using: &numbers) {
        terms.append(expression(&numbers, depth: depth - 1))
      }
      return Bool.random(using: &numbers) ? .all(terms) : .any(terms)
    }
  }

  /// True where the tree asks only what the kernel can answer exactly, so that more must not come through either.
  private static func isExact(_ expression: FilterExpression) -> Bool {
    switch expression {
    case .all(let terms), .any(let terms): terms.allSatisfy(isExact)
    case .test(.address), .test(.port), .not(.address), .not(.port): true
    case .test, .not: false
    }
  }

  @Test(
    "no socket that a filter matches is dropped, the kernel takes every program, and exact ones drop the rest"
  )
  func superset() {
    var numbers = Numbers(state: 1)
    let rows = (0..<300).map { _ in Self.row(&numbers) }
    var (matched, dropped, exact) = (0, 0, 0)
    for _ in 0..<1000 {
      let expression = Self.expression(&numbers, depth: 3)
      let filter = Filter(expression)
      let kernel = DiagFilter(filter)
      let program = DiagBytecode(bytes: kernel.bytecode)
      if !kernel.bytecode.isEmpty {
        if let complaint = program.complaint { Issue.record("\(complaint): \(expression)") }
      }
      if Self.isExact(expression) { exact += 1 }
      for row in rows {
        let direction = row.local.port < row.remote.port ? Direction.inbound : .outbound
        let matches = filter.matches(
          FilterSubject(row, role: row.state == .listen ? .listener : .connection, direction: direction))
        let passes = program.accepts(row) && kernel.states.contains(row.state)
        if matches != passes, matches || Self.isExact(expression) {
          Issue.record("\(row): matches \(matches), passes \(passes): \(expression)")
          return
        }
        matched += matches ? 1 : 0
        dropped += passes ? 0 : 1
      }
    }
    #expect(matched > 30_000 && dropped > 30_000 && exact > 100)
  }

  @Test("what the kernel cannot tell passes, and makes what it is part of pass only where it must")
  func passes() {
    let unknown = FilterExpression.test(.user(1))
    let port = FilterExpression.test(.port(.remote, 443...443))
    func program(_ expression: FilterExpression) -> [UInt8] { DiagFilter(Filter(expression)).bytecode }
    #expect(program(.all([])).isEmpty && program(unknown).isEmpty && program(.any([unknown, port])).isEmpty)
    #expect(program(.all([unknown, port])) == program(port))
    #expect(program(.any([.all([unknown, port])])) == program(port))
    #expect(DiagBytecode(bytes: program(.any([]))).complaint == nil)
  }

  @Test("states become a mask, wherever they stand")
  func states() {
    let listen = FilterTest.state(StateSet(.listen))
    let port = FilterExpression.test(.port(.local, 22...22))
    #expect(DiagFilter(Filter(.all([.test(listen), port]))).states == StateSet(.listen))
    #expect(
      DiagFilter(Filter(.all([.not(listen), port]))).states == StateSet.all.subtracting(StateSet(.listen)))
    #expect(DiagFilter(Filter(.any([.test(listen), port]))).states == .all)
    #expect(
      DiagFilter(Filter(.any([.test(listen), .test(.state(StateSet(.timeWait)))]))).states
        == [StateSet(.listen), StateSet(.timeWait)])
  }

  @Test("a filter too long for a program is left to be asked later")
  func long() {
    let terms = (1...3000).map { FilterExpression.test(.port(.local, UInt16($0)...UInt16($0))) }
    #expect(DiagFilter(Filter(.any(terms))).bytecode.isEmpty)
    #expect(!DiagFilter(Filter(.any(Array(terms.prefix(1000))))).bytecode.isEmpty)
  }
}
