// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import connwatch

/// When a command is run, with a clock and programs that are made up here.
@Suite struct CommandQueueTests {
  private final class Machine {
    var queue: CommandQueue!
    var now: Int64 = 0
    /// What was started, by what CONNWATCH_PORT and CONNWATCH_SUPPRESSED said.
    var started: [String] = []
    var ended: [Int32: Int32] = [:]
    var killed: [Int32] = []
    var said: [String] = []
    var refuses = false

    init() {
      queue = CommandQueue(
        CommandQueue.Ports(
          start: { [unowned self] fields throws(Failure) in
            if refuses { throw Failure("no memory") }
            started.append(fields.map(\.value).joined(separator: " "))
            return Int32(started.count)
          },
          status: { [unowned self] in ended[$0] }, kill: { [unowned self] in killed.append($0) },
          say: { [unowned self] in said.append($0) }))
    }

    func add(_ ports: ClosedRange<Int>) {
      for port in ports { queue.add([ListenerField(name: "CONNWATCH_PORT", value: String(port))]) }
    }

    /// A second goes by; what runs ends with a status, unless it is nil.
    func second(_ status: Int32? = 0) {
      now += 1_000_000
      if let status, !started.isEmpty { ended[Int32(started.count)] = status }
      queue.step(now: now)
    }
  }

  @Test func oneAtATime() {
    let machine = Machine()
    machine.add(1...3)
    machine.second()
    #expect(machine.started == ["1 0"])
    machine.second(nil)
    #expect(machine.started == ["1 0"] && !machine.queue.isIdle)
    machine.second()
    machine.second()
    #expect(machine.started == ["1 0", "2 0", "3 0"])
    machine.second()
    #expect(machine.queue.isIdle && machine.said.isEmpty && machine.killed.isEmpty)
  }

  @Test func tenAMinute() {
    let machine = Machine()
    machine.add(1...12)
    for _ in 1...60 { machine.second() }
    #expect(machine.started.count == 10 && !machine.queue.maySoonStart(now: machine.now))
    // The first was started a minute ago, then the second.
    machine.second()
    #expect(machine.started.count == 11)
    machine.second()
    #expect(machine.started.count == 12 && machine.started.last == "12 0")
  }

  @Test func whatIsTooMuchIsCountedAndTold() {
    let machine = Machine()
    machine.add(1...16)
    #expect(machine.said.isEmpty)
    machine.add(17...21)
    #expect(machine.said.count == 1)
    machine.second()
    #expect(machine.started == ["1 5"] && machine.said.last?.contains("5 listeners were left out") == true)
    machine.second()
    #expect(machine.started.last == "2 0")
    machine.queue.finish()
    #expect(machine.said.last?.contains("14 listeners were left out") == true)
  }

  @Test func oneThatHangsIsEndedAfterAMinute() {
    let machine = Machine()
    machine.add(1...2)
    machine.second()
    for _ in 1..<60 { machine.second(nil) }
    #expect(machine.killed.isEmpty)
    machine.second(nil)
    machine.second(nil)
    #expect(machine.killed == [1] && machine.said == ["--on-listener: ended after a minute"])
    #expect(machine.started.count == 1)
    machine.second(137)
    #expect(machine.started.count == 2 && machine.said.count == 1)
  }

  @Test func failuresAreSaidOnce() {
    let machine = Machine()
    machine.add(1...4)
    for _ in 1...3 { machine.second(3) }
    #expect(machine.said == ["--on-listener: exit status 3"])
    machine.second(0)
    machine.refuses = true
    machine.add(5...6)
    machine.second()
    machine.second()
    #expect(machine.said.count == 2 && machine.said[1] == "--on-listener: no memory")
    machine.refuses = false
    machine.add(7...7)
    machine.second()
    #expect(machine.started.last == "7 2")
  }
}
