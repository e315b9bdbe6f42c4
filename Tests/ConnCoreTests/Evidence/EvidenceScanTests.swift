// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

/// Results of port scanners, and ports with nothing around them.
struct EvidenceScanTests {
  @Test(arguments: [
    ("23/tcp open telnet", "nmap tcp? *:23 open [telnet]"), ("22/tcp open ssh?", "nmap tcp? *:22 open [ssh]"),
    ("123/udp open|filtered ntp", "nmap udp? *:123 open|filtered [ntp]"),
    ("80/tcp open http Apache httpd 2.4.57", "nmap tcp? *:80 open [http]"),
    ("443/tcp closed", "nmap tcp? *:443 closed"),
    ("5060/sctp open sip", "unreadable: 'sctp' is neither tcp nor udp"),
    ("Discovered open port 80/tcp on 192.0.2.10", "port-scan tcp 192.0.2.10:80 open"),
    (
      "Host: 192.0.2.10 (mirage)\tPorts: 22/open/tcp//ssh///, 24/closed/tcp//priv-mail///\tIgnored State: filtered (3)",
      "nmap tcp 192.0.2.10:22 open [ssh]; nmap tcp 192.0.2.10:24 closed [priv-mail]"
    ),
    ("Host: 192.0.2.10 ()\tStatus: Up", "heading nmap"),
    ("___ 23 [telnet] Telnet", "port-scan tcp? *:23 open [telnet]"),
    ("|___ 21  [ftp]", "port-scan tcp? *:21 open [ftp]"),
    (
      "    |___    21  File Transfer Protocol [Control]",
      "port-scan tcp? *:21 open [File Transfer Protocol [Control]]"
    ),
    ("___ 70000 [x]", "unreadable: port 70000 is more than 65535"),
    ("___", "unreadable: no port behind '___'"),
    ("Connection to 192.0.2.10 23 port [tcp/telnet] succeeded!", "port-scan tcp 192.0.2.10:23 open [telnet]"),
    (
      "nc: connect to 192.0.2.10 port 24 (tcp) failed: Connection refused",
      "port-scan tcp 192.0.2.10:24 closed"
    ),
    (
      "nc: connect to 192.0.2.10 port 22 (tcp) failed: Connection timed out",
      "port-scan tcp 192.0.2.10:22 filtered"
    ),
  ])
  func `A line alone`(line: String, row: String) { #expect(read([line]) == [row]) }

  @Test
  func `nmap says the host first, and more than ports`() {
    #expect(
      read([
        "Starting Nmap 7.93 ( https://nmap.org ) at 2026-11-22 21:40 UTC",
        "Nmap scan report for mirage (192.0.2.10)",
        "Host is up (0.00012s latency).", "rDNS record for 192.0.2.10: mirage", "PORT    STATE  SERVICE",
        "21/tcp  open   ftp", "| ftp-anon: Anonymous FTP login allowed", "|_ a:b c:d",
        "Nmap scan report for 192.0.2.11", "21/tcp  open   ftp", "Nmap done: 2 IP addresses (2 hosts up)",
        "1372",
      ]) == [
        "heading nmap", "heading nmap", "detail", "detail", "heading nmap", "nmap tcp mirage:21 open [ftp]",
        "detail",
        "detail", "heading nmap", "nmap tcp 192.0.2.11:21 open [ftp]", "heading nmap", "bare ? *:1372",
      ])
  }

  @Test
  func `What a service says of itself is not a port`() {
    #expect(
      read([
        "* + 192.0.2.10  mirage", "    |___    21  File Transfer Protocol",
        "        |___ 220 mirage FTP server ready.",
        "        331 more of it", "    |___    23  Telnet", "* - 192.0.2.11", "___ 25 [smtp]",
      ]) == [
        "heading port-scan", "port-scan tcp 192.0.2.10:21 open [File Transfer Protocol]", "detail", "detail",
        "port-scan tcp 192.0.2.10:23 open [Telnet]", "heading port-scan",
        "port-scan tcp 192.0.2.11:25 open [smtp]",
      ])
  }

  @Test(arguments: [
    ("1372", "bare ? *:1372"), ("1372/udp", "bare udp? *:1372"), ("udp/1372", "bare udp? *:1372"),
    ("1372 tcp", "bare tcp? *:1372"), ("port 1372", "bare ? *:1372"), ("tcp 1372", "bare tcp? *:1372"),
    (":443", "bare ? *:443"), ("ssh", "bare tcp? *:22(ssh)"), ("domain", "bare ? *:53(domain)"),
    ("TFTP", "bare udp? *:69(TFTP)"), ("mirage:1372", "bare ? mirage:1372"),
    ("tcp mirage:1372", "bare tcp? mirage:1372"),
    ("192.0.2.1:443", "bare ? 192.0.2.1:443"), ("[::1]:80", "bare ? ::1:80"),
    ("192.0.2.1:4000 -> 192.0.2.2:80", "bare ? 192.0.2.1:4000 > 192.0.2.2:80"),
    ("192.0.2.1:4000->192.0.2.2:http ESTABLISHED", "bare ? 192.0.2.1:4000 > 192.0.2.2:80(http) ESTABLISHED"),
    ("mirage:1372 vnt4.webhosting.com:80", "bare ? mirage:1372 > vnt4.webhosting.com:80"),
    ("0", "unreadable: 0 is no port"), ("65536", "unreadable: port 65536 is more than 65535"),
    ("192.0.2.1", "unreadable: an address without a port"),
    ("mirage:", "unreadable: no service is called ''"),
    ("1372/sctp", "unreadable: '1372/sctp' is no port"), ("*:*", "unreadable: no port in it"),
    ("mirage", "unreadable: not a line of netstat, ss, lsof or a port scan, and not a port"),
    ("a b c d e f g h", "unreadable: not a line of netstat, ss, lsof or a port scan, and not a port"),
    (
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000",
      "unreadable: a row of /proc/net without its table"
    ),
    ("", "blank"), (" \t\r", "blank"), ("1372\u{0}", "unreadable: control characters in it"),
    ("\u{1B}[31m1372", "unreadable: control characters in it"), ("1372\u{A0}tcp", "bare tcp? *:1372"),
  ])
  func `A port, or ends, alone`(line: String, row: String) { #expect(read([line]) == [row]) }

  @Test
  func `A line may not be longer than what anybody writes`() {
    let longest = String(repeating: "a", count: EvidenceReader.longestLine)
    #expect(read([longest])[0].hasPrefix("unreadable: not a line"))
    #expect(read([longest + "a"]) == ["unreadable: longer than 65536 bytes"])
  }
}
