// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Where systemd and container managers put a process, read from /proc/PID/cgroup: cgroups(7).
struct CgroupPlace: Equatable {
  /// The innermost systemd unit that is not a slice, such as `sshd.service`; its `\x2d` escapes are kept.
  var unit: String?
  /// The innermost container: its full id, or the name that LXC or systemd-nspawn gave it.
  var container: String?

  /// Reads the file's content: lines of `number:controllers:path`, one with number 0 in version 2.
  ///
  /// Version 2 is believed first, then systemd's own hierarchy of version 1, then any. The kernel lets no
  /// newline into a path.
  static func parse(_ bytes: Span<UInt8>) -> CgroupPlace {
    var best = CgroupPlace()
    var bestRank = 0
    var line = 0
    while line < bytes.count {
      var end = line
      while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
      let fields = text(bytes, line..<end).split(
        separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      line = end + 1
      guard fields.count == 3 else { continue }
      let place = CgroupPlace(path: fields[2])
      let rank = fields[0] == "0" ? 3 : fields[1] == "name=systemd" ? 2 : 1
      if let unit = place.unit, rank > bestRank {
        best.unit = unit
        bestRank = rank
      }
      if best.container == nil { best.container = place.container }
    }
    return best
  }

  private init() {}

  /// Makes a place of what it is made of.
  init(unit: String?, container: String?) {
    self.unit = unit
    self.container = container
  }

  /// Reads one path, such as `/system.slice/sshd.service`.
  init(path: Substring) {
    // A cgroup that was removed while a process stayed in it: cgroup_path plus these words.
    let deleted = " (deleted)"
    let path = path.hasSuffix(deleted) ? path.dropLast(deleted.count) : path
    var previous: Substring = ""
    var underMachines = false
    for component in path.split(separator: "/") {
      // systemd puts `_` before names that would clash with the kernel's own files.
      let name = component.hasPrefix("_") ? component.dropFirst() : component
      if Self.isUnit(name) { unit = String(name) }
      if let found = Self.container(name, in: previous, underMachines: underMachines) {
        container = String(found)
      }
      if name == "machine.slice" { underMachines = true }
      previous = name
    }
  }

  private static let unitSuffixes = [".service", ".scope", ".socket", ".mount", ".swap"]

  private static func isUnit(_ name: Substring) -> Bool {
    unitSuffixes.contains { name.utf8.count > $0.utf8.count && name.hasSuffix($0) }
  }

  private static let managers = ["docker-", "cri-containerd-", "crio-", "libpod-"]

  /// The container that a component names, nil for any other component.
  private static func container(
    _ name: Substring, in parent: Substring, underMachines: Bool
  ) -> Substring? {
    // LXC: lxc.payload.NAME, in older versions lxc/NAME and lxc.payload/NAME. lxc.monitor is outside.
    if name.hasPrefix("lxc.payload."), name.utf8.count > 12 { return name.dropFirst(12) }
    if parent == "lxc" || parent == "lxc.payload" { return name }

    let bare = name.hasSuffix(".scope") ? name.dropLast(6) : name
    // systemd-nspawn: machine.slice/machine-NAME.scope, or the unit that runs it.
    if underMachines, bare.utf8.count != name.utf8.count, bare.hasPrefix("machine-"), bare.utf8.count > 8 {
      return bare.dropFirst(8)
    }
    if underMachines, name.hasPrefix("systemd-nspawn@"), name.hasSuffix(".service"), name.utf8.count > 23 {
      return name.dropFirst(15).dropLast(8)
    }
    // docker-ID.scope and the like. A conmon scope is the monitor, outside its container.
    for manager in managers where bare.hasPrefix(manager) {
      let id = bare.dropFirst(manager.utf8.count)
      if isHex(id), id.utf8.count >= 12 { return id }
    }
    // docker/ID, kubepods/…/ID, and containerd's SLICE:cri-containerd:ID.
    let id = bare.lastIndex(of: ":").map { bare[bare.index(after: $0)...] } ?? bare
    return id.utf8.count == 64 && isHex(id) ? id : nil
  }

  private static func isHex(_ text: Substring) -> Bool {
    text.utf8.allSatisfy { byte in
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
  }
}
