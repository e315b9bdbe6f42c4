// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ProcNet

@Suite struct ProcessLedgerTests {
  /// A server in a service of its own, and a service manager.
  static func proc() throws -> OwnerFakeProc {
    let proc = try OwnerFakeProc()
    try proc.add(1, name: "systemd", start: 1, cgroup: "0::/init.scope\n")
    try proc.link("1/ns/net", to: "net:[100]")
    try proc.add(
      50, name: "sshd", start: 500, exe: "/usr/sbin/sshd", cgroup: "0::/system.slice/ssh.service\n")
    try proc.link("50/ns/net", to: "net:[100]")
    try proc.write("50/status", "Name:\tsshd\nTgid:\t50\nPid:\t50\n")
    return proc
  }

  static func fork(_ thread: Int32, from parent: Int32, _ name: String) -> TaskEvent {
    .created(thread: thread, parent: parent, name: name, sharesProcess: false)
  }

  static func thread(_ thread: Int32, of parent: Int32) -> TaskEvent {
    .created(thread: thread, parent: parent, name: "worker", sharesProcess: true)
  }

  static func exec(_ thread: Int32, _ path: String, by oldThread: Int32? = nil) -> TaskEvent {
    .executed(thread: thread, oldThread: oldThread ?? thread, path: path)
  }

  /// What somebody who asks is told, in one line.
  static func say(_ ledger: ProcessLedger, _ thread: Int32) -> String {
    let (owner, namespace) = ledger.owner(ofThread: thread)
    guard let process = owner.process else { return "\(owner.whyUnknown?.rawValue ?? "-") \(namespace)" }
    return "\(process.pid) \(process.startTime) \(process.name) \(process.exe ?? "-") \(process.unit ?? "-") "
      + "\(process.container ?? "-") \(namespace)"
  }

  /// A row: what the trace tells, who is asked about, and the answer, none of it about a process that /proc has still.
  struct Gone: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var events: [TaskEvent]
    var asked: Int32
    var answer: String

    init(_ description: String, _ events: [TaskEvent], asked: Int32, _ answer: String) {
      testDescription = description
      self.events = events
      self.asked = asked
      self.answer = answer
    }
  }

  static let gone = [
    Gone("nothing is known", [], asked: 77, "exited 0"),
    Gone("forked", [fork(60, from: 50, "sshd")], asked: 60, "60 70 sshd /usr/sbin/sshd ssh.service - 100"),
    Gone(
      "forked by a forked one", [fork(60, from: 50, "sshd"), fork(61, from: 60, "sshd")], asked: 61,
      "61 70 sshd /usr/sbin/sshd ssh.service - 100"),
    Gone(
      "executed",
      [fork(60, from: 50, "sshd"), .renamed(thread: 60, name: "curl"), exec(60, "/usr/bin/curl")],
      asked: 60, "60 70 curl /usr/bin/curl ssh.service - 100"),
    Gone(
      "executed, its new name not told",
      [fork(60, from: 50, "sshd"), exec(60, "./a-very-long-program-name")],
      asked: 60, "60 70 a-very-long-pro ./a-very-long-program-name ssh.service - 100"),
    Gone(
      "executed twice: where it runs may have changed",
      [fork(60, from: 50, "sshd"), exec(60, "/sbin/ip"), exec(60, "/usr/bin/curl")], asked: 60,
      "60 70 curl /usr/bin/curl - - 0"),
    Gone(
      "forked by one that executed",
      [fork(60, from: 50, "sshd"), exec(60, "/bin/sh"), fork(61, from: 60, "sh"), exec(61, "/usr/bin/curl")],
      asked: 61, "61 70 curl /usr/bin/curl ssh.service - 100"),
    Gone(
      "renamed itself", [fork(60, from: 50, "sshd"), .renamed(thread: 60, name: "sshd-session")], asked: 60,
      "60 70 sshd-session /usr/sbin/sshd ssh.service - 100"),
    Gone(
      "a thread", [fork(60, from: 50, "sshd"), exec(60, "/usr/bin/java"), thread(61, of: 60)], asked: 61,
      "60 70 java /usr/bin/java ssh.service - 100"),
    Gone(
      "a thread's thread", [fork(60, from: 50, "sshd"), thread(61, of: 60), thread(62, of: 61)], asked: 62,
      "60 70 sshd /usr/sbin/sshd ssh.service - 100"),
    Gone(
      "forked by a thread", [fork(60, from: 50, "java"), thread(61, of: 60), fork(62, from: 61, "worker")],
      asked: 62, "62 70 worker /usr/sbin/sshd ssh.service - 100"),
    Gone(
      "a thread renamed itself",
      [fork(60, from: 50, "sshd"), thread(61, of: 60), .renamed(thread: 61, name: "io")], asked: 61,
      "60 70 sshd /usr/sbin/sshd ssh.service - 100"),
    Gone(
      "a thread executed",
      [fork(60, from: 50, "sshd"), thread(61, of: 60), exec(60, "/bin/echo", by: 61)], asked: 60,
      "60 70 echo /bin/echo ssh.service - 100"),
    Gone(
      "the thread that executed is no more",
      [fork(60, from: 50, "sshd"), thread(61, of: 60), exec(60, "/bin/echo", by: 61)], asked: 61, "exited 0"),
    Gone(
      "started by the service manager, which puts it elsewhere",
      [fork(60, from: 1, "systemd"), exec(60, "/usr/bin/backup")], asked: 60,
      "60 70 backup /usr/bin/backup - - 0"),
    Gone(
      "by one that nobody knows", [fork(60, from: 59, "x"), exec(60, "/bin/y")], asked: 60,
      "60 70 y /bin/y - - 0"),
    Gone("executed, and nothing else is known", [exec(60, "/bin/y")], asked: 60, "60 0 y /bin/y - - 0"),
    Gone(
      "its pid was used again",
      [fork(60, from: 50, "sshd"), exec(60, "/bin/a"), fork(60, from: 1, "systemd")],
      asked: 60, "60 70 systemd - - - 0"),
    Gone(
      "a thread's number is a process's now",
      [thread(60, of: 50), fork(60, from: 50, "sshd"), exec(60, "/bin/a")], asked: 60,
      "60 70 a /bin/a ssh.service - 100"),
    Gone(
      "a process's number is a thread's now", [fork(60, from: 1, "x"), thread(60, of: 50)], asked: 60,
      "50 500 sshd /usr/sbin/sshd ssh.service - 100"),
  ]

  @Test(arguments: gone) func processThatIsGoneIsWhatTheTraceTold(_ row: Gone) throws {
    let proc = try Self.proc()
    let ledger = ProcessLedger(root: proc.root)
    for event in row.events { ledger.take(event, boot: 700_000) }
    #expect(Self.say(ledger, row.asked) == row.answer)
  }

  @Test func livingProcessIsReadOnceForEachProgram() throws {
    let proc = try Self.proc()
    let ledger = ProcessLedger(root: proc.root)
    ledger.take(Self.fork(60, from: 50, "sshd"), boot: 700_000)
    try proc.add(60, name: "sshd", start: 70, exe: "/usr/sbin/sshd", cgroup: "0::/user.slice/session-1.scope")
    try proc.link("60/ns/net", to: "net:[200]")
    let first = "60 70 sshd /usr/sbin/sshd session-1.scope - 200"
    #expect(Self.say(ledger, 60) == first)
    let process = ledger.owner(ofThread: 60).owner.process
    try proc.remove(60)
    #expect(Self.say(ledger, 60) == first)
    #expect(ledger.owner(ofThread: 60).owner.process === process)

    // The next program is looked for anew; where it is gone by then, what was found before still holds.
    ledger.take(Self.exec(60, "/bin/bash"), boot: 800_000)
    ledger.take(Self.exec(60, "/usr/bin/ssh"), boot: 900_000)
    #expect(Self.say(ledger, 60) == "60 70 ssh /usr/bin/ssh session-1.scope - 200")
    #expect(ledger.owner(ofThread: 60).owner.process !== process)
  }

  @Test func scanKnowsProcessesAndThreadsThatEndBeforeTheyAreAskedFor() throws {
    let proc = try Self.proc()
    try proc.write("70/stat", "70 (java) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 2 0 900 0 0\n")
    try proc.link("70/exe", to: "/usr/bin/java (deleted)")
    try proc.write("70/task/70/stat", "")
    try proc.write("70/task/71/stat", "")
    let ledger = ProcessLedger(root: proc.root)
    try proc.remove(70)
    #expect(Self.say(ledger, 71) == "70 900 java /usr/bin/java - - 0")
  }

  @Test func threadThatNobodyToldOfIsAskedForItsProcess() throws {
    let proc = try Self.proc()
    let ledger = ProcessLedger(root: proc.root)
    try proc.write("51/status", "Name:\tworker\nTgid:\t50\nPid:\t51\n")
    #expect(Self.say(ledger, 51) == "50 500 sshd /usr/sbin/sshd ssh.service - 100")
    try proc.remove(51)
    #expect(Self.say(ledger, 51) == "50 500 sshd /usr/sbin/sshd ssh.service - 100")
  }

  @Test func laterProcessWithTheSamePidIsNotTaken() throws {
    let proc = try Self.proc()
    let ledger = ProcessLedger(root: proc.root)
    ledger.take(Self.fork(60, from: 50, "sshd"), boot: 700_000)
    try proc.add(60, name: "sshd", start: 72, exe: "/bin/other", cgroup: "0::/other.service")
    #expect(Self.say(ledger, 60) == "60 70 sshd /usr/sbin/sshd ssh.service - 100")
  }

  @Test func programThatCameLaterIsNotTaken() throws {
    let proc = try Self.proc()
    let ledger = ProcessLedger(root: proc.root)
    ledger.take(Self.fork(60, from: 50, "bash"), boot: 700_000)
    // It runs curl by now, which the trace has yet to tell.
    try proc.add(60, name: "curl", start: 70, exe: "/usr/bin/curl", cgroup: "0::/system.slice/ssh.service")
    #expect(Self.say(ledger, 60) == "60 70 bash /usr/sbin/sshd ssh.service - 100")
    ledger.take(.renamed(thread: 60, name: "curl"), boot: 710_000)
    ledger.take(Self.exec(60, "/usr/bin/curl"), boot: 710_100)
    #expect(Self.say(ledger, 60) == "60 70 curl /usr/bin/curl ssh.service - 100")
  }

  @Test func makerThatIsAliveKnowsBetterThanItHandedDown() throws {
    let proc = try Self.proc()
    let ledger = ProcessLedger(root: proc.root)
    ledger.take(Self.fork(60, from: 50, "shim"), boot: 700_000)
    ledger.take(Self.exec(60, "/bin/sh"), boot: 700_000)
    ledger.take(Self.fork(61, from: 60, "sh"), boot: 700_000)
    // It went into a container meanwhile, before it made the one that is asked for.
    let container = String(repeating: "4f", count: 32)
    try proc.add(60, name: "sh", start: 70, exe: "/bin/sh", cgroup: "0::/docker/\(container)")
    try proc.link("60/ns/net", to: "net:[300]")
    #expect(Self.say(ledger, 61) == "61 70 sh /bin/sh - \(container) 300")
  }

  @Test func deadProcessHasLeftItsNamespace() throws {
    let proc = try Self.proc()
    let ledger = ProcessLedger(root: proc.root)
    ledger.take(Self.fork(60, from: 50, "sshd"), boot: 700_000)
    try proc.write("60/stat", "60 (sshd) Z 50 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 70 0 0\n")
    try proc.write("60/cgroup", "0::/\n")
    #expect(Self.say(ledger, 60) == "60 70 sshd /usr/sbin/sshd ssh.service - 100")
  }

  @Test func kernelsOwnThreadsAreTheKernel() throws {
    let proc = try Self.proc()
    try proc.add(2, name: "kthreadd", start: 1, flags: 0x20_0000)
    let ledger = ProcessLedger(root: proc.root)
    #expect(Self.say(ledger, 2) == "kernel 0")
    ledger.take(Self.fork(80, from: 2, "kworker/0:1"), boot: 700_000)
    #expect(Self.say(ledger, 80) == "kernel 0")
    // A helper that the kernel starts is a program as any other.
    ledger.take(Self.exec(80, "/sbin/modprobe"), boot: 700_000)
    #expect(Self.say(ledger, 80) == "80 70 modprobe /sbin/modprobe - - 0")
  }

  @Test func numbersOfAnotherPidNamespaceMeanNothing() throws {
    let proc = try Self.proc()
    try proc.link("self/ns/pid", to: "pid:[4026532001]")
    let ledger = ProcessLedger(root: proc.root)
    ledger.take(Self.fork(60, from: 50, "sshd"), boot: 700_000)
    #expect(Self.say(ledger, 60) == "other namespace 0")
    #expect(Self.say(ledger, 50) == "other namespace 0")
    #expect(Self.say(ledger, 0) == "- 0")
  }

  @Test func oldestThatAreGoneAreDroppedFirst() throws {
    let proc = try Self.proc()
    let ledger = ProcessLedger(root: proc.root, capacity: 100)
    for thread in Int32(1000)..<2000 {
      ledger.take(Self.fork(thread, from: 50, "sshd"), boot: 700_000)
      ledger.take(Self.exec(thread, "/bin/x\(thread)"), boot: 700_000)
    }
    #expect(Self.say(ledger, 1999) == "1999 70 x1999 /bin/x1999 ssh.service - 100")
    #expect(Self.say(ledger, 1960) == "1960 70 x1960 /bin/x1960 ssh.service - 100")
    #expect(Self.say(ledger, 1000) == "exited 0")
    // The server is older than all of them, and there.
    try proc.write("50/stat", "")
    #expect(Self.say(ledger, 50) == "50 500 sshd /usr/sbin/sshd ssh.service - 100")
  }

  /// Processes come and go for years: what is kept of them is in proportion to those that are there.
  @Test func thoseThatAreGoneDoNotGather() throws {
    let proc = try Self.proc()
    let ledger = ProcessLedger(root: proc.root)
    var most = 0
    for thread in Int32(1000)..<10_000 {
      ledger.take(Self.fork(thread, from: 50, "sshd"), boot: 700_000)
      most = max(most, ledger.count)
    }
    #expect(most > 2000 && most < 5000)
    #expect(Self.say(ledger, 9999) == "9999 70 sshd /usr/sbin/sshd ssh.service - 100")
    #expect(Self.say(ledger, 8000) == "8000 70 sshd /usr/sbin/sshd ssh.service - 100")
    #expect(Self.say(ledger, 1000) == "exited 0")
  }
}
