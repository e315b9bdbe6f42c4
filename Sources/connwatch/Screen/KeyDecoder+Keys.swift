// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension KeyDecoder {
  /// The key of a control character; nil for what can be shown, for NUL, and for ESC.
  static func control(_ byte: UInt8) -> Key? {
    switch byte {
    case 0x08, 0x7F: .backspace
    case 0x09: .tab
    case 0x0A, 0x0D: .enter
    case 0x01...0x1A: .control(Character(Unicode.Scalar(byte + 0x60)))
    // Ctrl and \ ] ^ _.
    case 0x1C...0x1F: .control(Character(Unicode.Scalar(byte + 0x40)))
    default: nil
    }
  }

  /// The key of a sequence that `ESC [` began, nil for what is none.
  static func key(final: UInt8, _ parameters: [UInt8]) -> Key? {
    guard let numbers = numbers(parameters) else { return nil }
    switch final {
    // rxvt ends with the modifier.
    case UInt8(ascii: "~"), UInt8(ascii: "$"), UInt8(ascii: "^"), UInt8(ascii: "@"):
      return numbers.first.flatMap(key(numbered:))
    // Two numbers are a key and its modifiers; more, or another first one, are somebody's report.
    case _ where numbers.count > 2 || numbers.count == 2 && numbers[0] > 1: return nil
    case UInt8(ascii: "A"), UInt8(ascii: "a"): return .up
    case UInt8(ascii: "B"), UInt8(ascii: "b"): return .down
    case UInt8(ascii: "C"): return .right
    // With a number it is a terminal that says what it is.
    case UInt8(ascii: "c") where numbers.isEmpty: return .right
    case UInt8(ascii: "D"), UInt8(ascii: "d"): return .left
    case UInt8(ascii: "F"): return .end
    case UInt8(ascii: "H"): return .home
    case UInt8(ascii: "Z"): return .backTab
    case UInt8(ascii: "P")...UInt8(ascii: "S"): return .function(Int(final) - 0x4F)
    default: return nil
    }
  }

  /// The key of a byte after `ESC O`: cursor and function keys, and those of the number block in its application mode.
  static func key(shift3 byte: UInt8) -> Key? {
    switch byte {
    case UInt8(ascii: "A"), UInt8(ascii: "a"): .up
    case UInt8(ascii: "B"), UInt8(ascii: "b"): .down
    case UInt8(ascii: "C"), UInt8(ascii: "c"): .right
    case UInt8(ascii: "D"), UInt8(ascii: "d"): .left
    case UInt8(ascii: "F"): .end
    case UInt8(ascii: "H"): .home
    case UInt8(ascii: "M"): .enter
    case UInt8(ascii: "I"): .tab
    case UInt8(ascii: "P")...UInt8(ascii: "S"): .function(Int(byte) - 0x4F)
    case UInt8(ascii: "X"): .character("=")
    // The digits and `* + , - . /`.
    case UInt8(ascii: "j")...UInt8(ascii: "y"): .character(Character(Unicode.Scalar(byte - 0x40)))
    default: nil
    }
  }

  /// True for digits alone.
  static func isNumber(_ parameters: [UInt8]) -> Bool {
    !parameters.isEmpty && parameters.allSatisfy { 0x30...0x39 ~= $0 }
  }

  private static func key(numbered number: Int) -> Key? {
    switch number {
    case 1, 7: .home
    case 2: .insert
    case 3: .delete
    case 4, 8: .end
    case 5: .pageUp
    case 6: .pageDown
    // The gaps are the VT220's, whose keys stood in groups.
    case 11...15: .function(number - 10)
    case 17...21: .function(number - 11)
    case 23...26: .function(number - 12)
    case 28, 29: .function(number - 13)
    case 31...34: .function(number - 14)
    default: nil
    }
  }

  /// Numbers between semicolons, none above 9999; nil where there is anything else, which only reports have.
  private static func numbers(_ parameters: [UInt8]) -> [Int]? {
    var numbers: [Int] = []
    for part in parameters.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
    where !parameters.isEmpty {
      var number = 0
      for byte in part {
        guard case 0x30...0x39 = byte else { return nil }
        number = min(9999, number * 10 + Int(byte) - 0x30)
      }
      numbers.append(number)
    }
    return numbers
  }
}
