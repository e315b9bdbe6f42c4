// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// What is to be minded of a port that listens, by what is registered on it: a hint for a person, not a finding.
///
/// It knows the port and nothing of the program: telnet's port may serve something else, and telnet another port.
public enum PortRisk {
  /// When a note holds.
  private enum When {
    /// Wherever it can be reached from: who sits on the way reads it.
    case always
    /// Where others than this machine's own programs can reach it.
    case exposed
  }

  /// A note in one sentence without a full stop, at most 72 columns of ASCII; nil where nothing is to be said.
  ///
  /// - Parameters:
  ///   - isLoopback: only programs of the same machine can reach it.
  public static func note(port: UInt16, transport: Transport, isLoopback: Bool) -> String? {
    guard let (when, text) = entry(port, transport) else { return nil }
    return when == .always || !isLoopback ? text : nil
  }

  private static func entry(_ port: UInt16, _ transport: Transport) -> (When, String)? {
    switch transport {
    case .tcp: tcp(port)
    case .udp: udp(port)
    }
  }

  private static func tcp(_ port: UInt16) -> (When, String)? {
    switch port {
    case 21: (.always, "FTP sends passwords and files in cleartext")
    case 23: (.always, "telnet sends passwords and everything typed in cleartext")
    case 110: (.always, "POP3 sends mail, and passwords where not told to encrypt, in cleartext")
    case 143: (.always, "IMAP sends mail, and passwords where not told to encrypt, in cleartext")
    case 389: (.always, "LDAP sends accounts and bind passwords in cleartext without StartTLS")
    case 512: (.always, "rexec sends passwords in cleartext and runs commands")
    case 513: (.always, "rlogin is cleartext, and believes the address it is called from")
    case 514: (.always, "rsh is cleartext, and believes the address it is called from")
    case 873: (.always, "rsync's daemon sends files in cleartext, often asking for no password")
    case 5900: (.always, "VNC has weak passwords, and mostly sends the screen in cleartext")
    case 6000...6063: (.always, "X11 is cleartext, and who connects can read keyboard and screen")
    case 111: (.exposed, "rpcbind tells anybody which RPC services there are")
    case 445: (.exposed, "SMB is what worms and ransomware look for")
    case 2049: (.exposed, "NFS mostly trusts the user ids that the other host sends")
    case 2375: (.exposed, "Docker's API without TLS gives root on this host to who connects")
    case 3306: (.exposed, "MySQL is a database that others can try passwords on")
    case 5432: (.exposed, "PostgreSQL is a database that others can try passwords on")
    case 6379: (.exposed, "Redis asks for no password unless told to, and can write files")
    case 9200: (.exposed, "Elasticsearch's API gives all data to who connects unless secured")
    case 11211: (.exposed, "memcached asks for no password, and shows all it holds")
    case 27017: (.exposed, "MongoDB asks for no password unless told to")
    default: nil
    }
  }

  private static func udp(_ port: UInt16) -> (When, String)? {
    switch port {
    case 69: (.always, "TFTP gives and takes files in cleartext, and asks for no password")
    case 512: (.always, "biff tells of mail in cleartext, and believes whoever sends")
    case 513: (.always, "rwhod tells the network who is logged in")
    case 514: (.always, "syslog takes log lines in cleartext from whoever sends, under any name")
    case 111: (.exposed, "rpcbind tells which RPC services there are, and amplifies floods")
    case 389: (.exposed, "CLDAP answers forged requests with more: it amplifies floods")
    case 2049: (.exposed, "NFS mostly trusts the user ids that the other host sends")
    case 11211: (.exposed, "memcached asks for no password, and amplifies floods many times over")
    default: nil
    }
  }
}
