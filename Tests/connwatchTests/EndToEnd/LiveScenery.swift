// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

/// What most tests of the screen begin with: a namespace of its own, a puppet that listens on 8080 in it, and a terminal there.
struct LiveScenery {
  let stage: Stage
  let puppet: Puppet
  let play: LivePlay
  let listener: Puppet.Socket
  /// The client's port of a connection to it; 0 where there is none.
  let port: Int

  var screen: TmuxScreen { play.screen }

  /// The stage has to be ended.
  ///
  /// - Parameter connects: there is a connection to the listener.
  static func begin(connects: Bool = true, columns: Int = 80) async throws -> LiveScenery {
    let stage = try Stage()
    do {
      let puppet = try await stage.puppet()
      let play = try await LivePlay.begin(stage, in: puppet.namespace, columns: columns)
      let listener = try await puppet.listen("web", 8080)
      let port = connects ? try await puppet.pair("a", listener).port : 0
      return LiveScenery(stage: stage, puppet: puppet, play: play, listener: listener, port: port)
    } catch {
      stage.end()
      throw error
    }
  }
}
