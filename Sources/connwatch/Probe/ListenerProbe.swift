// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
@preconcurrency import Glibc
import KernelNet
import ProcNet

/// `listeners --probe`: asks /proc, sock_diag and bind(2) of every port, and tells where they do not agree.
struct ListenerProbe {
  let global: GlobalOptions
  /// Findings alone, and status 1 where there are any.
  let check: Bool

  /// A suspicion is told when so many rounds have it.
  private static let rounds = 3
  /// What lies between them, in microseconds.
  private static let pause: UInt32 = 100_000

  func run() throws {
    try global.checkColumns(ProbeRow.self)
    var witness = Witness(global)
    let begun = SystemClock().now().boot
    var before = try witness.look()
    let answers = Answers()
    var after = try witness.look()
    var bound = before.bound.intersection(after.bound)
    var suspicions = HiddenSockets.suspicions(before: before, held: answers.held, after: after)
    for _ in 1..<Self.rounds where !suspicions.isEmpty {
      usleep(Self.pause)
      before = try witness.look()
      let held = Set(
        suspicions.keys.filter { PortBinding.attempt($0.proto, $0.port) == .held })
      after = try witness.look()
      bound.formIntersection(before.bound.intersection(after.bound))
      suspicions = HiddenSockets.agreed([
        suspicions, HiddenSockets.suspicions(before: before, held: held, after: after),
      ])
    }
    let took = SystemClock().now().boot - begun
    let listsBound = witness.listsBound
    var rows = suspicions.map { place, suspicion in
      row(place, Self.verdict(suspicion), after, answers, listsBound)
    }
    if !check { rows += bound.map { row($0, .bound, after, answers, listsBound) } }
    rows.sort { $0.place < $1.place }
    try print(rows)
    tell(answers, hasDiag: after.diag != nil, findings: suspicions.count, took: took)
    if check, !suspicions.isEmpty { throw ExitCode(1) }
  }

  private static func verdict(_ suspicion: HiddenSockets.Suspicion) -> ProbeRow.Verdict {
    switch suspicion {
    case .inNoTable: .hidden
    case .notInProc: .notInProc
    case .notInDiag: .notInDiag
    }
  }

  private func row(
    _ place: HiddenSockets.Place, _ verdict: ProbeRow.Verdict, _ look: HiddenSockets.Look, _ answers: Answers,
    _ listsBound: Bool
  ) -> ProbeRow {
    let isBound = look.bound.contains(place)
    return ProbeRow(
      place: place, isInProc: look.proc.all.contains(place),
      isInDiag: look.diag.map { $0.all.contains(place) || isBound }, answer: answers.answer(place),
      verdict: verdict, listsBound: listsBound)
  }

  private func print(_ rows: [ProbeRow]) throws {
    let output = StandardOutput.standard()
    let options = global.output
    if !check || !rows.isEmpty || global.json {
      var printer = try RowPrinter<ProbeRow>(options: options, to: output)
      try printer.print(rows)
      if options.format == .table, options.header, options.columns == nil, !rows.isEmpty {
        try output.write("\n")
        for row in rows {
          let words = "\(row.place.proto.name) \(row.place.port): \(row.why)."
          try output.write(Prose.wrapped(words, width: options.width, indent: 2))
        }
      }
    }
    try output.flush()
  }

  private func tell(_ answers: Answers, hasDiag: Bool, findings: Int, took: Int64) {
    if !hasDiag { global.remark("sock_diag does not answer: compared /proc with attempts to bind alone") }
    if answers.refused > 0 {
      global.remark(
        "\(Prose.count(answers.refused, "port")) could not be tried: binding them takes a privilege (sudo connwatch listeners --probe)"
      )
    }
    for proto in answers.untried { global.remark("\(proto.name): ports could not be tried") }
    if !check {
      let what = findings == 0 ? "nothing hidden" : Prose.count(findings, "finding")
      global.remark(
        "\(what): \(answers.tried) ports of \(Prose.list(Proto.allCases.filter { !answers.untried.contains($0) }.map(\.name))) tried in \(TimeText.age(took))"
      )
    }
  }

  /// What came of binding every port of every table.
  private struct Answers {
    private var answers: [Proto: [PortBinding.Answer]] = [:]

    init() {
      for transport in Transport.allCases { answers.merge(PortBinding.attemptAll(transport)) { $1 } }
    }

    func answer(_ place: HiddenSockets.Place) -> PortBinding.Answer {
      answers[place.proto]?[Int(place.port) - 1] ?? .untried
    }

    var held: Set<HiddenSockets.Place> {
      var held: Set<HiddenSockets.Place> = []
      for (proto, answers) in answers {
        for (index, answer) in answers.enumerated() where answer == .held {
          held.insert(HiddenSockets.Place(proto: proto, port: UInt16(index + 1)))
        }
      }
      return held
    }

    /// Ports that take a privilege, in whatever table.
    var refused: Int {
      (0..<Int(UInt16.max)).count { index in answers.values.contains { $0[index] == .refused } }
    }

    /// Tables of which no port could be tried, as on a machine without IPv6.
    var untried: [Proto] {
      Proto.allCases.filter { answers[$0]?.allSatisfy { $0 == .untried } == true }
    }

    var tried: Int { answers.values.reduce(0) { $0 + $1.count { $0 == .free || $0 == .held } } }
  }

  /// The two sources of tables.
  private struct Witness {
    private let proc: SocketTableReader
    private let diag: SocketDiagReader?

    init(_ global: GlobalOptions) {
      proc = SocketTableReader(root: global.root)
      do throws(SocketDiagError) {
        diag = try SocketDiagReader()
      } catch {
        diag = nil
      }
    }

    mutating func look() throws -> HiddenSockets.Look {
      var look = HiddenSockets.Look()
      let snapshot = proc.read()
      if let why = snapshot.failure { throw Failure(why) }
      look.proc = HiddenSockets.Ports(snapshot.rows)
      look.incomplete = snapshot.incomplete
      guard let diag else { return look }
      do throws(SocketDiagError) {
        let rows = try diag.read()
        look.diag = HiddenSockets.Ports(rows.rows)
        look.incomplete.formUnion(rows.incomplete)
        look.bound = HiddenSockets.Ports(try diag.readBoundInactive()).all
      } catch {
        look.diag = nil
      }
      return look
    }

    /// True where the kernel tells of sockets that are bound and do not listen: one is made to see.
    var listsBound: Bool {
      guard let diag else { return false }
      let isListed = PortBinding.withBoundSocket(.tcp) { port in
        (try? diag.readBoundInactive())?.contains { $0.proto == .tcp && $0.local.port == port } == true
      }
      return isListed == true
    }
  }
}
