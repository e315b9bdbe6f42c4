// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Reading of the mount table for what the mount of /proc itself hides.
enum ProcMount {
  /// True where the mount at `path` has `hidepid` set, by number or by name: proc(5).
  ///
  /// Lines are those of /proc/self/mounts: device, place, type, options. Of several mounts at one place the last
  /// covers the others.
  static func hidesProcesses(_ bytes: Span<UInt8>, at path: String) -> Bool {
    var hides = false
    for line in text(bytes, 0..<bytes.count).split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count >= 4, fields[1] == path, fields[2] == "proc" else { continue }
      hides = fields[3].split(separator: ",").contains { option in
        option.hasPrefix("hidepid=") && option != "hidepid=0" && option != "hidepid=off"
      }
    }
    return hides
  }
}
