// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore
import Glibc

/// Reads how many TCP connections a network namespace has opened, from the `Tcp:` lines of net/snmp: proc_net(5).
///
/// Keep a reader from sample to sample: its last descriptor serves when there are none left.
public final class OpeningCountersReader {
  /// Why there is no reading.
  public struct Unreadable: Error, Hashable, CustomStringConvertible {
    /// The file.
    public let path: String
    /// What is wrong with it, in words.
    public let why: String

    /// The path and what is wrong.
    public var description: String { "\(path): \(why)" }
  }

  private var file: SocketTableFile
  private let buffer = ReadBuffer()

  /// Makes a reader; opens nothing yet.
  ///
  /// - Parameters:
  ///   - root: where /proc is.
  ///   - directory: the directory of the file below it: `net`, or `PID/net` for the namespace of another process.
  ///   - opening: how the file is opened.
  public init(
    root: ProcRoot = ProcRoot(), directory: String = "net", opening: @escaping FileOpening = openForReading
  ) {
    file = SocketTableFile(path: "\(root.path)/\(directory)/snmp", opening: opening)
  }

  deinit { file.close() }

  /// Reads the counters as they are now.
  public func read() throws(Unreadable) -> OpeningCounters {
    buffer.count = 0
    do throws(SocketTableFile.Failure) {
      try file.read(into: buffer)
    } catch {
      let code =
        switch error {
        case .missing: ENOENT
        case .system(let code): code
        }
      throw Unreadable(path: file.path, why: String(cString: strerror(code)))
    }
    do throws(TCPCounterLines.Failure) {
      return try TCPCounterLines.parse(buffer.bytes)
    } catch {
      let why =
        switch error {
        case .noLines: "no whole Tcp: lines"
        case .missing(let name): "no column \(name)"
        case .badNumber(let name): "no number in the column \(name)"
        }
      throw Unreadable(path: file.path, why: why)
    }
  }
}
