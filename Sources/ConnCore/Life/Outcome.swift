// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension Life {
  /// How an attempt to connect ended that came to nothing, as the kernel told it.
  public enum Outcome: UInt8, CaseIterable, Hashable, Sendable {
    /// The other end, or somebody on the way, said that nobody listens: a reset, or port unreachable.
    case refused = 1
    /// Somebody on the way said that the host, the network or the service cannot be reached.
    case unreachable
    /// The kernel gave up after its last retransmission of the SYN.
    case timedOut
    /// The process closed the socket before there was an answer.
    case abandoned

    /// Its name, as in JSON and in the views.
    public var name: String {
      switch self {
      case .refused: "refused"
      case .unreachable: "unreachable"
      case .timedOut: "timed out"
      case .abandoned: "abandoned"
      }
    }

    /// Reads an error of connect(2), nil for one that is none of these.
    ///
    /// - Parameter error: as in errno(3), of Linux on all its architectures but MIPS, SPARC, Alpha and PA-RISC.
    public init?(error: Int32) {
      switch error {
      case 111: self = .refused
      case 101, 113: self = .unreachable
      case 110: self = .timedOut
      default: return nil
      }
    }

    /// Reads the code of an ICMP message "destination unreachable" (RFC 792, RFC 1812 section 5.2.7.1) as the kernel does for
    /// connect(2); nil where that is none of these.
    public init?(unreachableCode code: Int32) {
      switch code {
      case 3: self = .refused
      case 0, 1, 6, 7, 9...15: self = .unreachable
      default: return nil
      }
    }
  }
}
