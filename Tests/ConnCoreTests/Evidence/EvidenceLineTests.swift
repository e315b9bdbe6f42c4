// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

/// Lines of each tool, alone: known by their shape.
struct EvidenceLineTests {
  @Test(arguments: [
    (
      "tcp        0      0 192.0.2.10:80  192.0.2.7:47906  ESTABLISHED 5479/python3",
      "netstat tcp 192.0.2.10:80 > 192.0.2.7:47906 ESTABLISHED 5479/python3"
    ),
    ("tcp        0      0 0.0.0.0:telnet   0.0.0.0:*   LISTEN", "netstat tcp 0.0.0.0:23(telnet) LISTEN"),
    (
      "tcp        5    128 0.0.0.0:22   0.0.0.0:*   LISTEN      -",
      "netstat tcp 0.0.0.0:22 LISTEN q 5/128"
    ),
    (
      "tcp  0 0 192.0.2.10:80 192.0.2.7:47906 ESTABLISHED 1000 30573242 5479/Web Content on (0.20/0/0)",
      "netstat tcp 192.0.2.10:80 > 192.0.2.7:47906 ESTABLISHED 5479/Web Content by 1000 inode 30573242"
    ),
    (
      "tcp  0 0 192.0.2.10:22 192.0.2.7:4790 ESTABLISHED 812/sshd: root@pts/0",
      "netstat tcp 192.0.2.10:22 > 192.0.2.7:4790 ESTABLISHED 812/sshd: root@pts/0"
    ),
    (
      "tcp  0 0 192.0.2.10:60584 192.0.2.7:443 TIME_WAIT 0 0 - timewait (56.86/0/0)",
      "netstat tcp 192.0.2.10:60584 > 192.0.2.7:443 TIME_WAIT by 0 inode 0"
    ),
    ("tcp6       0      0 :::22    :::*    LISTEN      812/sshd", "netstat tcp6 :::22 LISTEN 812/sshd"),
    (
      "tcp6  0 0 ::ffff:192.0.2.1:80 ::ffff:192.0.2.7:4790 SYN_RECV",
      "netstat tcp6 ::ffff:192.0.2.1:80 > ::ffff:192.0.2.7:4790 SYN_RECV"
    ),
    (
      "udp        0      0 0.0.0.0:123   0.0.0.0:*    root  30573227   5479/ntpd",
      "netstat udp 0.0.0.0:123 UNCONN 5479/ntpd by root inode 30573227"
    ),
    (
      "udp  0 0 192.0.2.10:43539 192.0.2.7:53 ESTABLISHED",
      "netstat udp 192.0.2.10:43539 > 192.0.2.7:53 ESTABLISHED"
    ),
    ("udp6 0 0 fe80::1%eth0:546 :::* ", "netstat udp6 fe80::1:546 UNCONN"),
    (
      "tcp6 0 0 2001:db8:100:200::53698 2001:db8:100:200:3:8443 ESTABLISHED",
      "unreadable: the address in '2001:db8:100:200::53698' may be cut short"
    ),
    ("tcp 0 0 10.0.0.1:70000 0.0.0.0:* LISTEN", "unreadable: port 70000 is more than 65535"),
    ("tcp 0 0 10.0.0.1:nosuch 0.0.0.0:* LISTEN", "unreadable: no service is called 'nosuch'"),
    ("tcp 0 0 10.0.0.1.80 0.0.0.0:* LISTEN", "unreadable: no port in '10.0.0.1.80'"),
    ("tcp 0 0 10.0.0.256:80 0.0.0.0:* LISTEN", "unreadable: '10.0.0.256' is not a whole address"),
    ("unix  2 [ ACC ] STREAM LISTENING 12345 1/init /run/systemd/private", "otherFamily"),
    ("raw6 0 0 :::58 :::* 7 -", "otherFamily"),
  ])
  func `netstat of Linux`(line: String, row: String) { #expect(read([line]) == [row]) }

  @Test(arguments: [
    (
      "TCP    mirage:1372            vnt4.webhosting.com:80    ESTABLISHED",
      "netstat-windows tcp? mirage:1372 > vnt4.webhosting.com:80 ESTABLISHED"
    ),
    (
      "  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING       952",
      "netstat-windows tcp 0.0.0.0:135 LISTENING 952/-"
    ),
    (
      "  TCP    [::]:445               [::]:0                 LISTENING       4",
      "netstat-windows tcp6 :::445 LISTENING 4/-"
    ),
    (
      "  TCP    [fe80::1%4]:1900       [2001:db8::7]:https    FIN_WAIT_2      44",
      "netstat-windows tcp6 fe80::1:1900 > 2001:db8::7:443(https) FIN_WAIT2 44/-"
    ),
    (
      "  UDP    0.0.0.0:123            *:*                                    1044",
      "netstat-windows udp 0.0.0.0:123 UNCONN 1044/-"
    ),
    (
      "  TCP    192.0.2.10:49701       192.0.2.7:443          SYN_RECEIVED    InHost",
      "netstat-windows tcp 192.0.2.10:49701 > 192.0.2.7:443 SYN_RECV"
    ),
    ("TCP 192.0.2.10:49701 192.0.2.7:443 WAITING", "unreadable: no state is called 'WAITING'"),
  ])
  func `netstat of Windows`(line: String, row: String) {
    #expect(read([line]) == [row.replacing("LISTENING", with: "LISTEN")])
  }

  @Test
  func `The program of Windows is on the line behind its row`() {
    #expect(
      read([
        "Active Connections", "", "  Proto  Local Address          Foreign Address        State",
        "  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING", "  RpcSs", " [svchost.exe]",
        "  TCP    192.0.2.10:49701       192.0.2.7:443          TIME_WAIT",
        " Can not obtain ownership information",
      ]) == [
        "heading netstat-windows", "blank", "heading netstat-windows",
        "netstat-windows tcp 0.0.0.0:135 LISTEN",
        "detail", "amends svchost.exe", "netstat-windows tcp 192.0.2.10:49701 > 192.0.2.7:443 TIME_WAIT",
        "detail",
      ])
  }

  @Test(arguments: [
    (
      "tcp4       0      0  10.0.0.5.51234         192.0.2.7.443          ESTABLISHED",
      "netstat-bsd tcp 10.0.0.5:51234 > 192.0.2.7:443 ESTABLISHED"
    ),
    (
      "tcp46      0      0  *.80                   *.*                    LISTEN",
      "netstat-bsd tcp6 :::80 LISTEN"
    ),
    (
      "tcp4       0      0  localhost.ipp          *.*                    LISTEN",
      "netstat-bsd tcp localhost:631(ipp) LISTEN"
    ),
    (
      "tcp6       0      0  fe80::1%lo0.62078      2001:db8::1.443        CLOSED",
      "netstat-bsd tcp6 fe80::1:62078 > 2001:db8::1:443 CLOSE"
    ),
    ("udp4       0      0  *.5353                 *.*", "netstat-bsd udp 0.0.0.0:5353 UNCONN"),
    ("a1b2c3d4e5f60718 stream      0      0  0 a1b2c3d4e5f60719  0  0 /var/run/mDNSResponder", "otherFamily"),
  ])
  func `netstat of the BSDs`(line: String, row: String) { #expect(read([line]) == [row]) }

  @Test(arguments: [
    (
      "tcp   LISTEN 0      128    0.0.0.0:22   0.0.0.0:*    users:((\"sshd\",pid=812,fd=3))",
      "ss tcp 0.0.0.0:22 LISTEN 812/sshd q 0/128"
    ),
    ("tcp   LISTEN 0 5 *:22 *:*", "ss tcp6 :::22 LISTEN q 0/5"),
    ("udp   UNCONN 0 0 192.0.2.10%eth0:68 0.0.0.0:*", "ss udp 192.0.2.10:68 UNCONN"),
    ("udp   UNCONN 0 0 [fe80::1]%eth0:546 [::]:*", "ss udp6 fe80::1:546 UNCONN"),
    (
      "ESTAB 0 36 192.0.2.10:ssh 192.0.2.7:47906",
      "ss tcp 192.0.2.10:22(ssh) > 192.0.2.7:47906 ESTABLISHED q 0/36"
    ),
    (
      "FIN-WAIT-2 0 0 [::ffff:192.0.2.10]:60572 [::ffff:192.0.2.7]:443",
      "ss tcp6 ::ffff:192.0.2.10:60572 > ::ffff:192.0.2.7:443 FIN_WAIT2"
    ),
    (
      "tcp ESTAB 0 0 [2001:db8::1]:80 [2001:db8::2]:4000 users:((\"a b\",pid=9,fd=3),(\"x\",pid=7,fd=3)) uid:33 ino:17 sk:1",
      "ss tcp6 2001:db8::1:80 > 2001:db8::2:4000 ESTABLISHED 7/x +1 by 33 inode 17"
    ),
    (
      "tcp ESTAB 0 0 192.0.2.1:80 192.0.2.2:4000 users:((\"),(\"\",pid=1,fd=2),(\"\",pid=9,fd=3))",
      "ss tcp 192.0.2.1:80 > 192.0.2.2:4000 ESTABLISHED 1/),(\" +1"
    ),
    ("tcp UNCONN 0 0 192.0.2.1:80 0.0.0.0:*", "ss tcp 192.0.2.1:80 CLOSE"),
    ("u_str ESTAB 0 0 * 12345 * 12346", "otherFamily"),
    ("nl UNCONN 0 0 rtnl:kernel *", "otherFamily"),
  ])
  func `ss`(line: String, row: String) {
    #expect(read([line]) == [row])
  }

  @Test
  func `ss of one state leaves the column out`() {
    #expect(
      read([
        "tcp 0 0 192.0.2.10:80 192.0.2.7:47906",
        "Netid Recv-Q Send-Q Local Address:Port Peer Address:Port Process",
        "tcp 0 0 192.0.2.10:80 192.0.2.7:47906", "Recv-Q Send-Q Local Address:Port Peer Address:Port",
        "0 0 192.0.2.10:80 192.0.2.7:47906",
      ]) == [
        "netstat tcp 192.0.2.10:80 > 192.0.2.7:47906", "heading ss", "ss tcp 192.0.2.10:80 > 192.0.2.7:47906",
        "heading ss", "ss tcp 192.0.2.10:80 > 192.0.2.7:47906",
      ])
  }

  @Test(arguments: [
    (
      "sshd      812 root    3u  IPv4 30573221      0t0  TCP *:22 (LISTEN)",
      "lsof tcp 0.0.0.0:22 LISTEN 812/sshd by root inode 30573221"
    ),
    (
      "curl 99 33 5u IPv6 17 0t0 TCP [2001:db8::1]:53698->[2001:db8::2]:https (SYN_SENT)",
      "lsof tcp6 2001:db8::1:53698 > 2001:db8::2:443(https) SYN_SENT 99/curl by 33 inode 17"
    ),
    (
      "Web\\x20Content 99 101 Socket me 5u IPv4 17 0t0 TCP mirage:1372->vnt4.webhosting.com:http (CLOSE_WAIT)",
      "lsof tcp mirage:1372 > vnt4.webhosting.com:80(http) CLOSE_WAIT 99/Web Content by me inode 17"
    ),
    ("ntpd 9 ntp 4u IPv6 0x1f2e 0t0 UDP *:ntp", "lsof udp6 :::123(ntp) UNCONN 9/ntpd by ntp"),
    (
      "dig 9 me 4u IPv4 18 0t0 UDP 192.0.2.1:4000->192.0.2.2:53",
      "lsof udp 192.0.2.1:4000 > 192.0.2.2:53 ESTABLISHED 9/dig by me inode 18"
    ),
    ("ping 9 me 4u IPv4 18 0t0 ICMP 00000000:0001->00000000:0000", "otherFamily"),
  ])
  func `lsof`(line: String, row: String) { #expect(read([line]) == [row]) }
}
