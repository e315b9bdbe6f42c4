// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Foundation
import Testing

@testable import KernelNet

/// Formats and pages: those of the fixtures, and others made by hand.
enum TracePages {
  static func fixture(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: TraceMachine.fixtures.appending(path: name)))
  }

  /// The content of an event's format file.
  static func format(_ event: TraceLayout.Event) throws -> String {
    let name = event.rawValue.split(separator: "/")[1]
    return String(decoding: try fixture("\(name).format"), as: UTF8.self)
  }

  /// The fixtures' decoder, with some formats changed and some events missing.
  static func decoder(
    _ changed: [TraceLayout.Event: String] = [:], without missing: TraceLayout.Event? = nil
  ) throws -> PageDecoder {
    var contents: [TraceLayout.Event: [UInt8]] = [:]
    for event in TraceLayout.Event.allCases where event != missing {
      let text = try changed[event] ?? format(event)
      contents[event] = Array(text.utf8)
    }
    return PageDecoder(
      page: try PageLayout(fixture("header_page.format")), layout: try TraceLayout { contents[$0] })
  }

  /// A page of some records; the commit field is their length and `flags`.
  static func page(time: UInt64, flags: UInt64 = 0, after: [UInt8] = [], _ records: [[UInt8]]) -> [UInt8] {
    let data = records.flatMap { $0 }
    return bytes(time) + bytes(UInt64(data.count) | flags) + data + after
  }

  /// An event of up to 112 bytes: its length is in the header.
  static func short(_ delta: UInt32, _ data: [UInt8]) -> [UInt8] {
    let padded = data + [UInt8](repeating: 0, count: (4 - data.count % 4) % 4)
    return bytes(delta << 5 | UInt32(padded.count / 4)) + padded
  }

  /// An event with a word for its length.
  static func long(_ delta: UInt32, _ data: [UInt8]) -> [UInt8] {
    bytes(delta << 5) + bytes(UInt32(data.count + 4)) + data
  }

  /// A record of a type and one word.
  static func word(_ type: UInt32, _ delta: UInt32, _ word: UInt32) -> [UInt8] {
    bytes(delta << 5 | type) + bytes(word)
  }

  /// The data of a tcp_destroy_sock event as of the fixtures.
  static func destroyed(_ socket: UInt64, cookie: UInt64 = 0) throws -> [UInt8] {
    try bytes(decoder().layout.destroyed.id) + [0, 0] + bytes(UInt32(7)) + bytes(socket)
      + [UInt8](repeating: 0, count: 48) + bytes(cookie)
  }

  /// The data of an inet_sk_error_report event as of the fixtures.
  static func failed(
    error: Int32, ports: (UInt16, UInt16) = (40000, 80), family: UInt16 = 2, transport: UInt16 = 6
  ) throws -> [UInt8] {
    let layout = try #require(try decoder().layout.failed)
    let mapped = [UInt8](repeating: 0, count: 10) + [255, 255]
    let (here, there): ([UInt8], [UInt8]) = ([10, 0, 0, 1], [10, 0, 0, 2])
    return bytes(layout.id) + [0, 0] + bytes(UInt32(7)) + bytes(error) + bytes(ports.0) + bytes(ports.1)
      + bytes(family) + bytes(transport) + here + there + mapped + here + mapped + there
  }

  /// The data of an icmp_send event as of the fixtures.
  static func answered(type: Int32 = 3, code: Int32) throws -> [UInt8] {
    let layout = try #require(try decoder().layout.unreachable)
    return bytes(layout.id) + [0, 0] + bytes(UInt32(7)) + bytes(UInt64(9)) + bytes(type) + bytes(code)
      + [10, 0, 0, 1, 10, 0, 0, 2] + bytes(UInt32(0)) + bytes(UInt16(0))
  }

  static func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number) { Array($0) }
  }
}

extension PageDecoder {
  /// A page's events, each as a line of text: its moment in nanoseconds, and what happened.
  func lines(_ page: [UInt8], cpu: Int = 0) -> (lines: [String], loss: TraceLoss) {
    var events: [TimedEvent] = []
    let loss = decode(page.span.bytes, cpu: cpu, appendingTo: &events)
    return (events.map { "\($0.nanoseconds) \(Self.text($0.event.kind))" }, loss)
  }

  static func text(_ kind: TraceEvent.Kind) -> String {
    switch kind {
    case .state(let change):
      "\(change.proto.name) \(change.from.name)>\(change.to.name) \(change.local.address):\(change.local.port) "
        + "\(change.remote.address):\(change.remote.port) \(change.thread)"
    case .destroyed(let socket, let cookie): "destroyed \(socket) \(cookie)"
    case .reset(let socket): "reset \(socket)"
    case .failed(let failure):
      "failed \(failure.ends.proto.name) \(failure.ends.local.address):\(failure.ends.local.port) "
        + "\(failure.ends.remote.address):\(failure.ends.remote.port) "
        + (failure.outcome.map { "\($0)" } ?? "kept in mind")
    case .unreachable(let answer): "answered \(answer.source) \(answer.destination) \(answer.outcome)"
    case .task(.created(let thread, let parent, let name, let sharesProcess)):
      "created \(thread) by \(parent) \(name)" + (sharesProcess ? " thread" : "")
    case .task(.executed(let thread, let oldThread, let path)): "executed \(thread) \(oldThread) \(path)"
    case .task(.renamed(let thread, let name)): "renamed \(thread) \(name)"
    }
  }
}
