// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import CKernelNet

/// How this process uses its memory.
public enum ProcessMemory {
  /// Gives the memory of whatever is large back to the system as soon as it is let go.
  ///
  /// The C library would keep more the larger it was (mallopt(3)). A recorder has its largest tables in its first second.
  public static func returnLargeBlocks() { ckn_map_blocks_from(4 << 20) }
}
