// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// One JSON object on stdout.
struct Answer {
  private var fields: [String] = []

  mutating func add(_ key: String, _ samples: [Double]) {
    fields.append("\"\(key)\": [\(samples.map { "\($0)" }.joined(separator: ", "))]")
  }

  mutating func add(_ key: String, _ number: Int) { fields.append("\"\(key)\": \(number)") }

  mutating func add(_ key: String, _ number: Double) { fields.append("\"\(key)\": \(number)") }

  func send() { print("{\(fields.joined(separator: ", "))}") }
}
