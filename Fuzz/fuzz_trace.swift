// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

@testable import KernelNet

// Linux 6.18's, shortened to what is read.
private let common = """
  ID: 7
  	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
  	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;
  	field:int common_pid;	offset:4;	size:4;	signed:1;

  """

private func format(_ id: Int, _ fields: [(String, Int, Int)]) -> [UInt8] {
  var text = common.replacing("ID: 7", with: "ID: \(id)")
  for (name, offset, size) in fields { text += "field:\(name); offset:\(offset); size:\(size); signed:0;\n" }
  return Array(text.utf8)
}

private func known(_ event: TraceLayout.Event) -> [UInt8] {
  let socket = [("u64 skaddr", 8, 8), ("u64 sock_cookie", 64, 8)]
  return switch event {
  case .state:
    format(
      1,
      [
        ("u64 skaddr", 8, 8), ("int oldstate", 16, 4), ("int newstate", 20, 4), ("u16 sport", 24, 2),
        ("u16 dport", 26, 2), ("u16 family", 28, 2), ("u16 protocol", 30, 2), ("u8 saddr[4]", 32, 4),
        ("u8 daddr[4]", 36, 4), ("u8 saddr_v6[16]", 40, 16), ("u8 daddr_v6[16]", 56, 16),
      ])
  case .destroyed: format(2, socket)
  case .reset: format(3, socket)
  case .failed:
    format(
      8,
      [
        ("int error", 8, 4), ("u16 sport", 12, 2), ("u16 dport", 14, 2), ("u16 family", 16, 2),
        ("u16 protocol", 18, 2), ("u8 saddr[4]", 20, 4), ("u8 daddr[4]", 24, 4), ("u8 saddr_v6[16]", 28, 16),
        ("u8 daddr_v6[16]", 44, 16),
      ])
  case .unreachable:
    format(9, [("int type", 16, 4), ("int code", 20, 4), ("u8 saddr[4]", 24, 4), ("u8 daddr[4]", 28, 4)])
  case .created: format(4, [("pid_t pid", 8, 4), ("char comm[16]", 12, 16), ("u64 clone_flags", 32, 8)])
  case .renamed: format(5, [("pid_t pid", 8, 4), ("char newcomm[16]", 28, 16)])
  case .executed:
    format(6, [("__data_loc char[] filename", 8, 4), ("pid_t pid", 12, 4), ("pid_t old_pid", 16, 4)])
  }
}

private let header = Array(
  "field: u64 timestamp; offset:0; size:8;\nfield: local_t commit; offset:8; size:8;\nfield: char data; offset:16; size:4080;\n"
    .utf8)

/// Read once: to read them takes far longer than anything else here.
private let formats = TraceLayout.Event.allCases.map { EventFormat(known($0), event: $0.rawValue) }

private func format(_ event: TraceLayout.Event) -> EventFormat? {
  formats.first { $0.event == event.rawValue }
}

private let layout: TraceLayout = {
  guard let layout = try? TraceLayout(formats: format) else { fatalError("no layout") }
  return layout
}()

private let pageLayout: PageLayout = {
  guard let layout = try? PageLayout(header) else { fatalError("no page layout") }
  return layout
}()

/// Any bytes as a page: no crash, and no more events than there is room for. As a page whose header is right, to
/// get past it. And, up to a NUL, as a format of each event in turn, by which the rest is then read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTrace(_ data: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  let bytes = Array(UnsafeBufferPointer(start: data, count: count))
  check(PageDecoder(page: pageLayout, layout: layout), bytes)
  let length = withUnsafeBytes(of: UInt64(count)) { Array($0) }
  check(PageDecoder(page: pageLayout, layout: layout), [0, 0, 0, 0, 0, 0, 0, 0] + length + bytes)

  let text = bytes.prefix { $0 != 0 }
  let rest = Array(bytes.dropFirst(text.count + 1))
  let changed = TraceLayout.Event.allCases[count % TraceLayout.Event.allCases.count]
  let own = EventFormat(Array(common.utf8) + text, event: changed.rawValue)
  if let other = try? TraceLayout(formats: { $0 == changed ? own : format($0) }) {
    check(PageDecoder(page: pageLayout, layout: other), rest)
  }
  if let other = try? PageLayout(Array(text)) { check(PageDecoder(page: other, layout: layout), rest) }
  return 0
}

private func check(_ decoder: PageDecoder, _ page: [UInt8]) {
  var merger = EventMerger()
  let loss = decoder.decode(page.span.bytes, cpu: 0, appendingTo: &merger.pending)
  precondition(loss.count >= 0)
  // An event has a header at least.
  let count = merger.pending.count
  precondition(count * 4 <= page.count)
  precondition(merger.take(upTo: .max).count == count)
}
