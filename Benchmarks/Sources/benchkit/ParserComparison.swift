// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CBench
import ConnCore
import ProcNet

/// ProcNet's parser beside the same algorithm in C, on the same bytes.
enum ParserComparison {
  /// CPU seconds a table, in pairs: `tcp_swift`, `tcp_c`, `tcp6_swift`, `tcp6_c`.
  static func run(count: Int, seconds: Double) throws(KitError) {
    var answer = Answer()
    for v6 in [false, true] {
      let bytes = Tables.text(count: count, v6: v6)
      let name = v6 ? "tcp6" : "tcp"
      var parser = SocketTableParser()
      var rows: [SocketRow] = []
      var reference = cbench_parser()
      defer { cbench_free(&reference) }
      var result = cbench_result()
      let (swift, c) = inTurns(
        seconds: seconds / 2,
        {
          rows.removeAll(keepingCapacity: true)
          return Stopwatch.cpu {
            _ = parser.parse(bytes, proto: v6 ? .tcp6 : .tcp, byteOrder: .little, appendingTo: &rows)
          }
        },
        { Stopwatch.cpu { result = cbench_parse(&reference, bytes, bytes.count, v6) } })
      try check(rows, reference, result, count: count, proto: v6 ? .tcp6 : .tcp)
      answer.add("\(name)_swift", swift)
      answer.add("\(name)_c", c)
      answer.add("\(name)_bytes", bytes.count)
    }
    answer.add("rows", count)
    answer.send()
  }

  /// Both must have given the same rows, or neither figure means anything.
  private static func check(
    _ rows: [SocketRow], _ reference: cbench_parser, _ result: cbench_result, count: Int, proto: Proto
  ) throws(KitError) {
    guard rows.count == count, result.rows == count, result.odd_lines == 0 else {
      throw KitError("\(proto.name): \(rows.count) rows by Swift, \(result.rows) by C, of \(count)")
    }
    for index in rows.indices where rows[index] != row(reference.rows[index], proto) {
      throw KitError("\(proto.name): row \(index) differs: \(rows[index])")
    }
  }

  private static func row(_ row: cbench_row, _ proto: Proto) -> SocketRow {
    SocketRow(
      proto: proto, state: SocketState(kernel: row.state, transport: .tcp), local: end(row.local),
      remote: end(row.remote), inode: row.inode, rawUID: row.uid, receiveQueue: row.receive_queue,
      sendQueue: row.send_queue)
  }

  private static func end(_ end: cbench_end) -> Endpoint {
    Endpoint(IPAddress(high: end.high, low: end.low), end.port)
  }
}
