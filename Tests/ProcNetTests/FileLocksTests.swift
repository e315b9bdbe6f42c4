// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ProcNet

@Suite struct FileLocksTests {
  private static let locks = """
    1: POSIX  ADVISORY  READ 4711 08:02:1234 123 123
    1: -> POSIX  ADVISORY  WRITE 4712 08:02:1234 123 123
    2: POSIX  ADVISORY  READ 4713 08:02:1234 128 128
    3: POSIX  ADVISORY  READ 4714 08:02:99 124 124
    4: POSIX  ADVISORY  READ 4715 08:1f:1234 124 124
    5: OFDLCK ADVISORY  WRITE -1 08:02:1234 0 EOF
    6: FLOCK  ADVISORY  WRITE 4716 08:02:1234 0 EOF
    7: POSIX  ADVISORY  WRITE 4717 08:02:1234 0 EOF
    8: POSIX  ADVISORY  READ 4711 08:02:1234 125 126
    9: POSIX  ADVISORY  READ 0 08:02:1234 125 126
    rubbish
    10: POSIX  ADVISORY  READ 4718 08:02:1234 9 3

    """

  @Test func thoseOnTheBytesOfTheFile() {
    let pids = FileLocks.holders(
      in: Array(Self.locks.utf8), device: (8, 2), inode: 1234, bytes: 123...127)
    #expect(pids == [4711, 4717])
  }

  @Test func whatIsNotThereHasNone() {
    #expect(FileLocks.holders(of: "/nowhere", bytes: 0...9, reading: ProcRoot()) == [])
    #expect(FileLocks.holders(of: "/etc/passwd", bytes: 0...9, reading: ProcRoot("/nowhere")) == [])
  }
}
