// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// How a page of the ring buffer begins, as the kernel says it in `events/header_page`
/// (kernel/trace/ring_buffer.c, `struct buffer_data_page`).
struct PageLayout: Equatable {
  /// Nanoseconds on the trace's clock, of the first event.
  let time: NumberField
  /// How many bytes of events there are, and whether events before them were lost.
  let commit: NumberField
  /// Bytes from the page's start to the first event.
  let dataOffset: Int
  /// The bytes of a page, which is what one read of trace_pipe_raw gives at most.
  let size: Int

  /// Reads the file's content.
  ///
  /// - Throws: ``TraceError`` of kind `missing` where it is not understood.
  init(_ bytes: [UInt8]) throws(TraceError) {
    let format = EventFormat(bytes, event: "header_page")
    time = try NumberField(format, "timestamp")
    commit = try NumberField(format, "commit")
    let data = try format.field("data")
    dataOffset = data.offset
    size = data.offset + data.size
    guard max(time.end, commit.end) <= dataOffset, commit.size >= 4 else {
      throw TraceError(.missing, what: "header_page", why: "this kernel's pages begin otherwise")
    }
  }
}
