// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Where sockets are read from: `--source`.
enum Source: String, ExpressibleByArgument, CaseIterable {
  /// The best there is.
  case auto
  /// /proc/net.
  case proc
}
