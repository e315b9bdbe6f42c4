// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What a screen is made of beside state and book, and does not change from one frame to the next.
struct LiveSurroundings {
  var names: Names
  var zone = Zone.local
  /// The host's name.
  var host: String
  var isRoot = false
  /// False for a terminal that does not show UTF-8.
  var isUnicode = true
}

/// The screen as a function of what there is to show.
struct LiveFrame {
  let book: LiveBook
  let status: LiveFeed.Status
  let surroundings: LiveSurroundings
  /// Connections and what they carry, of the lines that are seen.
  var traffic: [Int: Traffic] = [:]

  /// Makes the frame.
  ///
  /// - Parameter state: nothing changes in it but how wide columns have become.
  func make(_ state: inout LiveState) -> Frame {
    var frame = Frame(state.size)
    guard state.size.columns >= LiveState.leastSize.columns, state.size.rows >= LiveState.leastSize.rows
    else {
      let least = LiveState.leastSize
      frame.put("too small: \(least.columns)x\(least.rows) at least", row: 0, column: 0)
      return frame
    }
    drawTitle(state, &frame)
    if let (page, top) = state.page {
      draw(page, top, in: state.pageRows, &frame)
    } else {
      if state.headerRows == 4 {
        drawStates(state, &frame)
        drawRates(state, &frame)
      }
      drawViews(state, &frame)
      drawTable(&state, &frame)
    }
    drawStatus(state, &frame)
    drawKeys(state, &frame)
    if !surroundings.isUnicode { frame.replaceWhatIsNotASCII() }
    return frame
  }
}

extension Frame {
  /// Takes out what is in a row.
  mutating func clear(row: Int) {
    put(String(repeating: " ", count: size.columns), row: row, column: 0)
  }
}
