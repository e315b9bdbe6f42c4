// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore

/// What the writer's thread has to say while all is well, or well again.
public enum StoreNotice: Sendable, Equatable {
  /// What waited has been written, and these gaps say so.
  case resumed([Gap])
  /// The disk has less free than is to be left to others: the history is held at a size.
  case held(size: Int64, free: Int64, reserve: Int64)
  /// There is room again.
  case released
  /// The log has grown to so many bytes, because it could not be moved into the file, or somebody reads an old state
  /// of it where no reason is told.
  case logGrown(bytes: Int64, why: String?)
  /// The log is used from its beginning again.
  case logReset
}
