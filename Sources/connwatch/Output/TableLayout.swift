// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Which columns of a table are shown, and how wide: pure, from what they need and what there is.
enum TableLayout {
  /// Columns between two columns.
  static let gap = 2
  /// Columns that are left to the flexible column as long as others can be dropped: as long as a process's name gets.
  static let enough = 15

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
  ///
  /// - Parameter enough: the columns that are left to the flexible one as long as others can be dropped.
  static func fit(_ needs: [Need], into limit: Int?, enough: Int = TableLayout.enough) -> [Place] {
    var places = needs.indices.map { Place(column: $0, width: needs[$0].width) }
    guard let limit else { return places }
    let flexible = needs.lastIndex { $0.isFlexible }
    // One long name must not cost every row its state: it is cut before any column goes.
    func least(_ column: Int) -> Int {
      column == flexible
        ? min(needs[column].width, max(needs[column].headerWidth, enough)) : needs[column].width
    }
    var total = needs.indices.reduce(-gap) { $0 + least($1) + gap }
    let droppable = needs.indices.filter { needs[$0].dropOrder != nil }
      .sorted { needs[$0].dropOrder! < needs[$1].dropOrder! }
    for column in droppable where total > limit {
      places.removeAll { $0.column == column }
      total -= least(column) + gap
    }
    if let last = places.lastIndex(where: { $0.column == flexible }) {
      let column = places[last].column
      let room = limit - (total - least(column))
      places[last].width = min(needs[column].width, max(needs[column].headerWidth, room))
    }
    return places
  }
}
