// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@Suite struct ProgramServicesTests {
  @Test(
    arguments: [
      ("/usr/sbin/sshd", "ssh", 22), ("sshd", "ssh", 22), ("in.telnetd", "telnet", 23),
      ("/usr/sbin/in.telnetd", "telnet", 23), ("telnetd", "telnet", 23), ("nginx", "http", 80),
      ("/usr/sbin/apache2", "http", 80), ("vsftpd", "ftp", 21),
      ("/usr/lib/postgresql/15/bin/postgres", "postgresql", 5432),
      ("mariadbd", "mysql", 3306), ("mysqld-8.0", "mysql", 3306), ("redis-server", "redis", 6379),
      ("dnsmasq", "domain", 53), ("systemd-resolve", "domain", 53), ("cupsd", "ipp", 631),
      ("chronyd", "ntp", 123), ("master", "smtp", 25), ("exim4", "smtp", 25), ("dovecot", "imap", 143),
      ("/usr/sbin/sshd (deleted)", "ssh", 22), ("python3", nil, nil), ("nc", nil, nil), ("", nil, nil),
      ("/", nil, nil),
      ("sshdx", nil, nil), ("nginxy", nil, nil),
    ] as [(String, String?, UInt16?)])
  func knowsWhatAProgramUsuallyServes(program: String, service: String?, port: UInt16?) {
    let first = ProgramServices.services(of: program).first
    #expect(first?.name == service)
    #expect(first?.port == port)
  }

  @Test(
    arguments: [
      (
        "/usr/sbin/in.telnetd", UInt16(65), Transport.tcp, "tacacs-ds",
        "in.telnetd on 65/tcp; 65/tcp is registered as tacacs-ds; in.telnetd usually serves telnet (23) or telnets (992)"
      ),
      ("sshd", 22, .tcp, "ssh", nil),
      (
        "sshd", 22, .udp, nil, "sshd on 22/udp; 22/udp is not registered for it; sshd usually serves ssh (22)"
      ),
      (
        "nginx", 90, .tcp, "dnsix",
        "nginx on 90/tcp; 90/tcp is registered as dnsix; nginx usually serves http (80), https (443) or http-alt (8080)"
      ),
      ("nginx", 443, .udp, "https", nil), ("python3", 80, .tcp, "http", nil),
      ("dnsmasq", 53, .udp, "domain", nil),
    ] as [(String, UInt16, Transport, String?, String?)])
  func saysWhereAProgramIsNotWhatItsPortIsFor(
    program: String, port: UInt16, transport: Transport, registered: String?, words: String?
  ) {
    #expect(
      ProgramServices.mismatch(program: program, port: port, transport: transport, registered: registered)
        == words)
  }

  /// What a program serves is in the registry under the same name, so that both tell one story.
  @Test(arguments: [
    "sshd", "in.telnetd", "nginx", "vsftpd", "postgres", "mysqld", "redis-server", "named", "dnsmasq",
    "systemd-resolved", "cupsd", "master", "dovecot", "smbd", "slapd", "krb5kdc", "snmpd", "squid", "tor",
    "mosquitto",
    "dockerd", "prometheus", "Xorg", "ircd", "uucpd", "xfs", "dtspcd", "etcd", "memcached", "rpcbind",
    "in.tftpd",
  ])
  func itsServicesAreKnownPorts(program: String) {
    let services = ProgramServices.services(of: program)
    #expect(!services.isEmpty)
    for service in services {
      for transport in service.transports {
        #expect(
          ServiceNames.builtIn.known(service.port, transport) != nil,
          "\(program) \(service.name) \(service.port)")
      }
    }
  }
}
