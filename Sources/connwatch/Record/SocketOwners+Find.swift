// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ProcNet

extension SocketOwners {
  /// Finds the owners that a diff asks for, in the order of its questions.
  func find(_ wanted: [LifeTable.WantedOwner], among rows: [SocketRow]) -> [SocketOwner] {
    lookUp(Array(wanted.lazy.filter { $0.row.inode != 0 }.map { WantedSocket($0.row) }), among: rows)
    let queues = AcceptQueues(rows)
    return wanted.map { owner(of: $0.row, queues: queues, stillThere: $0.isSecondLook) }
  }
}
