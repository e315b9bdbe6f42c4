// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConnCore
import ConnStore
@preconcurrency import Glibc

extension RecordCommand {
  /// What is done about listeners.
  struct ListenerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The file of rules, instead of the usual two.", valueName: "path"))
    var expected: String?

    @Option(
      help: ArgumentHelp("What listens so long from the history's start is expected.", valueName: "duration"))
    var learn: String?

    @Option(help: ArgumentHelp("Run this for each listener that is not expected.", valueName: "program"))
    var onListener: String?
  }

  /// What judges listeners, and whom it tells.
  struct Listeners {
    let watch: ListenerWatch
    let alarm: ListenerAlarm?

    /// Reads the rules and finds the program.
    ///
    /// - Throws: ``Failure`` where one of them is wrong.
    init(_ options: ListenerOptions, database: String, _ names: Names, _ global: GlobalOptions) throws {
      let alarm = try options.onListener.map { command throws(Failure) in
        try ListenerAlarm(command, say: { global.remark($0) })
      }
      let paths =
        options.expected.map { [$0] }
        ?? [ExpectedFile.system, ListenerPolicy.besideDatabase(database)]
      if let expected = options.expected, access(expected, F_OK) != 0, errno == ENOENT || errno == ENOTDIR {
        global.remark("\(expected): no such file yet (its rules will hold once it is there)")
      }
      self.alarm = alarm
      watch = try ListenerWatch(
        ExpectedFiles(paths),
        ports: ListenerWatch.Ports(
          alarm: alarm.map { alarm in { alarm.add($0) } }, remark: { global.remark($0) },
          service: { names.service($0, $1) }))
      _ = try options.learn.map(Learning.span)
    }

    /// Learns from a history that a recorder has begun, and says so.
    func begin(_ options: ListenerOptions, database: String, now: Timestamp, _ global: GlobalOptions) throws {
      if let learn = options.learn {
        let span = try Learning.span(learn)
        let learning = try Learning(span, HistoryReader(path: database)) ?? Learning(span, from: now)
        watch.learn(learning)
        if learning.until > now {
          global.remark("learning until \(global.text(learning.until)): everything that listens is expected")
        }
      }
      if alarm != nil, watch.isWithoutRules {
        global.remark(
          "no expected set yet, so every listener that comes is told (connwatch listeners accept --all begins one)"
        )
      }
    }
  }
}
