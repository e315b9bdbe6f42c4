// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A program that opens and closes sockets when it is told to (Tests/Scenes/puppet.py).
final class Puppet {
  /// A socket of the puppet.
  struct Socket {
    var key: String
    var address: String
    var port: Int
    var remotePort: Int?
    var inode: Int
  }

  let child: Child
  let namespace: String
  let pid: Int
  private var answered = 1

  init(_ child: Child, namespace: String, pid: Int) {
    self.child = child
    self.namespace = namespace
    self.pid = pid
  }

  /// Gives an order and waits until it is done.
  @discardableResult
  func order(_ order: [String: Any]) async throws -> JSONLine {
    let data = try JSONSerialization.data(withJSONObject: order)
    try child.tell(String(decoding: data, as: UTF8.self))
    answered += 1
    // Bursts take as long as their connections live.
    let least = Double(order["rounds"] as? Int ?? 0) * (order["lifetime"] as? Double ?? 0)
    try await eventually("an answer to \(order)\n\(child.errors)", within: 20 + 4 * least) {
      child.lines.count >= answered
    }
    let answer = try JSONLine(String(child.lines[answered - 1]))
    if let error = answer.string("error") { throw TestFailure("\(order): \(error)") }
    return answer
  }

  private func socket(_ order: [String: Any]) async throws -> Socket {
    let answer = try await self.order(order)
    return Socket(
      key: answer.string("key") ?? "", address: answer.string("address") ?? "", port: answer.int("port") ?? 0,
      remotePort: answer.int("remote_port"), inode: answer.int("inode") ?? 0)
  }

  @discardableResult
  func listen(
    _ key: String, _ port: Int = 0, address: String = "127.0.0.1", v6Only: Bool? = nil
  ) async throws -> Socket {
    var order: [String: Any] = ["do": "listen", "key": key, "port": port, "address": address]
    if let v6Only { order["v6only"] = v6Only }
    return try await socket(order)
  }

  @discardableResult
  func connect(_ key: String, _ port: Int, localPort: Int? = nil) async throws -> Socket {
    var order: [String: Any] = ["do": "connect", "key": key, "port": port]
    if let localPort { order["local_port"] = localPort }
    return try await socket(order)
  }

  @discardableResult
  func accept(_ key: String, from listener: String) async throws -> Socket {
    try await socket(["do": "accept", "key": key, "from": listener])
  }

  /// A client's end `KEY` and a server's end `KEYs`, of a listener that is there.
  func pair(_ key: String, _ listener: Socket) async throws -> Socket {
    let client = try await connect(key, listener.port)
    try await accept(key + "s", from: listener.key)
    return client
  }

  func close(_ key: String, reset: Bool = false) async throws {
    try await order(["do": "close", "key": key, "reset": reset])
  }

  func name(_ name: String) async throws { try await order(["do": "name", "name": name]) }
}
