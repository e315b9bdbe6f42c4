// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A recorder's lock that is taken again where its file was removed: another recorder would make a new one, and take
/// that.
public final class KeptLock: Sendable {
  private let lock: Mutex<RecorderLock>

  /// Takes the lock.
  ///
  /// - Throws: ``StoreError`` of kind `recording` with the pid of the recorder that has it.
  public init(database path: String) throws(StoreError) { lock = Mutex(try RecorderLock(database: path)) }

  /// Takes it again where it must be.
  ///
  /// - Throws: ``StoreError``, of kind `recording` where another recorder was faster.
  func renew() throws(StoreError) {
    try lock.withLock { lock throws(StoreError) in
      var held = stat()
      guard fstat(lock.descriptor, &held) == 0, FileIdentity(lock.lockPath) != FileIdentity(held) else {
        return
      }
      lock = try RecorderLock(database: String(lock.lockPath.dropLast(".lock".count)))
    }
  }
}
