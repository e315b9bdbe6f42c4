// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// with: Screen/Key Screen/KeyDecoder Screen/KeyDecoder+Keys Screen/PasteCollector Screen/ScalarAssembler
// with: Output/HostileText Output/ByteBuffer Output/DisplayWidth

/// Nothing that a screen must not be given comes out of a terminal's bytes.
private func check(_ key: Key) {
  switch key {
  case .character(let character), .alt(let character):
    precondition(character.unicodeScalars.count == 1)
    for scalar in character.unicodeScalars {
      precondition(!HostileText.isUnsafe(scalar) && DisplayWidth.of(scalar) > 0)
    }
  case .control(let character): precondition(character.isASCII && !character.isUppercase)
  case .function(let number): precondition(1...24 ~= number)
  case .paste(let text):
    precondition(!text.isEmpty && text.utf8.count <= PasteCollector.limit)
    precondition(!text.unicodeScalars.contains(where: HostileText.isUnsafe))
  default: break
  }
}

/// What a terminal sends. It makes no difference how it is cut, and whatever it was, the next key is understood once the
/// terminal has been silent and what was being pasted has ended.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzKeys(_ data: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  let bytes = Array(UnsafeBufferPointer(start: data, count: count))
  var whole = KeyDecoder()
  let keys = whole.feed(bytes)
  keys.forEach(check)

  var cut = KeyDecoder()
  var pieces: [Key] = []
  // The first byte says where it is cut: after each byte, or each so many.
  let step = Int(bytes.first ?? 0) % 7 + 1
  for start in stride(from: 0, to: count, by: step) {
    pieces += cut.feed(bytes[start..<min(count, start + step)])
  }
  precondition(pieces == keys)
  precondition(cut.isWaiting == whole.isWaiting)

  let rest = whole.flush()
  precondition(rest == cut.flush())
  rest.forEach(check)
  precondition(!whole.isWaiting)
  whole.feed("\u{1B}[201~".utf8).forEach(check)
  precondition(whole.flush().isEmpty)
  precondition(whole.feed("a".utf8) == [.character("a")])
  return 0
}
