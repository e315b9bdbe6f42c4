// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@Suite struct FilterErrorTests {
  @Test(arguments: [
    ("sprot = 22", "unknown word 'sprot' (did you mean 'sport'?)", "sprot"),
    (
      "xyzzy",
      "unknown word 'xyzzy' (accepted: state, exclude, src, dst, sport, dport, host, net, port, service, process, pid, user, unit, container, direction, proto)",
      "xyzzy"
    ),
    ("established", "unknown word 'established' (did you mean 'state established'?)", "established"),
    ("22", "unknown word '22' (did you mean 'port 22'?)", "22"),
    ("10.0.0.1", "unknown word '10.0.0.1' (did you mean 'host 10.0.0.1'?)", "10.0.0.1"),
    ("udp sport 5", "unknown word 'udp' (did you mean 'proto udp'?)", "udp"),
    ("postgresql", "unknown word 'postgresql' (did you mean 'service postgresql'?)", "postgresql"),
    ("dev eth0", "'dev' is not supported (the socket tables do not say which device a socket uses)", "dev"),
    (
      "sport 1 and fwmark = 1", "'fwmark' is not supported (the socket tables do not hold firewall marks)",
      "fwmark"
    ),
    ("cgroup /a", "'cgroup' is not supported (use unit NAME or container ID)", "cgroup"),
    ("autobound", "'autobound' is not supported (use sport and the ephemeral ports)", "autobound"),
    ("state estalbished", "unknown state 'estalbished' (did you mean 'established'?)", "estalbished"),
    ("state", "'state' needs a state, such as established or listen", "state"),
    ("state and sport 22", "'state' needs a state, such as established or listen", "and"),
    ("state < listen", "'state' cannot be compared with '<' (accepted: =, !=)", "<"),
    (
      "dst example.com", "'example.com' is not an address (host names are not looked up: give the address)",
      "example.com"
    ),
    (
      "dst www.example.com:443",
      "'www.example.com' is not an address (host names are not looked up: give the address)",
      "www.example.com:443"
    ),
    (
      "dst 10.0.0.256",
      "'10.0.0.256' is not an address (such as 192.0.2.1, 10.0.0.0/8, [2001:db8::1]:443 or :22)", "10.0.0.256"
    ),
    (
      "dst 010.0.0.1",
      "'010.0.0.1' is not an address (such as 192.0.2.1, 10.0.0.0/8, [2001:db8::1]:443 or :22)", "010.0.0.1"
    ),
    ("dst 10.0.0.0/33", "'33' is not a prefix length for '10.0.0.0' (a number from 0 to 32)", "10.0.0.0/33"),
    (
      "dst 2001:db8::/129", "'129' is not a prefix length for '2001:db8::' (a number from 0 to 128)",
      "2001:db8::/129"
    ),
    ("dst 10.0.0.0/", "'' is not a prefix length for '10.0.0.0' (a number from 0 to 32)", "10.0.0.0/"),
    (
      "dst 2001:db8:0:0:0:0:0:1:443",
      "'2001:db8:0:0:0:0:0:1:443' is not an address (an IPv6 address with a port needs brackets: [2001:db8:0:0:0:0:0:1]:443)",
      "2001:db8:0:0:0:0:0:1:443"
    ),
    (
      "dst 2001:db8::/32:443",
      "'2001:db8::/32:443' is not an address (an IPv6 address with a port needs brackets: [2001:db8::/32]:443)",
      "2001:db8::/32:443"
    ),
    ("dst fe80::1%eth0", "'fe80::1%eth0' is not an address (leave out the zone after '%')", "fe80::1%eth0"),
    ("dst [::1", "'[::1' is not an address (there is no ']' after '[')", "[::1"),
    ("dst [::1]22", "'22' after ']' (a port begins with ':', as in [::1]:22)", "[::1]22"),
    ("dst [10.0.0.1]:22", "'[10.0.0.1]' is not an address (brackets are for IPv6)", "[10.0.0.1]:22"),
    ("dst 10.0.0.1:70000", "port 70000 is out of range (ports go from 0 to 65535)", "10.0.0.1:70000"),
    ("dst 10.0.0.1:", "no port in '10.0.0.1:'", "10.0.0.1:"),
    ("dst", "'dst' needs an address, a network or a port, such as 10.0.0.0/8 or :22", "dst"),
    ("dst > 10.0.0.1", "'dst' cannot be compared with '>' (accepted: =, !=)", ">"),
    ("sport 65536", "port 65536 is out of range (ports go from 0 to 65535)", "65536"),
    ("sport -1", "unknown service '-1' (it is not in /etc/services: give the port's number)", "-1"),
    ("dport = :htpp", "unknown service 'htpp' (did you mean 'http'?)", ":htpp"),
    (
      "dport 1024-2048", "'1024-2048' is not a port (for a range: 'sport >= 1024 and sport <= 2048')",
      "1024-2048"
    ),
    ("sport 53/udp", "unknown service '53/udp' (leave out '/udp', add 'proto udp')", "53/udp"),
    ("dport =", "'dport' needs a port: a number from 0 to 65535, or a service name", "dport"),
    ("dport = )", "'dport' needs a port: a number from 0 to 65535, or a service name", "dport"),
    ("dport = :", "no port in ':'", ":"),
    ("dport ! = 22", "'dport' needs a port: a number from 0 to 65535, or a service name", "dport"),
    (
      "service nosuchservice",
      "unknown service 'nosuchservice' (it is not in /etc/services: give the port's number)", "nosuchservice"
    ),
    (
      "service ssh/udp",
      "service 'ssh' is not registered for udp (leave out '/udp', or give the port's number)", "ssh/udp"
    ),
    ("process", "'process' needs the name of a command or program", "process"),
    ("process ( a or b )", "'process' needs the name of a command or program", "process"),
    ("process 'Web", "the quote before 'Web' is never closed (end the name with the same quote)", "'Web"),
    ("pid x", "'x' is not a process id (a number from 1 to 2147483647)", "x"),
    ("pid 0", "'0' is not a process id (a number from 1 to 2147483647)", "0"),
    ("pid > 5", "'pid' cannot be compared with '>' (accepted: =, !=)", ">"),
    ("user nosuch", "unknown user 'nosuch' (users may also be given by number, such as 'user 0')", "nosuch"),
    ("user 4294967295", "'4294967295' is not a user id (a number from 0 to 4294967294)", "4294967295"),
    (
      "direction sideways", "unknown direction 'sideways' (accepted: in, out, inbound, outbound, unknown)",
      "sideways"
    ),
    ("proto icmp", "unknown protocol 'icmp' (accepted: tcp, tcp6, udp, udp6)", "icmp"),
    ("( sport 22", "unmatched '(' (there is no ')' after it)", "("),
    ("(", "unmatched '(' (there is no ')' after it)", "("),
    ("sport 22 )", "unmatched ')' (there is no '(' before it)", ")"),
    ("()", "nothing between '(' and ')' (such as 'sport = 22' or 'state established')", "("),
    ("sport 22 and", "'and' needs a condition after it (such as 'sport = 22' or 'state established')", "and"),
    (
      "(sport 22 or )", "'or' needs a condition after it (such as 'sport = 22' or 'state established')",
      "or"
    ),
    (
      "sport 22 or or sport 3",
      "'or' needs a condition after it (such as 'sport = 22' or 'state established')", "or"
    ),
    (
      "and sport 22", "'and' needs a condition before it (such as 'sport = 22' or 'state established')", "and"
    ),
    ("(or sport 22)", "'or' needs a condition before it (such as 'sport = 22' or 'state established')", "or"),
    ("not", "'not' needs a condition after it (such as 'sport = 22' or 'state established')", "not"),
    ("= 22", "'=' has nothing to compare (it belongs after a word such as sport, as in 'sport = 22')", "="),
    ("sport\u{0}", "a NUL byte", "?"),
    (
      "bad\u{1B}[31m",
      "unknown word 'bad?[31m' (accepted: state, exclude, src, dst, sport, dport, host, net, port, service, process, pid, user, unit, container, direction, proto)",
      "bad?[31m"
    ),
  ])
  func says(text: String, message: String, word: String) throws {
    let error = #expect(throws: FilterError.self) { try FilterSamples.filter([text]) }
    #expect(error?.description == "filter: " + message)
    #expect(error?.word == word)
    // The caret is under the word.
    let text = Array(error?.text ?? "")
    let offset = error?.offset ?? 0
    #expect(String(text[offset...].prefix(word.count)) == word)
  }

  @Test func pointsAtTheWord() throws {
    let error = #expect(throws: FilterError.self) {
      try FilterSamples.filter(["state", "established", "sprot", "=", "22"])
    }
    #expect(
      error?.pointer == """
          state established sprot = 22
                            ^~~~~
        """)
    let atEnd = #expect(throws: FilterError.self) {
      try FilterSamples.filter(["sport 22 (dport 5 or (pid 3)"])
    }
    #expect(
      atEnd?.pointer == """
          sport 22 (dport 5 or (pid 3)
                   ^
        """)
  }

  @Test func showsAPartOfALongFilter() throws {
    let long = Array(repeating: "sport 22", count: 100).joined(separator: " or ")
    let error = #expect(throws: FilterError.self) {
      try FilterSamples.filter([long + " or sprot 22 or " + long])
    }
    let lines = (error?.pointer ?? "").split(separator: "\n")
    #expect(lines.count == 2 && lines.allSatisfy { $0.count <= 76 })
    let caret = lines[1].distance(
      from: lines[1].startIndex, to: lines[1].firstIndex(of: "^") ?? lines[1].endIndex)
    #expect(lines[0].dropFirst(caret).hasPrefix("sprot 22"))
  }

  @Test(
    arguments: [
      ("lisen", "listen"), ("sorvices", "services"), ("x", nil), ("", nil), ("abcdefgh", nil), ("teh", "the"),
    ] as [(String, String?)])
  func suggests(word: String, suggestion: String?) {
    #expect(Suggestion.nearest(to: word, among: ["list", "listen", "services", "the"]) == suggestion)
  }
}
