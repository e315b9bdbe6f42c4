// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// Which services well-known server programs have, so that one can say where a program is not what its port is
/// registered for. It knows names of programs and nothing of what they send.
public enum ProgramServices {
  /// A service that a program usually has.
  public struct Service: Hashable, Sendable {
    /// The service's name.
    public var name: String
    /// Its port, the usual one first where there are several of the same name.
    public var port: UInt16
    /// The transports that it is served by.
    public var transports: Set<Transport>
  }

  /// The services that a program usually has, its main one first; empty for a program that is not known, or that may
  /// serve anything.
  ///
  /// - Parameter program: its path or its name, also as cut to 15 bytes by the kernel, or with a version behind it
  ///   (`mysqld-8.0`, `php-fpm8.2`).
  public static func services(of program: String) -> [Service] {
    let name = baseName(program)
    guard let line = table.first(where: { $0.programs.contains { isSame($0, name) } }) else { return [] }
    return line.services.compactMap { text in
      let words = text.split(separator: "/")
      guard words.count == 3, let port = UInt16(words[1]) else { return nil }
      return Service(
        name: String(words[0]), port: port,
        transports: words[2] == "tcp" ? [.tcp] : words[2] == "udp" ? [.udp] : [.tcp, .udp])
    }
  }

  /// True where a program is known for a service on this port, false where it is known for others alone; nil for a
  /// program that is not known.
  public static func usuallyServes(_ program: String, port: UInt16, _ transport: Transport) -> Bool? {
    let services = services(of: program)
    if services.isEmpty { return nil }
    return services.contains { $0.port == port && $0.transports.contains(transport) }
  }

  /// What a program usually serves, in words: `in.telnetd usually serves telnet (23)`; nil for one that is not known.
  public static func sentence(_ program: String) -> String? {
    let services = services(of: program)
    if services.isEmpty { return nil }
    let words = services.prefix(3).map { "\($0.name) (\($0.port))" }
    let all =
      words.count < 2 ? words.joined() : words.dropLast().joined(separator: ", ") + " or " + words.last!
    return "\(baseName(program)) usually serves \(all)"
  }

  /// Says that a program is not what its port is registered for, without a full stop: `in.telnetd on 65/tcp; 65/tcp is
  /// registered as tacacs-ds; in.telnetd usually serves telnet (23)`. nil where there is nothing to say.
  ///
  /// - Parameter registered: what the port is registered as, nil where it is not.
  public static func mismatch(
    program: String, port: UInt16, transport: Transport, registered: String?
  ) -> String? {
    guard usuallyServes(program, port: port, transport) == false, let sentence = sentence(program) else {
      return nil
    }
    let place = "\(port)/\(transport.name)"
    let what = registered.map { "registered as \($0)" } ?? "not registered for it"
    return "\(baseName(program)) on \(place); \(place) is \(what); \(sentence)"
  }

  /// The last part of a path.
  private static func baseName(_ program: String) -> String {
    // A program that was replaced while it runs.
    let path = program.hasSuffix(" (deleted)") ? program.dropLast(10) : program[...]
    return String(path.split(separator: "/").last ?? path)
  }

  /// Names are the same up to a version, and to what the kernel keeps of a name (TASK_COMM_LEN).
  private static func isSame(_ known: String, _ name: String) -> Bool {
    if known == name { return true }
    if name.utf8.count == 15, known.utf8.count > 15 { return known.hasPrefix(name) }
    guard name.hasPrefix(known) else { return false }
    let rest = name.utf8.dropFirst(known.utf8.count)
    return rest.allSatisfy { $0 &- 48 < 10 || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
  }

  private static let table: [(programs: [String], services: [String])] = [
    (["sshd", "sshd-session", "dropbear", "tinysshd"], ["ssh/22/tcp"]),
    (["telnetd", "in.telnetd", "utelnetd"], ["telnet/23/tcp", "telnets/992/tcp"]),
    (["in.rlogind", "rlogind"], ["login/513/tcp"]), (["in.rshd", "rshd"], ["shell/514/tcp"]),
    (["in.rexecd", "rexecd"], ["exec/512/tcp"]), (["in.fingerd", "fingerd"], ["finger/79/tcp"]),
    (["uucpd", "in.uucpd"], ["uucp/540/tcp"]), (["in.identd", "identd", "oidentd"], ["auth/113/tcp"]),
    (["in.talkd", "talkd", "in.ntalkd"], ["ntalk/518/udp", "talk/517/udp"]),
    (
      [
        "nginx", "apache2", "httpd", "caddy", "lighttpd", "thttpd", "boa", "h2o", "haproxy", "traefik",
        "envoy",
      ],
      ["http/80/tcp", "https/443/both", "http-alt/8080/tcp", "https-alt/8443/tcp"]
    ),
    (
      ["vsftpd", "pure-ftpd", "proftpd", "ftpd", "in.ftpd", "bftpd"],
      ["ftp/21/tcp", "ftps/990/tcp", "ftp-data/20/tcp"]
    ),
    (["in.tftpd", "tftpd", "atftpd"], ["tftp/69/udp"]), (["rsync", "rsyncd"], ["rsync/873/tcp"]),
    (["postgres", "postmaster"], ["postgresql/5432/tcp"]), (["pgbouncer"], ["pgbouncer/6432/tcp"]),
    (["mysqld", "mariadbd"], ["mysql/3306/tcp", "mysqlx/33060/tcp"]),
    (["redis-server", "valkey-server"], ["redis/6379/tcp", "redis-cluster/16379/tcp"]),
    (["mongod", "mongos"], ["mongodb/27017/tcp", "mongodb-shard/27018/tcp", "mongodb-config/27019/tcp"]),
    (["memcached"], ["memcached/11211/both"]), (["influxd"], ["influxdb/8086/tcp"]),
    (["etcd"], ["etcd-client/2379/tcp", "etcd-server/2380/tcp"]),
    (
      ["named", "unbound", "bind", "nsd", "knotd", "pdns_server", "pdns_recursor", "coredns"],
      ["domain/53/both", "domain-s/853/both", "rndc/953/tcp", "ub-dns-control/8953/tcp"]
    ),
    (["dnsmasq"], ["domain/53/both", "bootps/67/udp", "tftp/69/udp", "dhcpv6-server/547/udp"]),
    (["systemd-resolved"], ["domain/53/both", "llmnr/5355/both", "mdns/5353/udp"]),
    (["avahi-daemon"], ["mdns/5353/udp"]), (["dhcpd", "kea-dhcp4", "udhcpd"], ["bootps/67/udp"]),
    (["dhclient", "dhcpcd", "udhcpc"], ["bootpc/68/udp", "dhcpv6-client/546/udp"]),
    (["systemd-networkd"], ["bootpc/68/udp", "dhcpv6-client/546/udp"]),
    (["cupsd"], ["ipp/631/both"]), (["cups-browsed"], ["ipp/631/udp"]),
    (["lpd", "in.lpd"], ["printer/515/tcp"]),
    (
      ["chronyd", "ntpd", "systemd-timesyncd", "openntpd"],
      ["ntp/123/udp", "ntske/4460/tcp", "chrony/323/udp"]
    ),
    (
      ["master", "exim", "exim4", "sendmail", "smtpd", "opensmtpd"],
      ["smtp/25/tcp", "submission/587/tcp", "submissions/465/tcp"]
    ),
    (
      ["dovecot", "imap-login", "cyrmaster"],
      [
        "imap/143/tcp", "imaps/993/tcp", "pop3/110/tcp", "pop3s/995/tcp", "sieve/4190/tcp",
        "submission/587/tcp",
      ]
    ),
    (["pop3-login"], ["pop3/110/tcp", "pop3s/995/tcp"]), (["spamd"], ["spamd/783/tcp"]),
    (["rpcbind", "portmap"], ["sunrpc/111/both"]), (["rpc.mountd"], ["mountd/20048/both"]),
    (["smbd"], ["microsoft-ds/445/tcp", "netbios-ssn/139/tcp"]),
    (["nmbd"], ["netbios-ns/137/udp", "netbios-dgm/138/udp"]),
    (["slapd", "ns-slapd"], ["ldap/389/tcp", "ldaps/636/tcp"]),
    (["krb5kdc"], ["kerberos/88/both"]), (["kadmind"], ["kerberos-adm/749/tcp", "kpasswd/464/both"]),
    (["snmpd"], ["snmp/161/both", "agentx/705/tcp"]), (["snmptrapd"], ["snmp-trap/162/both"]),
    (
      ["rsyslogd", "syslog-ng", "syslogd"], ["syslog/514/udp", "syslog-tls/6514/tcp", "syslog-conn/601/tcp"]
    ),
    (["squid"], ["squid-http/3128/tcp"]), (["privoxy"], ["privoxy/8118/tcp"]),
    (["tor"], ["tor-socks/9050/tcp", "tor-orport/9001/tcp", "tor-control/9051/tcp"]),
    (["openvpn"], ["openvpn/1194/both"]),
    (["charon", "pluto"], ["isakmp/500/udp", "ipsec-nat-t/4500/both"]),
    (["tailscaled"], ["tailscale/41641/udp"]),
    (["radiusd", "freeradius"], ["radius/1812/both", "radius-acct/1813/both"]),
    (["bgpd", "bird"], ["bgp/179/tcp"]),
    (["mosquitto"], ["mqtt/1883/tcp", "mqtts/8883/tcp"]), (["nats-server"], ["nats/4222/tcp"]),
    (["dockerd"], ["docker/2375/tcp", "docker-s/2376/tcp", "swarm/2377/tcp"]),
    (["kube-apiserver"], ["kubernetes-api/6443/tcp"]), (["kubelet"], ["kubelet/10250/tcp"]),
    (["prometheus"], ["prometheus/9090/tcp"]), (["alertmanager"], ["alertmanager/9093/tcp"]),
    (["node_exporter"], ["node-exporter/9100/tcp"]), (["grafana", "grafana-server"], ["grafana/3000/tcp"]),
    (["zabbix_agentd", "zabbix_agent2"], ["zabbix-agent/10050/tcp"]),
    (["zabbix_server"], ["zabbix-trapper/10051/tcp"]),
    (["nrpe"], ["nrpe/5666/tcp"]), (["munin-node"], ["munin/4949/tcp"]),
    (["collectd"], ["collectd/25826/udp"]),
    (["Xorg", "X", "Xvfb", "Xwayland"], (0...9).map { "x11/\(6000 + $0)/tcp" }),
    (["xfs"], ["font-service/7100/tcp"]), (["dtspcd"], ["dtspcd/6112/tcp"]),
    (["Xvnc", "Xtigervnc", "x11vnc", "vncserver"], (0...9).map { "vnc/\(5900 + $0)/tcp" }),
    (["xrdp"], ["ms-wbt-server/3389/tcp"]), (["epmd"], ["epmd/4369/tcp"]),
    (["ircd", "inspircd", "unrealircd", "ngircd"], ["ircd/6667/tcp", "ircs-u/6697/tcp"]),
    (["innd", "nnrpd"], ["nntp/119/tcp", "nntps/563/tcp"]), (["git-daemon"], ["git/9418/tcp"]),
    (["svnserve"], ["svn/3690/tcp"]), (["iperf3"], ["iperf3/5201/both"]), (["iperf"], ["iperf/5001/both"]),
    (["distccd"], ["distcc/3632/tcp"]), (["upsd"], ["nut/3493/tcp"]), (["gpsd"], ["gpsd/2947/tcp"]),
  ]
}
