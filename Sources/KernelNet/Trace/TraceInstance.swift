// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore
import Glibc

/// What a trace told since it was last asked.
public struct TraceBatch: Sendable {
  /// What happened, in order of time.
  public var events: [TraceEvent]
  /// What is missing.
  public var loss: TraceLoss
}

/// The kernel's own tracing of every TCP state change of the machine, whatever its network namespace, and of the
/// processes behind them (Documentation/trace/events.rst). It takes root.
///
/// Events are traced from `init` on, into an instance whose switches and buffers are nobody else's. Full buffers lose
/// the oldest events, for those are counted exactly.
public final class TraceInstance {
  /// Kilobytes of buffer for each CPU: fewer than asked for where the kernel had no memory for more.
  public let bufferKilobytes: Int
  /// A reset received is told as well: older kernels have no such event.
  public let tellsResets: Bool

  private struct Stream {
    let cpu: Int
    let descriptor: CInt
  }

  // Events of the last millisecond are held back: one that began before on another CPU may not be written yet.
  private static let holdBack: UInt64 = 1_000_000
  private static let leastKilobytes = 64

  private let decoder: PageDecoder
  private let page: UnsafeMutableRawBufferPointer
  private let mostPages: Int
  private var streams: [Stream] = []
  private var merger = EventMerger()
  private var instance: InstanceDirectory?

  /// Begins to trace.
  ///
  /// - Parameter bufferKilobytes: the buffer of each CPU. An event takes about 80 bytes, a connection on loopback
  ///   fourteen events.
  /// - Throws: ``TraceError``.
  public init(bufferKilobytes: Int = 1408) throws(TraceError) {
    let root = try TraceDirectory.find()
    let layout = try TraceLayout { event throws(TraceError) in
      let name = "events/\(event.rawValue)/format"
      return root.has(name) ? try root.read(name) : nil
    }
    let instance = try InstanceDirectory(in: root)
    // The clocks that are the default drift from CPU to CPU.
    try instance.directory.write("trace_clock", "boot")
    try instance.directory.write("options/overwrite", "1")
    self.bufferKilobytes = try Self.setBuffer(instance.directory, kilobytes: bufferKilobytes)
    for event in layout.events {
      if let filter = event.filter { try instance.directory.write("events/\(event.rawValue)/filter", filter) }
    }

    // The instance's own pages, where it can have a size of its own (Linux 6.8).
    let header =
      try instance.directory.has("events/header_page")
      ? instance.directory.read("events/header_page") : root.read("events/header_page")
    decoder = PageDecoder(page: try PageLayout(header), layout: layout)
    page = .allocate(byteCount: decoder.page.size, alignment: 16)
    mostPages = self.bufferKilobytes * 1024 / decoder.page.size + 2
    tellsResets = layout.reset != nil
    streams = try Self.openStreams(instance.directory)
    // The processes first: no socket event is to come from one whose beginning was missed.
    do throws(TraceError) {
      for event in layout.events.reversed() {
        try instance.directory.write("events/\(event.rawValue)/enable", "1")
      }
    } catch {
      // An instance that is read cannot be removed.
      for stream in streams { Glibc.close(stream.descriptor) }
      streams = []
      throw error
    }
    self.instance = consume instance
  }

  deinit {
    close()
    page.deallocate()
  }

  /// Ends tracing and removes the instance; reading gives nothing any more.
  public func close() {
    for stream in streams { Glibc.close(stream.descriptor) }
    streams = []
    instance = nil
  }

  /// Takes what has happened up to a millisecond ago.
  ///
  /// - Throws: ``TraceError`` where the kernel refuses to be read.
  public func read() throws(TraceError) -> TraceBatch {
    var loss = TraceLoss()
    var watermark = UInt64(KernelClock.bootNanoseconds()) &- Self.holdBack
    for stream in streams {
      var pages = 0
      while let got = try readPage(stream) {
        loss += decoder.decode(
          UnsafeRawBufferPointer(rebasing: page[..<got]).bytes, cpu: stream.cpu, appendingTo: &merger.pending)
        pages += 1
        if pages == mostPages {
          // As much as the buffer holds: the CPU writes as fast as it is read. What else it has is for the next time.
          if let last = merger.pending.last, last.cpu == stream.cpu {
            watermark = min(watermark, last.nanoseconds)
          }
          break
        }
      }
    }
    return TraceBatch(events: merger.take(upTo: watermark), loss: loss)
  }

  /// Reads a page of a CPU, nil where there is none now.
  private func readPage(_ stream: Stream) throws(TraceError) -> Int? {
    while true {
      let got = Glibc.read(stream.descriptor, page.baseAddress, page.count)
      if got > 0 { return got }
      // ENODEV: the CPU's buffer is not there, as before it is first switched on.
      if got == 0 || errno == EAGAIN || errno == ENODEV { return nil }
      if errno != EINTR { throw TraceError(number: errno, what: "per_cpu/cpu\(stream.cpu)/trace_pipe_raw") }
    }
  }

  private static func openStreams(_ directory: borrowing TraceDirectory) throws(TraceError) -> [Stream] {
    var streams: [Stream] = []
    for name in try directory.directory("per_cpu").names() where name.hasPrefix("cpu") {
      guard let cpu = Int(name.dropFirst(3)) else { continue }
      do {
        let descriptor = try directory.file("per_cpu/\(name)/trace_pipe_raw", O_RDONLY | O_NONBLOCK)
        streams.append(Stream(cpu: cpu, descriptor: descriptor))
      } catch {
        for stream in streams { Glibc.close(stream.descriptor) }
        throw error
      }
    }
    return streams
  }

  /// Sets the size of each CPU's buffer, half as much as often as memory does not suffice.
  private static func setBuffer(
    _ directory: borrowing TraceDirectory, kilobytes: Int
  ) throws(TraceError) -> Int {
    var kilobytes = max(kilobytes, leastKilobytes)
    while true {
      let number = directory.attemptWrite("buffer_size_kb", "\(kilobytes)")
      if number == 0 { return kilobytes }
      guard number == ENOMEM, kilobytes / 2 >= leastKilobytes else {
        throw TraceError(number: number, what: "\(directory.path)/buffer_size_kb")
      }
      kilobytes /= 2
    }
  }

}
