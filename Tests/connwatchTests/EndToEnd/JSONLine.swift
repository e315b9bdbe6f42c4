// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// One object of JSON on one line.
struct JSONLine {
  let text: String
  private let object: [String: Any]

  init(_ text: String) throws {
    self.text = text
    guard let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
      throw TestFailure("not a line of JSON: \(text)")
    }
    self.object = object
  }

  private init(_ object: [String: Any]) {
    self.object = object
    text = ""
  }

  func string(_ key: String) -> String? { object[key] as? String }
  func int(_ key: String) -> Int? { (object[key] as? NSNumber)?.intValue }
  func double(_ key: String) -> Double? { (object[key] as? NSNumber)?.doubleValue }
  func bool(_ key: String) -> Bool? { object[key] as? Bool }
  func ints(_ key: String) -> [Int]? { (object[key] as? [NSNumber])?.map(\.intValue) }
  func strings(_ key: String) -> [String]? { object[key] as? [String] }
  func dictionary(_ key: String) -> [String: String]? { object[key] as? [String: String] }
  func isNull(_ key: String) -> Bool { object[key] is NSNull }
  func object(_ key: String) -> JSONLine? { (object[key] as? [String: Any]).map(JSONLine.init) }
  func objects(_ key: String) -> [JSONLine]? { (object[key] as? [[String: Any]])?.map(JSONLine.init) }

  /// The process, where one is known.
  var process: JSONLine? { object("process") }

  /// The states of a life.
  var states: [String] { (objects("states") ?? []).compactMap { $0.string("state") } }

  /// `PROTO LOCAL:PORT REMOTE:PORT`.
  var tuple: String {
    """
    \(string("proto") ?? "-") \(string("local_addr") ?? "-"):\(int("local_port") ?? -1) \
    \(string("remote_addr") ?? "-"):\(int("remote_port") ?? -1)
    """
  }

  /// A moment as microseconds since the epoch. RFC 3339 in UTC with six digits: JSON's own form here.
  func moment(_ key: String) -> Int64? { string(key).flatMap(Self.moment) }

  static func moment(_ text: String) -> Int64? {
    let numbers = text.split { !$0.isNumber }.compactMap { Int32($0) }
    guard text.hasSuffix("Z"), text.utf8.count == 27, numbers.count == 7 else { return nil }
    var parts = tm()
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (numbers[0] - 1900, numbers[1] - 1, numbers[2])
    (parts.tm_hour, parts.tm_min, parts.tm_sec) = (numbers[3], numbers[4], numbers[5])
    return Int64(timegm(&parts)) * 1_000_000 + Int64(numbers[6])
  }

  /// The keys of the object in the order they are written, which a dictionary does not keep.
  var keys: [String] {
    var keys: [String] = []
    var depth = 0
    var start: String.Index?
    var isEscaped = false
    var last: Substring = ""
    for index in text.indices {
      let character = text[index]
      if let from = start {
        if isEscaped {
          isEscaped = false
        } else if character == "\\" {
          isEscaped = true
        } else if character == "\"" {
          last = text[text.index(after: from)..<index]
          start = nil
        }
        continue
      }
      switch character {
      case "\"": start = index
      case "{", "[": depth += 1
      case "}", "]": depth -= 1
      case ":" where depth == 1: keys.append(String(last))
      default: break
      }
    }
    return keys
  }
}
