// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// A key that `--columns` does not take.
struct ColumnError: Error, Equatable, CustomStringConvertible {
  /// What is wrong with it.
  enum Reason: Equatable, Sendable {
    /// There is no such key; the nearest one, if any is near.
    case unknown(nearest: String?)
    /// It was named before.
    case repeated
  }

  /// The key as it was given.
  var key: String
  var reason: Reason
  /// The keys that are accepted.
  var accepted: [String]

  var description: String {
    let shown = HostileText.escaped(key)
    switch reason {
    case .repeated:
      return "--columns: \"\(shown)\" is named twice"
    case .unknown(let nearest):
      let guess = nearest.map { "did you mean \"\($0)\"? " } ?? ""
      return "--columns: no column \"\(shown)\" (\(guess)accepted: \(accepted.joined(separator: ", ")))"
    }
  }
}

/// The fields that the keys name, in their order; case is ignored, and `-` is `_`.
func selectColumns<Row: OutputRow>(_ keys: [String], of row: Row.Type) throws(ColumnError) -> [Row.Field] {
  let accepted = Row.keys.map(\.rawValue)
  var fields: [Row.Field] = []
  for key in keys {
    let wanted = String(key.lowercased().map { $0 == "-" ? "_" : $0 })
    guard let index = accepted.firstIndex(of: wanted) else {
      let isPart = CSVText.processParts.contains(wanted) && accepted.contains("process")
      let near = isPart ? "process" : nearest(to: wanted, among: accepted)
      throw ColumnError(key: key, reason: .unknown(nearest: near), accepted: accepted)
    }
    let field = Row.keys[index]
    guard !fields.contains(field) else { throw ColumnError(key: key, reason: .repeated, accepted: accepted) }
    fields.append(field)
  }
  return fields
}

/// The candidate that `word` was most likely meant to be: one that it begins, or one that a slip of the finger makes
/// of it. nil where none is near.
func nearest(to word: String, among candidates: [String]) -> String? {
  if word.count >= 2, let whole = candidates.first(where: { $0.hasPrefix(word) }) { return whole }
  return Suggestion.nearest(to: word, among: candidates)
}
