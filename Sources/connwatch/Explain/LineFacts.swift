// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

/// What is known here of the socket or the port that a line tells of.
struct LineFacts {
  /// The ports that this kernel gives to clients.
  var ephemeral = EphemeralRange()
  /// What is there now.
  var live: LiveMatch?
  /// What the history has.
  var past: PastMatch?
  /// What was imported with its two ends, that of the host that was seen last first.
  var evidence: [EvidenceMatch] = []
  /// FTP's control connection, where this one carries its data.
  var control: Life?
  /// Why there is no socket here; nil where there is one.
  var whyNot: WhyNoSocket?
  /// The host of the line that is not this machine, nil where there is none.
  var foreignHost: String?
  /// False where there is no history to ask.
  var hasHistory = false
  /// True for one from whom nothing here is hidden.
  var isRoot = false

  init() {}
}

/// What there is now that fits a line.
struct LiveMatch {
  /// In which way it fits.
  enum Kind {
    /// It is the socket that the line tells of.
    case same
    /// It is the other end of the connection, seen from here.
    case peer
    /// It listens on the port.
    case listener
    /// It has the port as its own, as a client or else.
    case user
    /// It is connected to that port of the other host, or of any.
    case client
  }

  var kind: Kind
  /// The socket; the first where there are several.
  var socket: SocketRow
  var owner: SocketOwner
  var user: String?
  var direction: Direction?
  var firstSeen: Timestamp?
  /// What the rules say of it, nil for what does not listen.
  var judgement: ExpectedSet.Judgement?
  /// True where there are no rules to judge by.
  var lacksPolicy = false
  /// Its network namespace, nil for ours.
  var netns: String?
  /// How many sockets fit.
  var count = 1
  /// The programs that hold them, each once.
  var programs: [String] = []

  init(kind: Kind, socket: SocketRow, owner: SocketOwner = .notLookedUp) {
    self.kind = kind
    self.socket = socket
    self.owner = owner
  }
}

/// What the history has that fits a line.
struct PastMatch {
  /// How many lives are looked at.
  static let most = 100

  /// How many there were, at most ``most``.
  var count: Int
  /// There were more.
  var isMore: Bool
  /// The first sight of the earliest that was looked at.
  var first: Timestamp
  /// The last sight.
  var last: Timestamp
  /// The programs that held them, each once.
  var programs: [String]
  /// The latest of them.
  var latest: Life

  /// - Parameter lives: newest first, one more than ``most`` where there are more.
  init?(_ lives: [Life]) {
    guard let latest = lives.first else { return nil }
    let shown = lives.prefix(Self.most)
    self.latest = latest
    count = shown.count
    isMore = lives.count > Self.most
    first = shown.map(\.firstSeen).min() ?? latest.firstSeen
    last = shown.map(\.lastSeen).max() ?? latest.lastSeen
    programs = []
    for life in shown {
      if let name = life.owner.process?.name, !programs.contains(name) { programs.append(name) }
    }
  }
}

/// Why there is no socket here that a line could be about; raw values are those of JSON.
enum WhyNoSocket: String, CaseIterable {
  /// It was here, and is no more.
  case ended
  /// An address of the line is not one of this machine's.
  case otherMachine = "other machine"
  /// The same connection is here with another local address.
  case nat = "NAT"
  /// A scan found it open at an address of ours, and nothing is seen to listen.
  case hidden = "hidden or NAT"
  /// Nothing has this port.
  case unused = "not in use"
  /// None of these is known to be so.
  case unknown = "not seen"
}
