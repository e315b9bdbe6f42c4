// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Both ends of a socket and the table it is in: what no two TCP connections of a network namespace have at once.
public struct SocketEnds: Hashable, Sendable {
  /// The table.
  public var proto: Proto
  /// The local end.
  public var local: Endpoint
  /// The remote end.
  public var remote: Endpoint

  /// Makes a key of them.
  public init(proto: Proto, local: Endpoint, remote: Endpoint) {
    self.proto = proto
    self.local = local
    self.remote = remote
  }
}

extension SocketRow {
  /// Its ends, as a key.
  public var ends: SocketEnds { SocketEnds(proto: proto, local: local, remote: remote) }
}

extension SocketEnd {
  /// Its ends, as a key.
  public var ends: SocketEnds { SocketEnds(proto: proto, local: local, remote: remote) }
}

extension Life {
  /// Its ends, as a key.
  public var ends: SocketEnds { SocketEnds(proto: proto, local: local, remote: remote) }
}
