// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension Schema {
  /// What was said of listeners when they began to listen: `ListenerVerdict`, for the lives of listeners that were judged.
  static let version5 = """
    CREATE TABLE verdict(life INTEGER PRIMARY KEY, status TEXT NOT NULL) STRICT;
    """

  /// The verdict of a row `l` of lives, as an expression. Connections have none, and are not looked for.
  static let verdict = "iif(l.flags >> 4 & 3 = 1, (SELECT status FROM verdict WHERE life = l.id), NULL)"
}
