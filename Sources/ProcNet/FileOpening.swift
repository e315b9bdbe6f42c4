// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Opens a path for reading as open(2) does: a descriptor, or -1 with errno set.
///
/// A file of /proc/net shows the network namespace of the thread that opened it, for as long as it is open; so
/// another way to open is another namespace to read.
public typealias FileOpening = @Sendable (_ path: String) -> Int32

/// Opens in the namespace of the calling thread.
@Sendable public func openForReading(_ path: String) -> Int32 { open(path, O_RDONLY | O_CLOEXEC) }
