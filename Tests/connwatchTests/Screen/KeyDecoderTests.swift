// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import connwatch

struct KeyDecoderTests {
  /// What terminals send, and what was pressed. `␛` stands for ESC.
  static let known: [(String, [Key])] = [
    ("a", [.character("a")]), (" ", [.character(" ")]), ("~", [.character("~")]), ("é", [.character("é")]),
    ("漢", [.character("漢")]), ("😀", [.character("😀")]), ("\u{7F}", [.backspace]), ("\u{8}", [.backspace]),
    ("\r", [.enter]), ("\n", [.enter]), ("\t", [.tab]), ("␛[Z", [.backTab]), ("\u{3}", [.control("c")]),
    ("\u{1A}", [.control("z")]), ("\u{1C}", [.control("\\")]), ("\u{0}", []),
    ("␛x", [.alt("x")]), ("␛é", [.alt("é")]), ("␛\r", [.enter]), ("␛\u{7F}", [.backspace]),
    ("␛\u{1}", [.control("a")]),
    // Cursor keys: xterm, its application mode, modifiers, rxvt.
    ("␛[A", [.up]), ("␛[B", [.down]), ("␛[C", [.right]), ("␛[D", [.left]),
    ("␛OA", [.up]), ("␛OB", [.down]), ("␛OC", [.right]), ("␛OD", [.left]),
    ("␛[1;5A", [.up]), ("␛[1;2B", [.down]), ("␛[1;10C", [.right]), ("␛[;3D", [.left]), ("␛[5A", [.up]),
    ("␛[a", [.up]), ("␛[d", [.left]), ("␛Oa", [.up]), ("␛Oc", [.right]), ("␛␛[A", [.up]), ("␛␛OB", [.down]),
    ("␛O5C", [.right]), ("␛O1;5D", [.left]),
    ("␛[H", [.home]), ("␛OH", [.home]), ("␛[1~", [.home]), ("␛[7~", [.home]), ("␛[7$", [.home]),
    ("␛[7^", [.home]), ("␛[7@", [.home]), ("␛[1;5H", [.home]), ("␛[1;6H", [.home]),
    ("␛[F", [.end]), ("␛OF", [.end]), ("␛[4~", [.end]), ("␛[8~", [.end]), ("␛[8$", [.end]),
    ("␛[1;2F", [.end]),
    ("␛[2~", [.insert]), ("␛[2;5~", [.insert]), ("␛[3~", [.delete]), ("␛[3;3~", [.delete]),
    ("␛[3$", [.delete]),
    ("␛[5~", [.pageUp]), ("␛[5;5~", [.pageUp]), ("␛[6~", [.pageDown]), ("␛[6^", [.pageDown]),
    // Function keys: the Linux console, xterm, rxvt.
    ("␛[[A", [.function(1)]), ("␛[[E", [.function(5)]), ("␛[[Z", []),
    ("␛OP", [.function(1)]), ("␛OS", [.function(4)]), ("␛[P", [.function(1)]), ("␛[1;5R", [.function(3)]),
    ("␛[11~", [.function(1)]), ("␛[15~", [.function(5)]), ("␛[16~", []), ("␛[17~", [.function(6)]),
    ("␛[21;2~", [.function(10)]), ("␛[23~", [.function(11)]), ("␛[24$", [.function(12)]),
    ("␛[25~", [.function(13)]),
    ("␛[26~", [.function(14)]), ("␛[28~", [.function(15)]), ("␛[29~", [.function(16)]),
    ("␛[31~", [.function(17)]),
    ("␛[34~", [.function(20)]),
    // The number block.
    ("␛OM", [.enter]), ("␛Oj", [.character("*")]), ("␛Op", [.character("0")]), ("␛Oy", [.character("9")]),
    ("␛OX", [.character("=")]),
    // What is no key: mouse, focus, answers, kitty's and xterm's encodings of all keys, unknown ones.
    ("␛[M !!", []), ("␛[M\u{1B}[A", []), ("␛[<0;10;20M", []), ("␛[<0;10;20m", []), ("␛[32;10;20M", []),
    ("␛[I", []),
    ("␛[O", []), ("␛[?1;2c", []), ("␛[>41;354;0c", []), ("␛[1c", []), ("␛[24;80R", []), ("␛[97;5u", []),
    ("␛[97:65;5:1u", []), ("␛[1;1:3A", []), ("␛[27;5;97~", []), ("␛[?2026;2$y", []), ("␛[99~", []),
    ("␛[1!p", []),
    ("␛[201~", []), ("␛[99999999999999999999~", []), ("␛OE", []), ("␛[1;2;3A", []), ("␛[ A", []),
    // Longer than any sequence.
    ("␛[" + String(repeating: "1;", count: 500) + "A", []),
    ("␛[" + String(repeating: "1", count: 500) + "~", []),
    // Strings.
    ("␛]0;title\u{7}", []), ("␛]11;rgb:0/0/0␛\\", []), ("␛P1$r0m␛\\", []), ("␛_Gi=1;OK␛\\", []),
    ("␛^x␛\\", []),
    ("␛Xy␛␛\\", []), ("␛]cut\u{18}", []), ("␛]cut␛[A", [.up]),
    // Cut by something else.
    ("␛[1\u{3}", [.control("c")]), ("␛[␛[A", [.up]), ("␛[[\r", [.enter]), ("␛O\u{7F}", [.backspace]),
    ("␛[é", [.character("é")]), ("␛Oé", [.character("é")]),
    // Nothing that can be shown.
    ("\u{301}", []), ("\u{200B}", []), ("\u{202E}", []), ("\u{9B}", []), ("\u{FEFF}", []), ("␛\u{202E}", []),
    // Pastes.
    ("␛[200~one two␛[201~", [.paste("one two")]), ("␛[200~␛[201~", []),
    ("␛[200~␛[A␛[201␛[201~", [.paste("[A[201")]),
    ("␛[200~a\r\n\tb\u{4}\u{202E}\u{200B}c␛[201~", [.paste("a bc")]),
    ("␛[200~e\u{301}漢␛[201~", [.paste("e\u{301}漢")]),
    ("␛[200~␛␛[201~", []), ("␛[200~[201~␛[20␛[201~", [.paste("[201~[20")]),
    ("␛[200~␛[200~x␛[201~", [.paste("[200~x")]),
    ("␛[200~cut\u{3}q␛[201~", [.paste("cutq")]),
  ]

  static func bytes(_ text: String) -> [UInt8] { Array(text.replacing("␛", with: "\u{1B}").utf8) }

  @Test(arguments: known.indices)
  func `A sequence is the same key however it is cut`(_ index: Int) {
    let (text, keys) = Self.known[index]
    let bytes = Self.bytes(text)
    var decoder = KeyDecoder()
    #expect(decoder.feed(bytes) == keys, "\(text)")
    #expect(!decoder.isWaiting, "\(text)")
    #expect(bytes.flatMap { decoder.feed(CollectionOfOne($0)) } == keys, "\(text), byte by byte")
    for place in bytes.indices {
      let first = decoder.feed(bytes[..<place])
      #expect(first + decoder.feed(bytes[place...]) == keys, "\(text), cut at \(place)")
    }
    #expect(decoder.feed([0x71] + bytes + [0x71]) == [.character("q")] + keys + [.character("q")], "\(text)")
  }

  @Test
  func `Sequences that come together are told apart`() {
    let known = Self.known.map { (bytes: Self.bytes($0.0), keys: $0.1) }
    var confused: [String] = []
    for (first, begun) in zip(Self.known, known) {
      var decoder = KeyDecoder()
      for (second, ended) in zip(Self.known, known)
      where decoder.feed(begun.bytes + ended.bytes) != begun.keys + ended.keys {
        confused.append("\(first.0) and \(second.0)")
      }
    }
    #expect(confused.isEmpty)
  }

  /// Not UTF-8: stray and missing continuations, overlong forms, surrogates, beyond the last scalar.
  @Test(
    arguments: [
      [0x80], [0xBF, 0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
      [0xED, 0xA0, 0x80],
      [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80],
      [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98],
    ] as [[UInt8]])
  func `What is not UTF-8 is dropped`(_ bytes: [UInt8]) {
    var decoder = KeyDecoder()
    #expect(decoder.feed(bytes + [0x71]) == [.character("q")])
    #expect(decoder.feed(bytes + [0xC3, 0xA9]) == [.character("é")])
    #expect(decoder.feed(bytes + [0x1B, 0x5B, 0x41]) == [.up])
    #expect(decoder.feed(bytes) == [])
    #expect(decoder.flush() == [])
    #expect(decoder.feed(Self.bytes("␛[200~a") + bytes + Self.bytes("b␛[201~")) == [.paste("ab")])
  }

  @Test
  func `Silence tells ESC from a sequence`() {
    for (typed, keys) in [
      ("␛", [.escape]), ("␛␛", [.escape, .escape]), ("␛[", []), ("␛O", []), ("␛[1;5", []), ("␛[[", []),
      ("␛]0;x", []),
      ("␛P␛", []), ("␛[M!", []),
    ] as [(String, [Key])] {
      var decoder = KeyDecoder()
      #expect(decoder.feed(Self.bytes(typed)) == [], "\(typed)")
      #expect(decoder.isWaiting, "\(typed)")
      #expect(decoder.flush() == keys, "\(typed)")
      #expect(!decoder.isWaiting, "\(typed)")
      #expect(decoder.feed("A".utf8) == [.character("A")], "\(typed)")
    }
    var decoder = KeyDecoder()
    #expect(decoder.feed(Self.bytes("␛␛␛[A")) == [.escape, .up])
    #expect(decoder.feed(Self.bytes("␛␛x")) == [.escape, .alt("x")])
    #expect(decoder.feed([0xE6, 0xBC]) == [] && decoder.isWaiting)
    #expect(decoder.flush() == [] && decoder.flush() == [])
  }

  /// Its rest must not be taken for keys, however slow it comes.
  @Test
  func `Silence ends no paste`() {
    var decoder = KeyDecoder()
    #expect(decoder.feed(Self.bytes("␛[200~q")) == [])
    #expect(decoder.isWaiting && decoder.flush() == [] && !decoder.isWaiting)
    #expect(decoder.feed(Self.bytes("k␛[20")) == [])
    #expect(decoder.isWaiting && decoder.flush() == [] && !decoder.isWaiting)
    #expect(decoder.feed(Self.bytes("1~x")) == [.paste("qk"), .character("x")])
  }

  /// Or nothing that is typed would be heard any more.
  @Test
  func `After a silence Ctrl-C leaves a paste`() {
    var decoder = KeyDecoder()
    #expect(decoder.feed(Self.bytes("␛[200~rest␛[20")) == [])
    #expect(decoder.flush() == [])
    #expect(decoder.feed([3]) == [.control("c")])
    #expect(decoder.feed("k".utf8) == [.character("k")])
    #expect(decoder.feed(Self.bytes("␛[200~a\u{3}b␛[201~")) == [.paste("ab")], "in its midst it is text")
  }

  @Test
  func `What is pasted is bounded, and so is a string`() {
    var decoder = KeyDecoder()
    let long = String(repeating: "é", count: 40_000)
    #expect(
      decoder.feed(Self.bytes("␛[200~" + long + "x␛[201~y"))
        == [.paste(String(repeating: "é", count: 32_768)), .character("y")])
    // Up to its bound and one more.
    let filling = [UInt8](repeating: 0x2E, count: KeyDecoder.stringLimit + 1)
    #expect(decoder.feed(Self.bytes("␛]") + filling + [0x71]) == [.character("q")])
  }

  @Test
  func `Whatever came before, a key is understood after silence`() {
    var dice = Dice(seed: 7)
    let alphabet = Array("\u{1B}\u{1B}\u{1B}[[O]P_␛X~$ABCM<?;:0123456789\u{7}\\\r\u{7F}uz".utf8)
    var lost: [[UInt8]] = []
    for round in 0..<10_000 {
      var bytes = (0..<dice.below(24)).map { _ in
        dice.below(4) == 0 ? UInt8(dice.below(256)) : alphabet[dice.below(alphabet.count)]
      }
      if round % 8 == 0 { bytes += Self.bytes("␛[200~") + bytes }
      var decoder = KeyDecoder()
      _ = decoder.feed(bytes)
      _ = decoder.flush()
      // A paste ends only with its mark.
      _ = decoder.feed(Self.bytes("␛[201~"))
      _ = decoder.flush()
      if decoder.feed("k".utf8) != [.character("k")] { lost.append(bytes) }
    }
    #expect(lost.isEmpty)
  }
}
