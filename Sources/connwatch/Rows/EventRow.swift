// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// Something that happened to a socket, or a stretch in which nothing was seen.
struct EventRow: OutputRow {
  enum Field: String, CaseIterable {
    case time, event, id, proto, from, to
    case localAddress = "local_addr"
    case localPort = "local_port"
    case remoteAddress = "remote_addr"
    case remotePort = "remote_port"
    case service, direction, process, netns, status
    // For tables only:
    case local, remote, state, pid, who
  }

  static let keys: [Field] = Field.allCases.filter { ![.local, .remote, .state, .pid, .who].contains($0) }

  // Printed a few rows at a time, so the columns begin as wide as they usually have to be.
  static let table: [TableColumn<Field>] = [
    TableColumn(.time, minimumWidth: 19), TableColumn(.event, minimumWidth: 11),
    TableColumn(.state, drop: 6, minimumWidth: 11), TableColumn(.proto, drop: 5, minimumWidth: 5),
    TableColumn(.local, minimumWidth: 21), TableColumn(.remote, minimumWidth: 21),
    TableColumn(.service, drop: 3, minimumWidth: 8),
    TableColumn(.direction, "DIR", drop: 2, minimumWidth: 3), TableColumn(.pid, drop: 4, minimumWidth: 7),
    TableColumn(.who, "PROCESS", flexible: true),
  ]

  let names: Names
  var happening: Recorder.Happening

  func value(_ field: Field) -> Value {
    switch happening {
    case .event(let event): value(field, event)
    case .gap(let gap): value(field, gap)
    }
  }

  private func value(_ field: Field, _ event: Event) -> Value {
    let life = event.life
    switch field {
    case .time: return .time(event.time)
    case .event: return .text(event.kind.rawValue)
    case .id: return .int(life.id)
    case .proto: return .proto(life.proto)
    case .from: return event.from.orNull { .text($0.name) }
    case .to: return event.to.orNull { .text($0.name) }
    case .state: return .state(event.to ?? event.from ?? life.state)
    case .localAddress: return .address(life.local.address)
    case .localPort: return .port(life.local.port)
    case .remoteAddress: return .address(life.remote.address)
    case .remotePort: return .port(life.remote.port)
    case .local: return .endpoint(life.local)
    case .remote: return .endpoint(life.remote)
    case .service: return life.serviceName(names.services).orNull(Value.text)
    case .direction: return life.direction.orNull(Value.direction)
    case .process: return .process(life.owner)
    case .who:
      guard let verdict = Self.finding(event) else { return .process(life.owner) }
      return .text(
        "\(verdict.rawValue): \(life.owner.process?.name ?? life.owner.whyUnknown?.rawValue ?? "-")")
    case .status: return event.kind == .listening ? life.verdict.orNull { .text($0.rawValue) } : .null
    case .netns: return life.netns.orNull(Value.text)
    case .pid: return life.owner.process.orNull { .number($0.pid) }
    }
  }

  /// What is to be said of a listener that has begun and should not be there.
  private static func finding(_ event: Event) -> ListenerVerdict? {
    guard event.kind == .listening, let verdict = event.life.verdict, verdict.isFinding else { return nil }
    return verdict
  }

  private func value(_ field: Field, _ gap: Gap) -> Value {
    switch field {
    case .time: .time(gap.since)
    case .event: .text("gap")
    case .who: .text(Self.words(gap))
    default: .null
    }
  }

  /// What is to be said of a gap.
  static func words(_ gap: Gap) -> String {
    let span = TimeText.age(gap.until - gap.since)
    switch gap.meaning {
    case .unwatched: return "not watching for \(span): \(gap.cause)"
    case .clock: return ([gap.cause] + [gap.detail].compactMap(\.self)).joined(separator: " ")
    case .writtenLate:
      let samples = gap.samples == 1 ? "1 sample" : "\(gap.samples) samples"
      return "stored late, \(samples) of \(span): \(gap.cause)"
    }
  }

  func style(_ field: Field) -> Style {
    guard field == .event else { return .plain }
    switch happening {
    case .gap: return .brightRed
    case .event(let event):
      switch event.kind {
      case .opened: return .green
      case .listening: return Self.finding(event) == nil ? .cyan : .brightRed
      case .changed: return .yellow
      case .closed, .unlistened: return .red
      }
    }
  }
}

extension Life {
  /// The name of its service end, nil where that end or its name is not known.
  func serviceName(_ services: ServiceNames) -> String? {
    serviceEnd(proto, local: local, remote: remote, role: role, direction: direction)
      .flatMap { services.name($0, proto.transport) }
  }
}
