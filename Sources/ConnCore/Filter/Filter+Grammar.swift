// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension Filter {
  /// The grammar in a few lines, for `--help` and the manual: plain text, at most 79 columns.
  public static let grammar = """
    A filter is the rest of the words, in the grammar of ss(8). Quote ( ) < > ! * &
    and |, or the whole of it. Conditions:

      state S, exclude S      S: a state, or all connected synchronized bucket big
      src|dst ADDR[/BITS][:PORT]     local or remote end; [IPV6]:PORT, :PORT, *
      sport|dport [OP] PORT   local or remote port; OP: = != < <= > >= or
                              eq ne lt le gt ge; PORT: a number or a service name
      host ADDR, net ADDR/BITS, port [OP] PORT       either end
      service NAME|PORT       the end that is the service
      process NAME            the command, or its program's file; * for any text
      pid N, user NAME|UID, unit NAME, container ID
      direction in|out|unknown
      proto tcp|tcp6|udp|udp6        tcp and udp mean both families

    Join them with and, or, not (& | !) and parentheses; `and` may be left out and
    binds tighter than `or`. States in front of everything are one set, and hold
    for all that follows. Host names are not looked up.

    Examples:
      state established dport = :https
      'dst 10.0.0.0/8 and not (dport = 22 or process sshd)'
      'state listening sport < 1024 user root'
      'service postgresql direction in and not net 192.168.0.0/16'

    """
}
