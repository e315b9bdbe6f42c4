// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Where sockets are read from: `--source`.
enum Source: String, ExpressibleByArgument, CaseIterable {
  /// The best there is.
  case auto
  /// /proc/net and nothing but it.
  case proc
  /// sock_diag(7).
  case netlink
  /// Every change of a state as the kernel traces it; only a recorder can.
  case trace

  /// Where the rows are to be read from.
  var rows: Source { self == .trace ? .auto : self }
}
