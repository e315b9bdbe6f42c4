// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CKernelNet

/// Work done in another network namespace, on a short-lived thread that has entered it by setns(2), which takes
/// CAP_SYS_ADMIN. The calling thread stays where it is.
public enum NetworkEntry {
  /// Opens a file for reading as a thread in a namespace sees it: what is below /proc/thread-self/net and
  /// /proc/sys/net is that namespace's, and stays so while the file is open.
  ///
  /// - Parameter namespace: a descriptor of the namespace.
  /// - Returns: a descriptor, or -1 with errno set.
  public static func open(_ path: String, in namespace: Int32) -> Int32 {
    ckn_open_in_network(namespace, path)
  }
}
