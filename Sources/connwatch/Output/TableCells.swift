// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// The cells of a batch of rows, one row after the other, and their texts.
///
/// What many cells say is written once: a head tells where.
struct TableCells: ~Copyable {
  /// A cell.
  struct Head {
    /// Where its text is; in front of that, in four bytes, how long it is.
    var start: UInt32
    /// The columns it takes; one that is wider is not padded.
    var width: UInt16
    var style = Style.plain
  }

  private var texts: ByteBuffer
  private var headBytes: ByteBuffer
  private var null = Head(start: 0, width: 0)
  private var protos = [Head](repeating: Head(start: 0, width: 0), count: Proto.allCases.count)
  private var directions = [Head](repeating: Head(start: 0, width: 0), count: 2)
  private var states = [Head](repeating: Head(start: 0, width: 0), count: SocketState.named.count)

  /// Makes room for so many cells: what is not written to costs nothing.
  init(expecting count: Int) {
    texts = ByteBuffer(capacity: 8 * count + 4096)
    headBytes = ByteBuffer(capacity: MemoryLayout<Head>.stride * count + 4096)
  }

  /// True where no more rows should be added: what has been is as much as heads can tell of.
  var isFull: Bool { texts.count > Int(UInt32.max / 2) }

  /// The heads, in order, only until the next change.
  var heads: UnsafePointer<Head> {
    UnsafeRawPointer(headBytes.base).assumingMemoryBound(to: Head.self)
  }

  /// Removes every cell, and keeps the room.
  mutating func removeAll() {
    headBytes.removeAll()
    texts.removeAll()
    null = write { bytes in
      bytes.append(UInt8(ascii: "-"))
      return 1
    }
    for proto in Proto.allCases { protos[Int(proto.rawValue)] = write { $0.measure { $0.append(proto) } } }
    for direction in [Direction.inbound, .outbound] {
      directions[Int(direction.rawValue) - 1] = write { $0.measure { $0.append(direction) } }
    }
    for state in SocketState.named { states[state.place] = write { $0.measure { $0.append(state) } } }
  }

  /// A cell with a value, which may share its text with others; it is not added yet.
  @inline(__always)
  mutating func append(_ value: Value, _ text: inout TableText) -> Head {
    switch value {
    case .null: return null
    case .proto(let proto): return protos[Int(proto.rawValue)]
    case .direction(let direction): return directions[Int(direction.rawValue) &- 1]
    case .state(let state):
      if state.place < states.count { return states[state.place] }
    default: break
    }
    return write { text.append(value, to: &$0) }
  }

  /// Adds a cell behind the others.
  @inline(__always)
  mutating func append(_ head: Head) {
    headBytes.reserve(MemoryLayout<Head>.stride)
    UnsafeMutableRawPointer(headBytes.end).storeBytes(of: head, as: Head.self)
    headBytes.advance(MemoryLayout<Head>.stride)
  }

  /// A cell's text, which can be read for some bytes beyond its end; only until the next change.
  @inline(__always)
  func text(_ head: Head) -> (start: UnsafePointer<UInt8>, count: Int) {
    let start = UnsafeRawPointer(texts.base) + Int(head.start)
    let count = (start - Self.countSize).loadUnaligned(as: UInt32.self)
    return (start.assumingMemoryBound(to: UInt8.self), Int(count))
  }

  private static var countSize: Int { 4 }

  /// Writes a text by a function that returns the columns it takes.
  @inline(__always)
  private mutating func write(_ body: (inout ByteBuffer) -> Int) -> Head {
    texts.reserve(Self.countSize)
    texts.advance(Self.countSize)
    let start = texts.count
    let width = body(&texts)
    UnsafeMutableRawPointer(texts.base + start - Self.countSize)
      .storeBytes(of: UInt32(truncatingIfNeeded: texts.count &- start), as: UInt32.self)
    return Head(start: UInt32(truncatingIfNeeded: start), width: UInt16(clamping: width))
  }
}

extension ByteBuffer {
  /// How many bytes of ASCII a function appends, and so how many columns.
  fileprivate mutating func measure(_ append: (inout ByteBuffer) -> Void) -> Int {
    let start = count
    append(&self)
    return count - start
  }
}
