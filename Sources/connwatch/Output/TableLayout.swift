// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Which columns of a table are shown, and how wide: pure, from what they need and what there is.
enum TableLayout {
  /// Columns between two columns.
  static let gap = 2

  /// What a column needs.
  struct Need: Equatable, Sendable {
    /// The width of its widest cell or its header.
    var width: Int
    /// The width of its header, below which it is never cut.
    var headerWidth: Int
    /// When it is dropped, lowest first; nil never.
    var dropOrder: Int?
    /// True where it may be cut.
    var isFlexible: Bool
  }

  /// A column that is shown.
  struct Place: Equatable, Sendable {
    /// Its index among the needs.
    var column: Int
    /// Its width.
    var width: Int
  }

  /// Fits the columns into `limit`, nil for no limit: drops the droppable ones in their order until the rest fits,
  /// then cuts the flexible one. What still does not fit stays whole, and the terminal wraps it: an address that
  /// is cut short is another address.
  static func fit(_ needs: [Need], into limit: Int?) -> [Place] {
    var places = needs.indices.map { Place(column: $0, width: needs[$0].width) }
    guard let limit else { return places }
    var total = places.reduce(-gap) { $0 + $1.width + gap }
    let droppable = needs.indices.filter { needs[$0].dropOrder != nil }
      .sorted { needs[$0].dropOrder! < needs[$1].dropOrder! }
    for column in droppable where total > limit {
      places.removeAll { $0.column == column }
      total -= needs[column].width + gap
    }
    if total > limit, let last = places.lastIndex(where: { needs[$0.column].isFlexible }) {
      places[last].width = max(needs[places[last].column].headerWidth, places[last].width - (total - limit))
    }
    return places
  }
}
