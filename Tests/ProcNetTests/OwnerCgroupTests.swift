// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ProcNet

@Suite struct OwnerCgroupTests {
  static let id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  // Spans cannot pass through the testing macros.
  static func parse(_ bytes: some Sequence<UInt8>) -> CgroupPlace { CgroupPlace.parse(Array(bytes).span) }

  static let other = String(id.reversed())

  @Test(arguments: [
    // systemd
    ("/", nil, nil), ("/init.scope", "init.scope", nil),
    ("/system.slice/sshd.service", "sshd.service", nil),
    ("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", nil),
    ("/user.slice/user-1000.slice/session-3.scope", "session-3.scope", nil),
    ("/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope", "app-x.scope", nil),
    ("/user.slice/user-1000.slice/user@1000.service/init.scope", "init.scope", nil),
    ("/system.slice/cups.socket", "cups.socket", nil),
    ("/system.slice/postgresql.service/worker", "postgresql.service", nil),
    (#"/system.slice/app-a\x2db.service"#, #"app-a\x2db.service"#, nil),
    ("/system.slice/_cpu.service", "cpu.service", nil),
    ("/system.slice/gone.service (deleted)", "gone.service", nil),
    ("/../../system.slice/a.service", "a.service", nil),
    ("/user.slice/user-1000.slice", nil, nil), ("/.service", nil, nil),
    // Docker, Podman, containerd, CRI-O
    ("/system.slice/docker-\(id).scope", "docker-\(id).scope", id),
    ("/docker/\(id)", nil, id), ("/docker/\(id)/system.slice/a.service", "a.service", id),
    ("/docker/\(id)/docker/\(other)", nil, other),
    ("/machine.slice/libpod-\(id).scope/container", "libpod-\(id).scope", id),
    ("/machine.slice/libpod-conmon-\(id).scope", "libpod-conmon-\(id).scope", nil),
    ("/libpod_parent/libpod-\(id)", nil, id),
    (
      "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-\(id).scope",
      "cri-containerd-\(id).scope", id
    ),
    ("/kubepods/besteffort/pod8b6b1d3c-1f0e-4f38-a2ac-b7a9b2d6a1aa/\(id)", nil, id),
    ("/kubepods.slice/kubepods-pod1.slice/crio-\(id).scope", "crio-\(id).scope", id),
    ("/kubepods.slice/kubepods-pod1.slice/crio-conmon-\(id).scope", "crio-conmon-\(id).scope", nil),
    ("/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:\(id)", "containerd.service", id),
    ("/docker/\(id.dropLast())", nil, nil), ("/docker/\(id.dropLast())G", nil, nil),
    ("/docker/\(id)0", nil, nil),
    // LXC and systemd-nspawn
    ("/lxc.payload.web", nil, "web"), ("/lxc/web/ns", nil, "web"), ("/lxc.payload/web", nil, "web"),
    ("/lxc.monitor.web", nil, nil), ("/lxc.payload.web/system.slice/a.service", "a.service", "web"),
    ("/machine.slice/machine-web.scope", "machine-web.scope", "web"),
    ("/machine.slice/systemd-nspawn@web.service/payload", "systemd-nspawn@web.service", "web"),
    ("/user.slice/machine-web.scope", "machine-web.scope", nil),
  ])
  func path(_ path: String, _ unit: String?, _ container: String?) {
    #expect(CgroupPlace(path: path[...]) == CgroupPlace(unit: unit, container: container))
    #expect(Self.parse("0::\(path)\n".utf8) == CgroupPlace(unit: unit, container: container))
  }

  @Test(arguments: [
    ("", nil, nil), ("\n\n", nil, nil), ("0::", nil, nil), ("0:/a.service", nil, nil),
    ("12:pids:/docker/\(id)\n1:name=systemd:/system.slice/a.service\n0::/\n", "a.service", id),
    ("12:pids:/p.service\n1:name=systemd:/s.service\n0::/u.service\n", "u.service", nil),
    ("12:pids:/p.service\n1:name=systemd:/s.service\n", "s.service", nil),
    ("12:pids:/p.service\n", "p.service", nil),
    ("0::/system.slice/a:b.service", "a:b.service", nil),
    ("9:cpu,cpuacct:/lxc/web\n0::/x\n", nil, "web"),
  ])
  func file(_ content: String, _ unit: String?, _ container: String?) {
    #expect(Self.parse(content.utf8) == CgroupPlace(unit: unit, container: container))
  }

  @Test func bytesThatAreNotTextAreRepaired() {
    let file = Array("0::/system.slice/a".utf8) + [0xFF] + Array(".service\n".utf8)
    #expect(Self.parse(file).unit == "a\u{FFFD}.service")
  }
}
