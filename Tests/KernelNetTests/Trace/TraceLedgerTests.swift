// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import ProcNet
import Testing

@testable import KernelNet

extension TraceInstanceTests {
  /// The clients are hard links to one shell, so that each has a name and a path of its own.
  @Test func clientsThatAreGoneHaveNames() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "trace-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let trace = try TraceInstance()
    let ledger = ProcessLedger()
    let count = 500
    let child = try TraceMachine.start(
      """
      import os, shutil, socket, subprocess, sys
      folder, count = sys.argv[1], int(sys.argv[2])
      shell = os.path.join(folder, "shell"); shutil.copy(shutil.which("bash"), shell)
      l = socket.socket(); l.bind(("127.0.0.1", 0)); l.listen(16); port = l.getsockname()[1]
      for n in range(count):
        path = os.path.join(folder, "client-%d" % n); os.link(shell, path)
        subprocess.run([path, "-c", "exec 3<>/dev/tcp/127.0.0.1/%d" % port]); l.accept()[0].close()
      open(os.path.join(folder, "done"), "w").close()
      print(port, os.stat("/proc/self/ns/net").st_ino); sys.stdin.read()
      """, folder, "\(count)")

    // The machine's other events must not overwrite these; but nobody is asked for before all clients are gone.
    var events: [TraceEvent] = []
    var loss = TraceLoss()
    let read = {
      let batch = try trace.read()
      loss += batch.loss
      events += batch.events
      usleep(5000)
    }
    while access(folder + "/done", F_OK) != 0, child.isRunning { try read() }
    let words = child.line().split(separator: " ")
    let port = try #require(words.first.flatMap { UInt16($0) })
    let namespace = try #require(words.last.flatMap { UInt64($0) })
    // The last step is at most a delayed acknowledgement away.
    let closed = {
      Self.changes(events).count { $0.to == .close && ($0.local.port == port || $0.remote.port == port) }
    }
    for _ in 0..<1000 where closed() < 2 * count { try read() }

    var steps: [UInt64: [SocketState]] = [:]
    var ended: [[SocketState]] = []
    var servers = 0
    var paths: Set<String> = []
    for event in events {
      switch event.kind {
      case .task(let task): ledger.take(task, boot: event.boot)
      case .state(let change) where change.remote.port == port:
        if change.from == .close {
          let (owner, found) = ledger.owner(ofThread: change.thread)
          let process = try #require(
            owner.process, "\(change.thread): \(String(describing: owner.whyUnknown))")
          #expect(process.pid == change.thread)
          #expect(process.exe == "\(folder)/\(process.name)")
          #expect(found == namespace)
          paths.insert(process.exe ?? "")
        }
        steps[change.socket, default: []].append(change.to)
        // The kernel uses the socket's memory again.
        if change.to == .close, let whole = steps.removeValue(forKey: change.socket) { ended.append(whole) }
      case .state(let change) where change.local.port == port:
        if change.to == .close, change.remote.port != 0 { servers += 1 }
      default: break
      }
    }
    child.end()
    #expect(loss == TraceLoss())
    #expect(paths == Set((0..<count).map { "\(folder)/client-\($0)" }))
    #expect(servers == count)
    #expect(ended.count == count)
    let whole: Set<[SocketState]> = [
      [.synSent, .established, .finWait1, .finWait2, .close],
      // The server closed at once, too.
      [.synSent, .established, .finWait1, .closing, .close],
      [.synSent, .established, .closeWait, .lastAck, .close],
    ]
    #expect(ended.allSatisfy { whole.contains($0) })
  }

  @Test func instanceThatAKilledRunLeftIsRemovedAndOneInUseIsNot() throws {
    let program = """
      import fcntl, os, sys
      instances = "/sys/kernel/tracing/instances/"
      os.mkdir(instances + "connwatch.killed")
      os.mkdir(instances + "connwatch.alive")
      held = os.open(instances + "connwatch.alive", os.O_RDONLY); fcntl.flock(held, fcntl.LOCK_EX)
      killed = os.open(instances + "connwatch.killed", os.O_RDONLY); fcntl.flock(killed, fcntl.LOCK_EX)
      print("made"); sys.stdin.readline()
      os.close(killed)
      print("let go"); sys.stdin.readline()
      print(" ".join(sorted(n for n in os.listdir(instances) if n.startswith("connwatch."))))
      sys.stdin.readline()
      """
    let child = try TraceMachine.start(program)
    #expect(child.line() == "made")
    child.say("")
    #expect(child.line() == "let go")
    let mine = "connwatch.\(getpid())"
    let trace = try TraceInstance(bufferKilobytes: 64)
    child.say("")
    let names = child.line().split(separator: " ")
    #expect(names.contains("connwatch.alive"))
    #expect(!names.contains("connwatch.killed"))
    #expect(names.contains { $0 == mine })
    trace.close()

    // Killed, it holds the other one no longer either.
    child.kill()
    let next = try TraceInstance(bufferKilobytes: 64)
    next.close()
    let looker = try TraceMachine.start(
      """
      import os, sys
      print(" ".join(os.listdir("/sys/kernel/tracing/instances/"))); sys.stdin.read()
      """)
    let left = looker.line().split(separator: " ")
    looker.end()
    #expect(!left.contains("connwatch.alive"))
    #expect(!left.contains { $0 == mine })
  }

  @Test func eventsThatDidNotFitAreCounted() throws {
    let trace = try TraceInstance(bufferKilobytes: 64)
    let child = try TraceMachine.start(
      """
      import glob, re, socket, sys
      for n in range(3000):
        c = socket.socket(); c.connect_ex(("127.0.0.1", 1)); c.close()
      instance = "/sys/kernel/tracing/instances/connwatch." + sys.argv[1]
      open(instance + "/tracing_on", "w").write("0")
      stats = "".join(open(path).read() for path in glob.glob(instance + "/per_cpu/cpu*/stats"))
      for word in "entries", "overrun": print(sum(map(int, re.findall("^%s: (.*)" % word, stats, re.M))))
      sys.stdin.read()
      """, "\(getpid())")
    let kept = try #require(Int(child.line()))
    let overwritten = try #require(Int(child.line()))
    usleep(2000)
    let batch = try trace.read()
    child.end()
    #expect(batch.events.count == kept)
    #expect(batch.loss == TraceLoss(count: overwritten))
    // Of each refused connection: two steps, the reset, the end.
    #expect(kept + overwritten >= 12_000)
    #expect(overwritten > 0)
  }
}
