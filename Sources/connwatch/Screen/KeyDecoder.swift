// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Tells keys from the bytes that a terminal sends, however they are cut and joined on their way.
///
/// Terminals agree on little: xterm, rxvt and the Linux console each have sequences of their own for the same key, so all
/// are known. What is not a key (mouse, focus, answers, what nobody knows) is ignored as a whole, so that its bytes are
/// not taken for something typed. Modifiers of keys that are no characters are ignored.
struct KeyDecoder {
  /// The most bytes of a string (OSC, DCS and the like) that are swallowed.
  static let stringLimit = 65_536
  /// The most parameter bytes of a sequence that are kept. Longer ones are none of ours.
  static let parameterLimit = 32

  private enum State {
    case ground
    /// After ESC; `isDouble` after two: rxvt puts one in front of a key's sequence for Alt.
    case escape(isDouble: Bool)
    /// After `ESC [`, within parameters.
    case control
    /// After `ESC [ [`: the Linux console's F1 to F5.
    case console
    /// After `ESC O`.
    case shift3(digits: Int)
    /// Bytes of an X10 mouse report that are still to come.
    case mouse(missing: Int)
    /// After OSC, DCS, APC, PM or SOS, up to ST or BEL.
    case string(length: Int, isEnding: Bool)
    case paste
  }

  private var state = State.ground
  private var scalars = ScalarAssembler()
  /// What is being assembled came after ESC.
  private var isAlt = false
  private var parameters: [UInt8] = []
  private var paste = PasteCollector()
  /// Nothing has come of a paste for a while.
  private var pasteRests = false

  /// True where more is needed to tell what was typed, or that nothing comes. Silence ends no paste: taken for typing, its
  /// rest would be done and not read.
  var isWaiting: Bool {
    switch state {
    case .ground: scalars.isPending
    case .paste: !pasteRests
    default: true
    }
  }

  /// Takes what was read.
  mutating func feed(_ bytes: some Sequence<UInt8>) -> [Key] {
    var keys: [Key] = []
    for byte in bytes { take(byte, &keys) }
    return keys
  }

  /// Nothing came for a while: ESC alone is the key, and what was cut is dropped.
  mutating func flush() -> [Key] {
    if case .paste = state {
      pasteRests = true
      return []
    }
    var keys: [Key] = []
    if case .escape(let isDouble) = state {
      keys.append(.escape)
      if isDouble { keys.append(.escape) }
    }
    scalars.reset()
    state = .ground
    return keys
  }

  private mutating func take(_ byte: UInt8, _ keys: inout [Key]) {
    switch state {
    case .ground: type(byte, isAlt: false, &keys)
    case .escape(let isDouble): afterEscape(byte, isDouble, &keys)
    case .control: inControl(byte, &keys)
    case .console:
      state = .ground
      if byte < 0x20 {
        take(byte, &keys)
      } else if case 0x41...0x45 = byte {
        keys.append(.function(Int(byte) - 0x40))
      }
    case .shift3(let digits): inShift3(byte, digits, &keys)
    case .mouse(let missing): state = missing > 1 ? .mouse(missing: missing - 1) : .ground
    case .string(let length, let isEnding): inString(byte, length, isEnding, &keys)
    case .paste where byte == 3 && pasteRests:
      // Its end may never come, and nothing else that is typed would be heard. In the midst of a paste it is part of it.
      paste = PasteCollector()
      state = .ground
      keys.append(.control("c"))
    case .paste:
      pasteRests = false
      guard let text = paste.take(byte) else { return }
      paste = PasteCollector()
      state = .ground
      if !text.isEmpty { keys.append(.paste(text)) }
    }
  }

  /// A byte that belongs to no sequence.
  private mutating func type(_ byte: UInt8, isAlt isAfterEscape: Bool, _ keys: inout [Key]) {
    if !scalars.isPending {
      if byte == 0x1B {
        state = .escape(isDouble: false)
        return
      }
      if let key = Self.control(byte) {
        keys.append(key)
        return
      }
      isAlt = isAfterEscape
    }
    switch scalars.take(byte) {
    case .scalar(let scalar):
      if HostileText.isUnsafe(scalar) || DisplayWidth.of(scalar) == 0 { return }
      keys.append(isAlt ? .alt(Character(scalar)) : .character(Character(scalar)))
    case .cut: type(byte, isAlt: false, &keys)
    case .pending, .dropped: break
    }
  }

  private mutating func afterEscape(_ byte: UInt8, _ isDouble: Bool, _ keys: inout [Key]) {
    switch byte {
    case 0x1B:
      if isDouble { keys.append(.escape) }
      state = .escape(isDouble: true)
      return
    case UInt8(ascii: "["):
      parameters.removeAll(keepingCapacity: true)
      state = .control
      return
    case UInt8(ascii: "O"):
      state = .shift3(digits: 0)
      return
    default: break
    }
    if isDouble { keys.append(.escape) }
    switch byte {
    case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "_"), UInt8(ascii: "^"), UInt8(ascii: "X"):
      state = .string(length: 0, isEnding: false)
    default:
      state = .ground
      type(byte, isAlt: true, &keys)
    }
  }

  private mutating func inControl(_ byte: UInt8, _ keys: inout [Key]) {
    switch byte {
    case UInt8(ascii: "[") where parameters.isEmpty: state = .console
    // rxvt's Shift, where others have an intermediate byte and a final one after it.
    case UInt8(ascii: "$") where Self.isNumber(parameters):
      state = .ground
      if let key = Self.key(final: byte, parameters) { keys.append(key) }
    case 0x20..<0x40:
      // One more than the limit says that it is too long.
      if parameters.count <= Self.parameterLimit { parameters.append(byte) }
    case 0x40..<0x7F:
      state = .ground
      if parameters.count > Self.parameterLimit { return }
      if byte == UInt8(ascii: "M"), parameters.isEmpty {
        state = .mouse(missing: 3)
      } else if byte == UInt8(ascii: "~"), parameters == Array("200".utf8) {
        state = .paste
        pasteRests = false
      } else if let key = Self.key(final: byte, parameters) {
        keys.append(key)
      }
    default:
      // Nothing that a sequence is made of: it was cut here.
      state = .ground
      take(byte, &keys)
    }
  }

  private mutating func inShift3(_ byte: UInt8, _ digits: Int, _ keys: inout [Key]) {
    switch byte {
    // Some put modifiers here.
    case 0x30..<0x3C where digits < Self.parameterLimit: state = .shift3(digits: digits + 1)
    case 0x20..<0x7F:
      state = .ground
      if let key = Self.key(shift3: byte) { keys.append(key) }
    default:
      state = .ground
      take(byte, &keys)
    }
  }

  private mutating func inString(_ byte: UInt8, _ length: Int, _ isEnding: Bool, _ keys: inout [Key]) {
    switch byte {
    case 0x07, 0x18, 0x1A: state = .ground
    case 0x1B: state = .string(length: length + 1, isEnding: true)
    case UInt8(ascii: "\\") where isEnding: state = .ground
    // ESC ends a string also where what follows is a sequence of its own.
    case _ where isEnding: afterEscape(byte, false, &keys)
    default: state = length < Self.stringLimit ? .string(length: length + 1, isEnding: false) : .ground
    }
  }
}
