// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

// What a port scan's result says.
extension LineWords {
  /// What was found.
  func scanned(_ state: ScanState) -> String {
    let place = "\(transportName) port \(row.local.port.map { String($0) } ?? "?")"
    let host = row.local.host.map { " of \($0)" } ?? ""
    return switch state {
    case .open: "A scan found \(place)\(host) open: something accepts what is sent there."
    case .closed: "A scan found \(place)\(host) closed: the host answers, and nothing listens there."
    case .filtered:
      "A scan found \(place)\(host) filtered: no answer came, or one that forbids, as a firewall "
        + "makes it. It says nothing of what is behind."
    case .unfiltered:
      "A scan found \(place)\(host) unfiltered: the probe came through, and does not tell open from closed."
    case .openFiltered:
      "A scan found \(place)\(host) open or filtered: no answer came, which a UDP service that "
        + "keeps silent gives as well as a firewall."
    case .closedFiltered:
      "A scan found \(place)\(host) closed or filtered: no answer came that tells which."
    }
  }

  var scanSentences: [String] {
    guard row.scan == .open || row.scan == .openFiltered, let port = row.local.port else { return [] }
    // A number has a name whatever answers there; where the process is known that says more.
    let honesty = facts.live == nil ? ["What answers there need not be what the port is registered for."] : []
    guard let hint = ScanHints.hint(port, transport) else {
      let risk = PortRisk.note(port: port, transport: transport, isLoopback: false).map { "\($0)." }
      return honesty
        + [
          "Who scans learns that something answers, and mostly asks next for its banner and version.", risk,
          "What to look at: whether others must reach it at all.",
        ].compactMap { $0 }
    }
    return honesty + ["Who scans learns of \(hint.tells).", "What to look at: \(hint.look)."]
  }
}

/// What an open port tells somebody who means no good, and what its owner should look at.
enum ScanHints {
  /// Without full stops: for `Who scans learns of …` and `Look at …`.
  static func hint(_ port: UInt16, _ transport: Transport) -> (tells: String, look: String)? {
    transport == .tcp ? tcp(port) : udp(port)
  }

  private static let inetd = "inetd's or xinetd's configuration: nothing needs this any more"

  private static func tcp(_ port: UInt16) -> (tells: String, look: String)? {
    switch port {
    case 7, 9, 13, 19, 37:
      ("a host that still has the test services of old Unix on, and likely more that nobody minds", inetd)
    case 11, 15: ("processes and connections of the host, which these old services print for anybody", inetd)
    case 21:
      (
        "a login to try passwords on, perhaps an anonymous one, and a banner with the server's version",
        "whether anonymous users may write, and whether SFTP can take its place"
      )
    case 22:
      (
        "a login to try passwords and stolen keys on, and the version of the server",
        "whether passwords can be turned off (PasswordAuthentication no), and who may reach it"
      )
    case 23:
      (
        "a login prompt to try passwords on, whose every key goes in cleartext",
        "SSH in its place, and telnet turned off"
      )
    case 25:
      (
        "the mail server's name and version, and perhaps which users there are (VRFY, EXPN)",
        "whether it relays for strangers, and whether it must listen beyond 127.0.0.1"
      )
    case 53:
      ("a name server, which may give whole zones away", "who may ask for zone transfers and recursion")
    case 79: ("who is logged in, and so which user names to try passwords for", inetd)
    case 80, 443, 8080, 8443:
      (
        "the web server's program and version, and every page and form behind it",
        "updates, what is served that need not be, and pages for administrators"
      )
    case 110, 143:
      ("mailboxes to try passwords on, in cleartext", "the ports with TLS (995, 993) in its place")
    case 111:
      (
        "which RPC services run and on which ports: the first question before NFS and NIS are attacked",
        "what rpcinfo -p shows, and keep it from other networks"
      )
    case 135, 139, 445:
      (
        "Windows' file and printer sharing or Samba: shares, users, and what worms look for",
        "keeping it off every network but the one that shares"
      )
    case 389:
      ("accounts and groups of the directory, often without a password", "what anonymous users can read")
    case 512, 513, 514:
      (
        "Berkeley's r-commands, which trust the address that a call comes from and send passwords "
          + "in cleartext",
        "SSH in their place, and .rhosts and hosts.equiv files that must go"
      )
    case 515: ("a printer's queue; old print servers had holes that gave root", "who may print, and updates")
    case 540: ("UUCP, a login for file transfer between machines that hardly anybody uses", inetd)
    case 873: ("modules of files that often ask for no password", "auth users and hosts allow in rsyncd.conf")
    case 1433, 1521, 3306, 5432:
      ("a database to try passwords on", "binding it to 127.0.0.1 or to the network of its clients")
    case 2049:
      ("file systems that are exported, some perhaps to everyone", "what /etc/exports allows to whom")
    case 2375:
      ("control of Docker without a password: root on the host", "turning the TCP socket off, or TLS on 2376")
    case 3389, 5900: ("a desktop to try passwords on", "reaching it only through a VPN or SSH")
    case 6000...6063:
      (
        "an X display: where access control is off, screen and keyboard are anybody's",
        "xhost, and starting the X server with -nolisten tcp"
      )
    case 6112:
      (
        "CDE's subprocess control (dtspcd), known for a hole that gave root, or a game's server",
        "inetd's dtspc line, and updates of the desktop"
      )
    case 6379, 9200, 11211, 27017:
      (
        "a store of data that asks for no password unless it was told to",
        "binding it to 127.0.0.1, and its own authentication"
      )
    case 7100:
      (
        "an X font server (xfs), of which old ones had holes that gave root",
        "whether a display of another machine needs it; programs bring their fonts today"
      )
    default: nil
    }
  }

  private static func udp(_ port: UInt16) -> (tells: String, look: String)? {
    switch port {
    case 7, 9, 13, 19, 37:
      ("a test service of old Unix that forged datagrams turn into a flood at somebody else", inetd)
    case 53, 123, 1900, 5353, 11211:
      (
        "a service that answers forged questions with more than was asked: it amplifies floods",
        "who may ask it, and whether it must answer other networks"
      )
    case 69:
      ("files that anybody can read, such as configurations of routers", "what lies below its directory")
    case 111:
      ("which RPC services run and on which ports", "what rpcinfo -p shows, and keep it from other networks")
    case 161:
      (
        "interfaces, routes and processes, where the community is still public",
        "its community strings, SNMPv3"
      )
    case 514: ("a place to write log lines to under any name", "from whom it takes them")
    default: nil
    }
  }
}
