// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
@preconcurrency import Glibc
import Synchronization
import Testing

@testable import connwatch

struct OutputWriterTests {
  @Test
  func `What is written arrives whole and in order`() throws {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let output = StandardOutput(descriptor: ends[1])
    try output.write("first\n")
    var bytes = ByteBuffer()
    bytes.append(literal: "second\n")
    try output.write(&bytes)
    #expect(bytes.count == 0)
    try output.flush()
    close(ends[1])
    var text = [UInt8](repeating: 0, count: 100)
    #expect(read(ends[0], &text, 100) == 13)
    #expect(String(decoding: text.prefix(13), as: UTF8.self) == "first\nsecond\n")
    close(ends[0])
  }

  @Test
  func `A closed pipe is told apart, and asked only once`() throws {
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    close(ends[0])
    let output = StandardOutput(descriptor: ends[1])
    try output.write("x")
    #expect(throws: OutputError.brokenPipe) { try output.flush() }
    #expect(output.isBroken)
    close(ends[1])
    try output.write("y")
    #expect(throws: OutputError.brokenPipe) { try output.flush() }
  }

  @Test
  func `A full disk is an error with its reason`() throws {
    let full = open("/dev/full", O_WRONLY)
    let output = StandardOutput(descriptor: full)
    try output.write("x")
    let error = #expect(throws: OutputError.self) { try output.flush() }
    #expect(error?.description == "standard output: No space left on device")
    // Nothing is left to be written again.
    try output.flush()
    close(full)
  }

  @Test
  func `A large text is written as it comes, a long table in whole lines`() throws {
    let output = StandardOutput.collecting()
    try output.write(String(repeating: "x", count: StandardOutput.chunk - 1))
    #expect(output.collected.isEmpty)
    try output.write("yz")
    #expect(output.collected.count == StandardOutput.chunk + 1)
    var printer = try RowPrinter(
      SampleRow.self, options: OutputOptions(header: false, columns: ["proto"]), to: output)
    try printer.print(repeatElement(SampleRow(), count: 200_000))
    try output.flush()
    #expect(output.collected.count == StandardOutput.chunk + 1 + 200_000 * 4)
  }

  @Test
  func `A buffer grows and keeps what it holds`() {
    var bytes = ByteBuffer(capacity: 1)
    var expected: [UInt8] = []
    for count in 0..<200 {
      bytes.append(spaces: count)
      expected += Array(repeating: 32, count: count)
      bytes.append(UInt8(count))
      expected.append(UInt8(count))
      let text = Array(repeating: UInt8(count), count: count) + Array(repeating: 0, count: ByteBuffer.slack)
      text.withUnsafeBufferPointer { bytes.append(slackAfter: $0.baseAddress!, count: count) }
      expected += text.prefix(count)
    }
    #expect(Array(bytes.bytes) == expected)
  }

  @Test
  func `Names are looked up once each, and only what answers has one`() {
    let asked = Mutex<[IPAddress]>([])
    let resolver = NameResolver(threads: 3) { address in
      asked.withLock { $0.append(address) }
      return address.v4 == 7 ? nil : "host-\(address)"
    }
    let addresses = (1...50).map { IPAddress(v4: $0) }
    let names = resolver.resolve(addresses + addresses + [.anyV4, .anyV6], patience: .max / 2)
    #expect(names.count == 49)
    #expect(names[IPAddress(v4: 1)] == "host-0.0.0.1")
    #expect(names[IPAddress(v4: 7)] == nil)
    _ = resolver.resolve(addresses, patience: .max / 2)
    #expect(asked.withLock { $0.count } == 50)
  }

  @Test
  func `A server that does not answer is not waited for`() {
    // Every look-up hangs until the pipe is closed.
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let reading = ends[0]
    let resolver = NameResolver(threads: 2) { _ in
      var byte: UInt8 = 0
      return read(reading, &byte, 1) < 0 ? nil : "late"
    }
    let addresses = (1...3).map { IPAddress(v4: $0) }
    #expect(resolver.resolve(addresses, patience: 0).isEmpty)
    close(ends[1])
    #expect(resolver.resolve([], patience: .max / 2).count == 3)
    close(reading)
  }
}
