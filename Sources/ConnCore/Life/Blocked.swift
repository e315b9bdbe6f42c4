// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Why an attempt to connect came to nothing.
public enum BlockedVerdict: String, CaseIterable, Hashable, Sendable {
  /// No answer to our SYNs: somebody on the way drops them, or nobody is there.
  case filtered
  /// The answer was that nobody listens.
  case refused
  /// The answer was that the host, the network or the service cannot be reached.
  case unreachable
  /// Somebody's SYN was answered from here, and the handshake was never completed.
  case unanswered
}

extension Life {
  /// How long there has to be no answer before it is told, in microseconds: the kernel sends its first SYN again after a
  /// second (RFC 6298 section 2), and before that a slow network cannot be told from a firewall.
  public static let leastSilence: Int64 = 1_000_000
  /// Samples do not come to the microsecond: how much of a second may be missing between two of them.
  private static let unevenness: Int64 = 50_000

  /// True for a TCP connection that never was one: a SYN from one side, and nothing that came of it.
  public var isAttempt: Bool {
    guard role == .connection, proto.transport == .tcp, firstState == .synSent || firstState == .synReceived
    else { return false }
    guard laterSteps.allSatisfy({ [.synSent, .synReceived, .close].contains($0.state) }) else { return false }
    // Where rows showed the beginning alone the message of its end can tell of an answer.
    guard let traffic, !sources.contains(.trace) else { return true }
    return traffic.roundTrip == 0 && traffic.bytesIn == 0
  }

  /// Why an attempt came to nothing; nil for a connection, and where nobody can tell: it is too soon, its process did not
  /// wait for an answer, or only one sample showed it.
  public var blockedVerdict: BlockedVerdict? {
    guard isAttempt else { return nil }
    if firstState == .synReceived { return isSilent ? .unanswered : nil }
    switch outcome {
    case .refused: return .refused
    case .unreachable: return .unreachable
    case .timedOut: return .filtered
    case .abandoned: return isSilent ? .filtered : nil
    case nil:
      if isSilent { return .filtered }
      // What was recorded before outcomes were: every step was traced, and so quick an end is an answer.
      return sources.contains(.trace) && state == .close ? .refused : nil
    }
  }

  /// How long it is known to have been tried, in microseconds.
  public var triedFor: Int64 {
    // What only samples show may have ended, or been answered, right after the last of them.
    sources.contains(.trace) ? closedOffset ?? lastSeenOffset : lastSeenOffset
  }

  private var isSilent: Bool {
    triedFor >= Self.leastSilence - (sources.contains(.trace) ? 0 : Self.unevenness)
  }
}
