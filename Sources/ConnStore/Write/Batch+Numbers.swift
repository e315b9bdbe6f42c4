// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

extension Batch {
  /// The same with other numbers: each is so much higher.
  func renumbered(by offset: Int64) -> Batch {
    if offset == 0 { return self }
    var batch = self
    batch.nextLife += offset
    for place in batch.current.indices { batch.current[place].id += offset }
    for place in batch.finished.indices { batch.finished[place].id += offset }
    batch.dropped = batch.dropped.map { $0 + offset }
    return batch
  }
}
