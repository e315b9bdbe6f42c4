// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

@testable import connwatch

/// A row like those of `list`, with a table of composed columns and the keys of the contract.
struct SampleRow: OutputRow {
  enum Field: String, CaseIterable {
    case time, proto, state
    case localAddr = "local_addr"
    case localPort = "local_port"
    case remoteAddr = "remote_addr"
    case remotePort = "remote_port"
    case service, direction, uid
    case duration = "duration_s"
    case states, processes
    case localPorts = "local_ports"
    case process
    case local, remote, age, pid
  }

  static let keys: [Field] = Array(Field.allCases.prefix { $0 != .local })
  static let table: [TableColumn<Field>] = [
    TableColumn(.proto), TableColumn(.state), TableColumn(.local), TableColumn(.remote),
    TableColumn(.service, drop: 3), TableColumn(.direction, drop: 2), TableColumn(.age, drop: 1),
    TableColumn(.pid), TableColumn(.process, flexible: true),
  ]

  var proto = Proto.tcp
  var state = SocketState.established
  var local = Endpoint(IPAddress(v4: 0xC0A8_010A), 51234)
  var remote = Endpoint(IPAddress(v4: 0x0102_0304), 443)
  var service: String?
  var direction: Direction?
  var uid: UInt32?
  var age: Int64?
  var states: [(state: SocketState, at: Timestamp)] = []
  var processes: [String] = []
  var localPorts: [UInt16] = []
  var owner = SocketOwner.notLookedUp

  /// 2026-01-01T10:00:00Z.
  static let moment = Timestamp(microseconds: 1_767_261_600_000_000)

  func value(_ field: Field) -> Value {
    switch field {
    case .time: .time(Self.moment)
    case .proto: .proto(proto)
    case .state: .state(state)
    case .localAddr: .address(local.address)
    case .localPort: .port(local.port)
    case .remoteAddr: .address(remote.address)
    case .remotePort: .port(remote.port)
    case .service: service.orNull(Value.text)
    case .direction: direction.orNull(Value.direction)
    case .uid: uid.orNull { .number($0) }
    case .duration: age.orNull(Value.seconds)
    case .states: .steps(states)
    case .processes: .texts(processes)
    case .localPorts: .ports(localPorts)
    case .process: .process(owner)
    case .local: .endpoint(local)
    case .remote: .endpoint(remote)
    case .age: age.orNull(Value.age)
    case .pid: owner.process.orNull { .number($0.pid) }
    }
  }

  func style(_ field: Field) -> Style { field == .process && owner.process == nil ? .dim : .plain }

  static func owner(_ name: String, pid: Int32 = 812, exe: String? = nil, others: Int = 0) -> SocketOwner {
    SocketOwner(process: OwningProcess(pid: pid, startTime: 1, name: name, exe: exe), others: others)
  }

  /// Rows of every shape: both families, wide and hostile names, unknown owners.
  static let samples: [SampleRow] = [
    SampleRow(
      state: .listen, local: Endpoint(.anyV4, 22), remote: Endpoint(.anyV4, 0), service: "ssh", uid: 0,
      age: 273_000_000_000, owner: owner("sshd", pid: 801)),
    SampleRow(
      service: "https", direction: .outbound, uid: 1000, age: 252_000_000,
      owner: owner("firefox-bin", pid: 23_456, exe: "/usr/lib/firefox/firefox-bin", others: 3)),
    SampleRow(
      proto: .tcp6, state: .closeWait,
      local: Endpoint(IPAddress(high: 0x2001_0DB8_0000_0000, low: 0x10), 8080),
      remote: Endpoint(IPAddress(high: 0x2001_0DB8_AAAA_BBBB, low: 0xCCCC_DDDD_EEEE_FFFF), 60_999),
      service: "http-alt", direction: .inbound, uid: 33, age: 3_000_000, owner: owner("日本語サーバ", pid: 7)),
    SampleRow(
      state: .timeWait, service: "https", direction: .outbound, age: 250_000,
      owner: SocketOwner(unknown: .exited)),
    SampleRow(
      proto: .udp, state: .unconnected, local: Endpoint(IPAddress(v4: 0x7F00_0035), 53),
      remote: Endpoint(.anyV4, 0), service: "domain", uid: 101, owner: SocketOwner(unknown: .noPermission)),
    SampleRow(direction: .outbound, owner: owner("\u{1B}[2Jevil\n\u{202E}", pid: 666)),
    SampleRow(proto: .tcp6, state: .unknown(31)),
  ]

  /// What these options print of the rows.
  static func printed(_ rows: [SampleRow], _ options: OutputOptions) throws -> String {
    let output = StandardOutput.collecting()
    var printer = try RowPrinter(SampleRow.self, options: options, to: output)
    try printer.print(rows)
    try output.flush()
    return String(decoding: output.collected, as: UTF8.self)
  }
}
