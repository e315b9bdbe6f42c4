// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ProcNet

/// What a table of any size costs, made up where the machine could not hold it.
enum Growth {
  /// CPU seconds: `parse` of a table's text, and `diff` of a sample in which one socket in a hundred is new and one is gone.
  static func run(count: Int, seconds: Double) throws(KitError) {
    let bytes = Tables.text(count: count)
    var parser = SocketTableParser()
    var rows: [SocketRow] = []
    var table = LifeTable(seed: 1)
    let change = max(1, count / 100)
    var second = 0
    func next() -> Snapshot {
      second += 1
      return Tables.snapshot(second * change..<second * change + count, second: second)
    }
    _ = table.apply(next())
    let (parse, diff) = inTurns(
      seconds: seconds,
      {
        rows.removeAll(keepingCapacity: true)
        return Stopwatch.cpu { _ = parser.parse(bytes, proto: .tcp, byteOrder: .little, appendingTo: &rows) }
      },
      {
        let snapshot = next()
        return Stopwatch.cpu { _ = table.apply(snapshot) }
      })
    guard rows.count == count else { throw KitError("\(rows.count) rows of \(count)") }
    var answer = Answer()
    answer.add("parse", parse)
    answer.add("diff", diff)
    answer.send()
  }
}
