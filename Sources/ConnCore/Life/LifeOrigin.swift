// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Where an imported life comes from. An object, so that the lives that are recorded here carry one word for it.
public final class LifeOrigin: Hashable, Sendable {
  /// The host it was seen on, as the import named it.
  public let host: String
  /// The name in place of the local address, nil where there was an address.
  public let localName: String?
  /// The name in place of the remote address, nil where there was an address.
  public let remoteName: String?

  /// Makes an origin.
  public init(host: String, localName: String? = nil, remoteName: String? = nil) {
    self.host = host
    self.localName = localName
    self.remoteName = remoteName
  }

  /// Two are equal when all they say is.
  public static func == (left: LifeOrigin, right: LifeOrigin) -> Bool {
    left.host == right.host && left.localName == right.localName && left.remoteName == right.remoteName
  }

  /// Hashes all that they say.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(host)
    hasher.combine(localName)
    hasher.combine(remoteName)
  }
}

extension Life {
  /// The host it was seen on, nil for this machine.
  public var host: String? { origin?.host }
}
