// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A scene as the kernel's trace showed it, one line an event: `microseconds socket what…`.
///
/// - `C t SYN_SENT 0`: C goes to this state, in the context of a task (`t`; `k` where the process keeps the descriptor
///   that a close would have let go of) or of an interrupt (`s`); a number is the local port that the event carries
///   where it is not the true one.
/// - `C R`: it received a reset. `C E 113`: it was told an error, 0 for one that ended nothing. `C D`: destroyed; `C D 0`: the message of its end has forgotten the remote port.
/// - `S A`: accepted. `S Q`: a request for it is in the table. `C P 43472`: its next port; `T X 43472`: that of its
///   other end.
/// - `C F`: the other end's FIN came to an orphan. `C G`: the orphan expired. `C U`: its TIME_WAIT is cut short, since
///   its ends are used again.
///
/// C and E connect to S and T, which L listens for; other letters are cast by whoever plays the scene.
struct KernelScene: Sendable {
  var name: String
  var script: String

  /// Another socket has the ends of one that was in TIME_WAIT.
  var usesEndsAgain: Bool { script.contains(" U\n") }

  /// A socket is told an error.
  var tellsErrors: Bool { script.contains(" C E ") }

  struct Line {
    var time: Int64
    var socket: Character
    var words: [Substring]
  }

  var lines: [Line] {
    script.split(separator: "\n").map { line in
      let words = line.split(separator: " ")
      return Line(time: Int64(words[0])!, socket: words[1].first!, words: Array(words[2...]))
    }
  }

  static let states: [String: SocketState] = Dictionary(
    uniqueKeysWithValues: (UInt8(1)...11).map {
      let state = SocketState(kernel: $0, transport: .tcp)
      return (state.name, state)
    })

  /// Plays it.
  ///
  /// - Parameters:
  ///   - cast: the socket in the model for each letter.
  ///   - portShift: what is added to the ports in the script.
  ///   - when: the moment for a line's.
  func play(
    _ model: inout KernelModel, _ cast: [Character: Int], portShift: UInt16 = 0, when: (Int64) -> Int64
  ) {
    func port(_ word: Substring) -> UInt16 { UInt16(word).map { $0 == 0 ? 0 : $0 + portShift }! }
    for line in lines {
      let time = when(line.time)
      guard let at = cast[line.socket] else { preconditionFailure("\(line.socket) is not cast") }
      let words = line.words
      switch words[0] {
      case "R": model.reset(at, time)
      case "E": model.fail(at, time, Int32(words[1])!)
      case "D": model.destroy(at, time, isWhole: words.count == 1)
      case "A": model.accept(at, time)
      case "Q": model.request(at, time)
      case "P": model.sockets[at].local.port = port(words[1])
      case "X": model.sockets[at].remote.port = port(words[1])
      case "U": model.timeWaitEnds(at, time)
      case "F": model.orphanEnds(at, time, isOver: false)
      case "G": model.orphanEnds(at, time, isOver: true)
      default:
        let to = Self.states[String(words[1])]!
        let before = model.sockets[at].state
        let from: SocketState = to == .synReceived && before == .close ? .listen : before
        model.step(
          at, time, from, to, port: words.count > 2 ? port(words[2]) : nil, isTask: words[0] != "s",
          keepsFD: words[0] == "k")
      }
    }
  }

  static let client = Endpoint(IPAddress(v4: 0x7F00_0001), 51042)
  static let server = Endpoint(IPAddress(v4: 0x7F00_0001), 5001)

  /// A model with this scene alone in it, from `start` on.
  func model(start: Int64 = 1_000_000) -> KernelModel {
    var model = KernelModel()
    let cast: [Character: Int] = [
      "C": model.cast("C", Self.client, Self.server, pid: 100),
      "S": model.cast("S", Self.server, Self.client, pid: 200),
      "L": model.cast("L", Self.server, Endpoint(.anyV4, 0), pid: 200),
      "E": model.cast("E", Self.client, Self.server, pid: 101),
      "T": model.cast("T", Self.server, Self.client, pid: 200),
    ]
    play(&model, cast) { start + $0 }
    model.sort()
    return model
  }
}
