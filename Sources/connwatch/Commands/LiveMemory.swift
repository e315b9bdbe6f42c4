// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore
import ProcNet

/// The lives that are open in the history, or ended so lately that they may be in TIME_WAIT, by their sockets.
struct LiveMemory {
  /// Those of one network namespace.
  struct Lives {
    fileprivate var lives: [SocketEnds: [Life]] = [:]

    /// The life that a socket is in, nil where none is known.
    func life(of socket: SocketRow) -> Life? {
      guard let candidates = lives[socket.ends] else { return nil }
      if socket.inode == 0 { return candidates.last { $0.proto.transport == .tcp } }
      return candidates.last { $0.inode == socket.inode || $0.inode == 0 }
    }
  }

  /// By the labels of their namespaces; nil is the recorder's.
  private var namespaces: [String?: Lives] = [:]

  /// Reads them; nil where the history is of another boot, so that its open lives are not of these sockets.
  ///
  /// - Parameter showsTimeWait: some of the sockets are in TIME_WAIT.
  init?(_ history: HistoryReader, _ root: ProcRoot, showsTimeWait: Bool, now: Timestamp) throws {
    guard try history.lastBootID() == BootID(reading: root)?.description else { return nil }
    if showsTimeWait {
      for life in try history.endedLately(at: now) {
        namespaces[life.netns, default: Lives()].lives[life.ends, default: []].append(life)
      }
    }
    for life in try history.openLives() {
      namespaces[life.netns, default: Lives()].lives[life.ends, default: []].append(life)
    }
  }

  /// Those of a namespace. Our own is taken to be the recorder's, unless the history says that it watched ours among
  /// others.
  func lives(in namespace: NetNamespace?) -> Lives {
    if let namespace, let lives = namespaces[namespace.label] { return lives }
    return namespace?.isOwn == false ? Lives() : namespaces[nil] ?? Lives()
  }
}
