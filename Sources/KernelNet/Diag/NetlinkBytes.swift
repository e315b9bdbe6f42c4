// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Numbers of a netlink message: those of the protocol in the host's byte order, ports and addresses in the network's.
///
/// Every read must be known to be inside; debug builds check it.
extension UnsafeRawBufferPointer {
  @inline(__always)
  func host16(_ offset: Int) -> UInt16 { loadUnaligned(fromByteOffset: offset, as: UInt16.self) }

  @inline(__always)
  func host32(_ offset: Int) -> UInt32 { loadUnaligned(fromByteOffset: offset, as: UInt32.self) }

  @inline(__always)
  func host64(_ offset: Int) -> UInt64 { loadUnaligned(fromByteOffset: offset, as: UInt64.self) }

  @inline(__always)
  func network16(_ offset: Int) -> UInt16 { UInt16(bigEndian: host16(offset)) }

  @inline(__always)
  func network32(_ offset: Int) -> UInt32 { UInt32(bigEndian: host32(offset)) }

  @inline(__always)
  func network64(_ offset: Int) -> UInt64 { UInt64(bigEndian: host64(offset)) }
}

/// One message of netlink(7), found to be whole: `nlmsghdr` and what follows it.
struct NetlinkMessage {
  /// The message, its header included, without the padding behind it.
  let bytes: UnsafeRawBufferPointer

  /// Bytes of `nlmsghdr`.
  static let headerSize = 16

  var type: UInt16 { bytes.host16(4) }
  var flags: UInt16 { bytes.host16(6) }
  var sequence: UInt32 { bytes.host32(8) }

  /// The message that starts at `offset`, which moves behind it; nil where it is cut short.
  @inline(__always)
  init?(_ buffer: UnsafeRawBufferPointer, at offset: inout Int) {
    let rest = buffer.count &- offset
    guard rest >= Self.headerSize else { return nil }
    let length = Int(truncatingIfNeeded: buffer.host32(offset))
    guard length >= Self.headerSize, length <= rest else { return nil }
    bytes = UnsafeRawBufferPointer(rebasing: buffer[offset..<offset &+ length])
    offset = Swift.min(offset &+ ((length &+ 3) & ~3), buffer.count)
  }

  /// The error that `NLMSG_ERROR` or `NLMSG_DONE` carries, an errno value; 0 where there is none.
  var errorCode: Int32 {
    guard bytes.count >= Self.headerSize + 4 else { return 0 }
    let code = Int32(bitPattern: bytes.host32(Self.headerSize))
    return code < 0 ? 0 &- code : 0
  }

  /// The content of the first attribute of a type behind `offset`; nil where there is none.
  func attribute(_ wanted: Int, from offset: Int) -> UnsafeRawBufferPointer? {
    var at = offset
    while bytes.count &- at >= 4 {
      let length = Int(bytes.host16(at))
      guard length >= 4, length <= bytes.count &- at else { return nil }
      if Int(bytes.host16(at &+ 2) & Self.attributeTypeMask) == wanted {
        return UnsafeRawBufferPointer(rebasing: bytes[at &+ 4..<at &+ length])
      }
      at &+= (length &+ 3) & ~3
    }
    return nil
  }

  /// Two bits of an attribute's type are flags: NLA_TYPE_MASK of linux/netlink.h.
  private static let attributeTypeMask: UInt16 = 0x3FFF
}
