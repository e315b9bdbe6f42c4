// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ConnCore
@testable import ConnStore
@testable import connwatch

/// A machine with a few sockets, for frames that are always the same.
struct FrameScene {
  /// 2026-01-01 10:00:00 UTC
  static let begin = Timestamp(microseconds: 1_767_261_600_000_000)

  var book = LiveBook()
  var status = LiveFeed.Status(interval: 1_000_000)
  var state: LiveState
  let names = Names()
  private var time = FrameScene.begin

  init(_ columns: Int, _ rows: Int) {
    state = LiveState(size: Frame.Size(columns: columns, rows: rows))
    status.sources = [.netlink, .end, .trace]
  }

  var surroundings: LiveSurroundings {
    LiveSurroundings(names: names, zone: .utc, host: "db1")
  }

  /// The frame, and what it makes of the state.
  mutating func frame(at now: Int64 = 0) -> Frame {
    state.settle(book, names, now: now)
    var drawing = LiveFrame(book: book, status: status, surroundings: surroundings)
    drawing.traffic = book.traffic(of: state.visiblePlaces)
    return drawing.make(&state)
  }

  /// Types keys and does what the loop does about filters, which is all that frames need; returns what is left to do.
  @discardableResult
  mutating func type(_ keys: Key..., now: Int64 = 0) -> [LiveEffect] {
    var rest: [LiveEffect] = []
    for key in keys {
      for effect in state.take(key, now: now, interval: status.interval) {
        if case .filter(let text) = effect { state.filter(text, names) } else { rest.append(effect) }
      }
    }
    return rest
  }

  mutating func type(_ text: String) { for character in text { type(.character(character)) } }

  /// A refresh, a second after the one before.
  mutating func refresh(_ current: [Life] = [], finished: [Life] = [], gaps: [Gap] = []) {
    let span: Int64 = book.refresh == 0 ? 0 : 1_000_000
    time = time + span
    var update = LiveBook.Update(time: time, span: span)
    update.current = current
    update.finished = finished
    update.gaps = gaps
    book.apply(update)
  }

  static func process(_ pid: Int32, _ name: String, _ exe: String? = nil, unit: String? = nil) -> SocketOwner
  {
    SocketOwner(
      process: OwningProcess(
        pid: pid, startTime: UInt64(pid), name: name, exe: exe ?? "/usr/bin/\(name)", unit: unit))
  }

  /// A life that was opened so many seconds after the scene began; before anybody watched where that is an hour ago.
  static func life(
    _ id: Int64, _ proto: Proto, _ state: SocketState, _ local: String, _ remote: String,
    _ direction: Direction? = nil, _ owner: SocketOwner = .notLookedUp, since: Int64 = -60
  ) -> Life {
    let ends = (endpoint(local), endpoint(remote))
    let isListener = state == .listen || state == .unconnected && ends.0.port < 32768
    var row = SocketRow(proto: proto, state: state, local: ends.0, remote: ends.1)
    row.inode = UInt64(1000 + id)
    row.rawUID = 0
    return Life(
      id: id, row: row,
      role: isListener ? .listener : state == .unconnected ? .bound : .connection, direction: direction,
      firstSeen: begin + since * 1_000_000, firstSeenBoot: 100_000_000_000 + since * 1_000_000,
      uncertainty: since == -3600 ? nil : 0, sources: .netlink
    ).with { $0.owner = owner }
  }

  private static func endpoint(_ text: String) -> Endpoint {
    let colon = text.lastIndex(of: ":")!
    let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
    return Endpoint(
      IPAddress(host == "*" ? "0.0.0.0" : host)!, UInt16(text[text.index(after: colon)...]) ?? 0)
  }

  /// A small server with everything that a view can show.
  static func server(_ columns: Int, _ rows: Int) -> FrameScene {
    var scene = FrameScene(columns, rows)
    let nginx = process(812, "nginx", "/usr/sbin/nginx", unit: "nginx.service")
    let postgres = process(644, "postgres", "/usr/lib/postgresql/15/bin/postgres", unit: "postgresql.service")
    let curl = process(2086, "curl")
    let ssh = process(701, "sshd", "/usr/sbin/sshd", unit: "ssh.service")
    let hidden = SocketOwner(unknown: .noPermission)
    let avahi = process(955, "avahi-daemon")
    scene.refresh([
      life(1, .tcp, .listen, "0.0.0.0:80", "*:0", nil, nginx, since: -3600),
      life(2, .tcp, .listen, "127.0.0.1:5432", "*:0", nil, postgres, since: -3600),
      life(3, .tcp6, .listen, "[::]:22", "[::]:0", nil, ssh, since: -3600),
      life(4, .udp, .unconnected, "0.0.0.0:123", "*:0", nil, process(590, "ntpd"), since: -3600),
      life(5, .tcp, .established, "192.0.2.10:80", "198.51.100.7:51234", .inbound, nginx, since: -300),
      life(6, .tcp, .established, "192.0.2.10:80", "198.51.100.8:40022", .inbound, nginx, since: -42),
      life(7, .tcp, .established, "127.0.0.1:41000", "127.0.0.1:5432", .outbound, nginx, since: -7200),
      life(8, .tcp, .established, "127.0.0.1:5432", "127.0.0.1:41000", .inbound, postgres, since: -7200),
      life(9, .tcp, .established, "192.0.2.10:52670", "203.0.113.20:443", .outbound, curl, since: -3),
      life(10, .tcp6, .closeWait, "[2001:db8::10]:22", "[2001:db8::99]:60312", .inbound, ssh, since: -3600),
      life(
        11, .tcp, .timeWait, "192.0.2.10:52600", "203.0.113.20:443", .outbound, SocketOwner(unknown: .exited),
        since: -20),
      life(12, .udp, .established, "192.0.2.10:48531", "192.0.2.1:53", .outbound, hidden, since: -9),
      life(13, .udp, .unconnected, "0.0.0.0:44602", "*:0", nil, avahi, since: -3600),
    ])
    return scene
  }

  /// The same one and two seconds later: something is new, something has changed, something has closed.
  static func changing(_ columns: Int, _ rows: Int) -> FrameScene {
    var scene = server(columns, rows)
    let curl = process(2086, "curl")
    let listener = life(
      15, .tcp, .listen, "0.0.0.0:4444", "*:0", nil, process(3001, "nc", "/tmp/.x/nc"), since: 1)
    scene.refresh([
      life(14, .tcp, .synSent, "192.0.2.10:52684", "198.51.100.77:8443", .outbound, curl, since: 1),
      listener.with { $0.verdict = .new },
    ])
    let changed = life(
      9, .tcp, .established, "192.0.2.10:52670", "203.0.113.20:443", .outbound, curl, since: -3)
    let nginx = process(812, "nginx", "/usr/sbin/nginx", unit: "nginx.service")
    let closed = life(
      6, .tcp, .established, "192.0.2.10:80", "198.51.100.8:40022", .inbound, nginx, since: -42)
    scene.refresh(
      [changed.with { $0.laterSteps = [Life.Step(.finWait2, at: 5_000_000)] }],
      finished: [closed.with { $0.closedOffset = 44_000_000 }])
    return scene
  }
}

extension Life {
  func with(_ change: (inout Life) -> Void) -> Life {
    var life = self
    change(&life)
    return life
  }
}

extension Frame {
  /// What it shows, and below it how: a letter for each cell that is not plain.
  var golden: String {
    var looks = ""
    for row in 0..<size.rows {
      var line = ""
      for column in 0..<size.columns { line.append(Self.letter(self[row, column].look)) }
      while line.last == "." { line.removeLast() }
      looks += line + "\n"
    }
    let place = cursor.map { "cursor \($0.row) \($0.column)\n" } ?? ""
    return text + String(repeating: "=", count: size.columns) + "\n" + place + looks
  }

  /// r g y b m c for colours, bright ones in capitals, B bold, D dim; `#` reversed, `&` reversed in a colour.
  private static func letter(_ look: Look) -> Character {
    if look.isReversed { return look.style == .plain ? "#" : "&" }
    return switch look.style {
    case .plain: look.isBold ? "B" : look.isDim ? "D" : "."
    case .bold: "B"
    case .dim: "D"
    case .red: "r"
    case .green: "g"
    case .yellow: "y"
    case .blue: "b"
    case .magenta: "m"
    case .cyan: "c"
    case .gray: "a"
    case .brightRed: "R"
    case .brightGreen: "G"
    case .brightYellow: "Y"
    case .brightBlue: "U"
    case .brightMagenta: "M"
    case .brightCyan: "C"
    }
  }
}
