// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

extension ProcRoot {
  /// The first bytes of a small file, such as a setting under sys: at most 4,096 unless more are asked for; nil where it
  /// cannot be read.
  ///
  /// - Parameter name: the path below the root, without a slash in front.
  func smallFile(
    _ name: String, most: Int = 4096, opening: FileOpening = openForReading
  ) -> [UInt8]? {
    let descriptor = opening("\(path)/\(name)")
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var failed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
      while count < buffer.count {
        let got = Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
        if got < 0, errno == EINTR { continue }
        failed = got < 0
        if got <= 0 { return }
        count += got
      }
    }
    return failed ? nil : bytes
  }
}
