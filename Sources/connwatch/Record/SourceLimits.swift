// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc
import ProcNet

/// What is not seen for want of a source or of privileges, in words for a person.
enum SourceLimits {
  /// What this recording will not see, and the command that would change that.
  ///
  /// - Parameters:
  ///   - interval: the time between samples as it was written.
  ///   - command: `connwatch record`, to be run by root.
  static func sentences(
    _ recording: Recording, _ source: Source, interval: String, command: String
  ) -> [String] {
    var sentences: [String] = []
    if let why = recording.whyNoDiag {
      sentences.append("\(why): reading /proc")
    } else if let why = recording.whyNoEnds {
      sentences.append("the ends of sockets are not heard: \(why)")
    }
    if recording.notEntered > 0 {
      sentences.append("\(recording.notEntered) network namespaces may not be entered (sudo \(command) …)")
    }
    guard source == .auto, let whyNoTrace = recording.whyNoTrace else { return sentences }
    let short = "connections shorter than \(interval)"
    let missed =
      recording.hearsEnds ? "the opening times and owners of \(short) are not seen" : "\(short) are missed"
    if geteuid() == 0 {
      sentences.append("\(missed): \(whyNoTrace)")
    } else {
      sentences.append(
        "\(missed), nor are the owners of other users' sockets (sudo \(command) sees them)")
    }
    return sentences
  }

  /// What is not known of processes; nil where all could be looked into, or nobody has looked yet.
  static func owners(_ seen: OwnerVisibility, command: String) -> String? {
    if seen.isComplete || seen.processes == 0 { return nil }
    let who = seen.refused > 0 ? "\(seen.refused) of \(seen.processes) processes" : "some processes"
    let hint = geteuid() == 0 ? "" : " (sudo \(command) sees all)"
    return "\(who) may not be looked into, so the owners of their sockets are not known\(hint)"
  }
}
