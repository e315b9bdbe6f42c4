// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What a link of /proc/PID/fd points to: proc_pid_fd(5).
enum DescriptorLink {
  /// The longest text that names a socket: `socket:[` with 20 digits and `]`.
  static let longestSocket = 29

  /// The inode in `socket:[INODE]`, nil for anything else; 0 never names a socket.
  @inline(__always)
  static func socketInode(_ bytes: Span<UInt8>) -> UInt64? {
    let count = bytes.count
    guard count >= 10, count <= longestSocket, bytes[0] == UInt8(ascii: "s"), bytes[1] == UInt8(ascii: "o"),
      bytes[2] == UInt8(ascii: "c"), bytes[3] == UInt8(ascii: "k"), bytes[4] == UInt8(ascii: "e"),
      bytes[5] == UInt8(ascii: "t"), bytes[6] == UInt8(ascii: ":"), bytes[7] == UInt8(ascii: "["),
      bytes[count - 1] == UInt8(ascii: "]")
    else { return nil }
    var at = 8
    guard let inode = decimal(bytes, &at), at == count - 1, inode != 0 else { return nil }
    return inode
  }
}
