// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ConnStore

@Suite struct FileSystemTests {
  @Test(arguments: [
    (0x6969, "NFS"), (0x517B, "SMB"), (0xFF53_4D42, "CIFS"), (0xFE53_4D42, "SMB2"), (0x0102_1997, "9p"),
    (0x5346_414F, "AFS"), (0x7375_7245, "Coda"), (0x00C3_6400, "Ceph"), (0x0BD0_0BD0, "Lustre"),
    (0x0116_1970, "GFS2"), (0x7461_636F, "OCFS2"),
  ])
  func networkFileSystemsAreRefused(type: UInt32, name: String) {
    #expect(FileSystem.verdict(type: type) == .network(name))
  }

  @Test(arguments: [0x6573_5546, 0x786F_4256] as [UInt32])
  func whatMayBeEitherIsDoubted(type: UInt32) {
    guard case .doubtful = FileSystem.verdict(type: type) else {
      Issue.record("\(type): \(FileSystem.verdict(type: type))")
      return
    }
  }

  /// ext4, XFS, Btrfs, ZFS, tmpfs, overlayfs, F2FS, bcachefs, FAT, exFAT, NTFS3, and one that nobody has heard of.
  @Test(
    arguments: [
      0xEF53, 0x5846_5342, 0x9123_683E, 0x2FC1_2FC1, 0x0102_1994, 0x794C_7630, 0xF2F5_2010, 0xCA45_1A4E,
      0x4D44,
      0x2011_BAB0, 0x7366_746E, 0x1234_5678,
    ] as [UInt32])
  func localOnesAreTaken(type: UInt32) {
    #expect(FileSystem.verdict(type: type) == .local)
  }

  /// What is not there yet is judged by the first directory above it that is.
  @Test func aPathThatIsNotThereIsJudgedByWhatIs() {
    #expect(FileSystem.verdict(of: "/no/such/place/test.db") == FileSystem.verdict(of: "/"))
    #expect(FileSystem.verdict(of: "no/such/place/test.db") == FileSystem.verdict(of: "."))
    #expect(FileSystem.verdict(of: "test.db") == FileSystem.verdict(of: "."))
  }
}
