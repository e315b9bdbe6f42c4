// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The port of a socket's service: the one end whose port is worth a name, for the other end's was picked by the
/// kernel and what it is registered for means nothing.
///
/// That is the local port of what was opened to us and of listeners, the remote port of what we opened, and nil
/// where it is not known which end is the service.
@inlinable
public func serviceEnd(
  _ proto: Proto, local: Endpoint, remote: Endpoint, role: Life.Role, direction: Direction?
) -> UInt16? {
  switch direction {
  case .inbound: local.port
  case .outbound: remote.port
  case nil: role == .listener ? local.port : nil
  }
}
