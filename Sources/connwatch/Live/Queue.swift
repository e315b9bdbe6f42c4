// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Things that come at one end and go at the other, reached by their place.
struct Queue<Element> {
  private var elements: [Element] = []
  private var start = 0

  init(_ elements: [Element] = []) { self.elements = elements }

  mutating func append(_ element: Element) { elements.append(element) }

  /// Takes out the first.
  mutating func removeFirst(_ count: Int) {
    start += Swift.min(count, self.count)
    // Now and then, so that each costs no more than a few moves.
    if start > 64 && start * 2 > elements.count {
      elements.removeFirst(start)
      start = 0
    }
  }
}

extension Queue: RandomAccessCollection {
  var startIndex: Int { 0 }
  var endIndex: Int { elements.count - start }

  subscript(index: Int) -> Element {
    get { elements[start + index] }
    set { elements[start + index] = newValue }
  }
}

extension Queue: Sendable where Element: Sendable {}
