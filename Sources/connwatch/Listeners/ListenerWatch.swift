// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What a recorder says of listeners that are new: by the rules, which may change while it runs, and by what is learnt.
/// Those that should not be there are handed on, each once.
final class ListenerWatch {
  /// What it is connected to.
  struct Ports {
    /// Takes what is to be told of a listener that should not be there: names and values.
    var alarm: (([ListenerField]) -> Void)?
    /// Takes a remark for a person.
    var remark: (String) -> Void
    /// Names a port.
    var service: (UInt16, Transport) -> String?
  }

  /// What has been told: of a restarted program nothing is told again.
  private struct Told: Hashable {
    var listener: Listener.Key
    var netns: String?
    var verdict: ListenerVerdict
  }

  /// The most that is remembered of what was told.
  private static let mostTold = 4096

  private var files: ExpectedFiles
  private var policy = ExpectedSet()
  /// What is expected, for whoever judges by himself.
  var expected: ExpectedSet { policy }
  private var learnsUntil: Timestamp?
  private var told: Set<Told> = []
  private let ports: Ports

  /// Reads the rules.
  ///
  /// - Throws: ``Failure`` with path and line where a file is wrong.
  init(_ files: ExpectedFiles, ports: Ports) throws(Failure) {
    self.files = files
    self.ports = ports
    policy = ExpectedSet(try self.files.readIfChanged() ?? [])
  }

  /// Nothing is expected: every listener is new, and those that were there at the start are not told.
  var isWithoutRules: Bool { policy.isEmpty && learnsUntil == nil }

  /// Takes what listened in the first time of the history for expected, and what begins to listen in it.
  func learn(_ learning: Learning) {
    policy = ExpectedSet(policy.rules, learnt: learning.rules)
    learnsUntil = learning.until
  }

  /// Reads the rules again where a file has changed. Those of a file that is wrong stay as they were.
  func refresh() {
    do throws(Failure) {
      guard let rules = try files.readIfChanged() else { return }
      policy = ExpectedSet(rules, learnt: policy.learnt)
      told = []
    } catch {
      ports.remark("\(error): the rules stay as they were")
    }
  }

  /// Judges a listener that has begun, and tells of one that should not be there.
  func judge(_ life: Life, isV6Only: Bool?) -> ListenerVerdict {
    let listener = Listener(life, isV6Only: isV6Only)
    if let learnsUntil, life.firstSeen <= learnsUntil {
      if Learning.tells(life) { policy.addLearnt(listener) }
      return .expected
    }
    let judgement = policy.judge(listener)
    guard judgement.verdict.isFinding, let alarm = ports.alarm else { return judgement.verdict }
    // Without a set, what was there before the recorder is not news.
    if isWithoutRules, life.uncertainty == nil { return judgement.verdict }
    if isNews(listener, life, judgement.verdict) {
      let service = ports.service(listener.port, listener.proto.transport)
      alarm(ListenerField.all(listener, judgement, life, service: service))
    }
    return judgement.verdict
  }

  /// True where nothing of this has been told yet. One whose owner is not known is taken for what was told of its place.
  private func isNews(_ listener: Listener, _ life: Life, _ verdict: ListenerVerdict) -> Bool {
    if told.count >= Self.mostTold { told = [] }
    let key = Told(listener: listener.key, netns: life.netns, verdict: verdict)
    var place = key
    place.listener.program = nil
    place.listener.unit = nil
    let isNewPlace = told.insert(place).inserted
    return listener.owner.process == nil ? isNewPlace : told.insert(key).inserted
  }
}

/// A variable of the environment of a command that is run for a listener.
struct ListenerField: Equatable {
  var name: String
  var value: String

  /// What is known of a listener; empty where it is not. Text that others chose is made safe to print.
  static func all(
    _ listener: Listener, _ judgement: ExpectedSet.Judgement, _ life: Life, service: String?
  ) -> [ListenerField] {
    let process = listener.owner.process
    let values: [(String, String?)] = [
      ("STATUS", judgement.verdict.rawValue), ("PROTO", listener.proto.name),
      ("ADDR", listener.address.description), ("PORT", String(listener.port)), ("SERVICE", service),
      ("EXPOSURE", listener.exposure.rawValue), ("RISK", listener.risk), ("REASON", judgement.reason),
      ("PID", process.map { String($0.pid) }), ("PROCESS", process?.name), ("EXE", process?.exe),
      ("UNIT", process?.unit), ("CONTAINER", process?.container),
      ("TIME", life.firstSeen.rfc3339), ("NETNS", life.netns),
    ]
    return values.map { name, value in
      ListenerField(name: "CONNWATCH_" + name, value: HostileText.escaped(value ?? ""))
    }
  }
}
