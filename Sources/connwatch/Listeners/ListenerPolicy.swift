// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import ProcNet

/// What is expected to listen here: the rules, and what was learnt. The one place to ask for a listener's verdict.
struct ListenerPolicy {
  private(set) var set: ExpectedSet
  /// Until when everything is expected; nil where nothing is being learnt.
  private(set) var learnsUntil: Timestamp?

  init(_ set: ExpectedSet) { self.set = set }

  /// Reads the rules that hold for whoever asks with these options.
  ///
  /// - Parameters:
  ///   - expected: the file of rules in place of the usual two.
  ///   - learn: the value of `--learn`.
  /// - Throws: ``Failure`` with path and line where a file is wrong, or where there is no history to learn from.
  init(_ global: GlobalOptions, expected: String? = nil, learn: String? = nil) throws {
    var files = ExpectedFiles(try Self.paths(global, expected: expected))
    let rules = try files.readIfChanged() ?? []
    guard let learn else {
      self.init(ExpectedSet(rules))
      return
    }
    let learning = try Self.learning(learn, global)
    self.init(ExpectedSet(rules, learnt: learning.rules))
    if learning.until > SystemClock().now().wall { learnsUntil = learning.until }
    if !learning.isWhole {
      global.remark(
        "the history no longer reaches back to what was learnt; what has ended since is forgotten (listeners accept --learn keeps what is left)"
      )
    }
  }

  /// Judges a listener that is there.
  func judge(_ listener: Listener) -> ExpectedSet.Judgement {
    learnsUntil == nil ? set.judge(listener) : ExpectedSet.Judgement(verdict: .expected)
  }

  /// What was learnt in the first time of the history.
  static func learning(_ text: String, _ global: GlobalOptions) throws -> Learning {
    let span = try Learning.span(text)
    guard let history = try global.openHistoryIfAny(), let learning = try Learning(span, history) else {
      throw Failure("--learn: no history to learn from (connwatch record begins one)")
    }
    return learning
  }

  /// The files whose rules hold: the administrator's, and the one beside the database.
  static func paths(_ global: GlobalOptions, expected: String?) throws(Failure) -> [String] {
    if let expected { return [expected] }
    return [ExpectedFile.system, try besideDatabase(global)]
  }

  /// The file that `accept` and `forget` write unless told another.
  static func besideDatabase(_ global: GlobalOptions) throws(Failure) -> String {
    let facts = DatabasePath.Facts.look(option: global.db)
    if let database = DatabasePath.toRead(facts) { return besideDatabase(database) }
    return besideDatabase(try DatabasePath.toWrite(facts))
  }

  static func besideDatabase(_ path: String) -> String { DatabasePath.parent(of: path) + "/expected" }
}
