// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// A row of small bars.
enum Sparkline {
  /// A bar a value, as high as it is beside the highest; nothing for 0.
  ///
  /// - Parameter isUnicode: false for a terminal that has no block characters.
  static func text(_ values: some Collection<Double>, isUnicode: Bool) -> String {
    let bars: [Character] = isUnicode ? Array(" ▁▂▃▄▅▆▇█") : Array(" .:-=+*#@")
    let most = values.max() ?? 0
    return String(
      values.map { value in
        if most <= 0 || value <= 0 { return bars[0] }
        return bars[max(1, min(8, Int((value / most * 8).rounded())))]
      })
  }
}
