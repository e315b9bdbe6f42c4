// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

@testable import connwatch

/// Lives and refreshes for tests of the screen's tables.
enum LiveScene {
  static let start: Int64 = 1_767_261_600_000_000

  static func moment(_ second: Int64) -> Timestamp { Timestamp(microseconds: start + second * 1_000_000) }

  static func end(_ text: String, _ port: UInt16) -> Endpoint { Endpoint(IPAddress(text) ?? .anyV4, port) }

  static func owner(_ name: String, _ pid: Int32, exe: String? = nil, unit: String? = nil) -> SocketOwner {
    SocketOwner(process: OwningProcess(pid: pid, startTime: 1, name: name, exe: exe, unit: unit))
  }

  static func life(
    _ id: Int64, _ state: SocketState = .established, proto: Proto = .tcp,
    local: Endpoint = end("10.0.0.1", 40000), remote: Endpoint = end("10.0.0.9", 443),
    role: Life.Role = .connection, direction: Direction? = .outbound, owner: SocketOwner = .notLookedUp,
    second: Int64? = nil
  ) -> Life {
    let row = SocketRow(proto: proto, state: state, local: local, remote: remote, inode: UInt64(id) + 1000)
    var life = Life(
      id: id, row: row, role: role, direction: direction, firstSeen: moment(second ?? id), firstSeenBoot: 0,
      uncertainty: 0, sources: .proc)
    life.owner = owner
    return life
  }

  static func listener(
    _ id: Int64, _ local: Endpoint, proto: Proto = .tcp, owner: SocketOwner = .notLookedUp
  ) -> Life {
    life(
      id, .listen, proto: proto, local: local, remote: end("0.0.0.0", 0), role: .listener, direction: nil,
      owner: owner)
  }

  static func book(_ lives: [Life], traffic: [Int64: Traffic] = [:]) -> LiveBook {
    var book = LiveBook()
    var update = LiveBook.Update(time: moment(0), current: lives)
    if !traffic.isEmpty { update.samples = [nil: sample(lives, traffic)] }
    book.apply(update)
    return book
  }

  /// What sock_diag would have shown of lives.
  static func sample(_ lives: [Life], _ traffic: [Int64: Traffic]) -> Snapshot {
    var sample = Snapshot(
      time: moment(1000), bootTime: 0,
      rows: lives.map {
        SocketRow(proto: $0.proto, state: $0.state, local: $0.local, remote: $0.remote, inode: $0.inode)
      })
    sample.traffic = lives.map { traffic[$0.id] }
    return sample
  }

  static func filter(_ words: String) throws -> Filter {
    try Filter([words], services: .builtIn) { _ in nil }
  }
}

extension LiveBook {
  /// Takes in the next refresh.
  mutating func next(_ current: [Life] = [], finished: [Life] = [], gaps: [Gap] = []) {
    apply(
      Update(time: time + 1_000_000, span: 1_000_000, current: current, finished: finished, gaps: gaps))
  }
}

extension Life {
  /// The same life, later in another state.
  func then(_ state: SocketState, at offset: Int64 = 1_000_000) -> Life {
    var life = self
    life.laterSteps.append(Step(state, at: offset))
    life.lastSeenOffset = offset
    return life
  }

  /// The same life at its end.
  func ended(at offset: Int64 = 2_000_000) -> Life {
    var life = self
    life.lastSeenOffset = offset
    life.closedOffset = offset
    return life
  }
}

extension ConnectionList {
  /// Ids of the lives line after line; groups by their names.
  func shown(_ book: LiveBook) -> [String] {
    (0..<count).map { index in
      switch self[index] {
      case .socket(let place): "\(book.lives[place].id)"
      case .group(let number): group(number).name
      }
    }
  }
}
