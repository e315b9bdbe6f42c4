// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension KernelScene {
  static let opening = """
    76 L t LISTEN
    112 C t SYN_SENT 0
    152 C t ESTABLISHED
    162 S s SYN_RECV
    169 S s ESTABLISHED
    240 S A

    """
  static let listenerEnds = """

    450976 L t CLOSE
    450980 L D
    """

  static func loopback(_ name: String, _ script: String) -> KernelScene {
    KernelScene(name: name, script: opening + script + listenerEnds)
  }

  /// A client that closes first, and a server right after it.
  static let twin = KernelScene(
    name: "twin",
    script: """
      112 C t SYN_SENT 0
      152 C t ESTABLISHED
      162 S s SYN_RECV
      169 S s ESTABLISHED
      240 S A
      2440 C t FIN_WAIT1
      2478 S s CLOSE_WAIT
      4500 S t LAST_ACK
      4520 C s FIN_WAIT2
      4525 C s CLOSE
      4527 C D
      4576 S t CLOSE
      4579 S D
      """)

  /// Scenes recorded on a 6.18 kernel over loopback, both ends in view; and some made after them.
  static let recorded = ordinary + special

  /// Openings, ends and failures as most connections have them.
  static let ordinary: [KernelScene] = [
    loopback(
      "client closes first",
      """
      150443 C t FIN_WAIT1
      150478 S s CLOSE_WAIT
      153817 C s FIN_WAIT2
      153825 C s CLOSE
      153827 C D
      300719 S t LAST_ACK
      300750 C F
      300776 S t CLOSE
      300779 S D
      """),
    loopback(
      "server closes first",
      """
      150364 S t FIN_WAIT1
      150391 C s CLOSE_WAIT
      150572 S s FIN_WAIT2
      150579 S s CLOSE
      150582 S D
      300641 C t LAST_ACK
      300660 S F
      300693 C t CLOSE
      300696 C D
      """),
    loopback(
      "both at once",
      """
      305123 C t FIN_WAIT1
      305174 S t FIN_WAIT1
      407648 C s CLOSING
      407654 S s CLOSING
      407664 S s CLOSE
      407668 S D
      407685 C s CLOSE
      407686 C D
      """),
    loopback(
      "half close, descriptors kept",
      """
      250 C k FIN_WAIT1
      259 S s CLOSE_WAIT
      3197 C s FIN_WAIT2
      150452 S k LAST_ACK
      150492 C s CLOSE
      150506 S t CLOSE
      300790 C D
      300821 S D
      """),
    KernelScene(
      name: "refused",
      script: """
        67 C t SYN_SENT 0
        103 C R
        106 C t CLOSE
        150341 C D 0
        """),
    KernelScene(
      name: "refused twice on one descriptor",
      script: """
        86 C t SYN_SENT 0
        130 C R
        135 C t CLOSE
        195 C P 51044
        201 C t SYN_SENT 51042
        214 C R
        216 C t CLOSE
        238 C D 0
        """),
    KernelScene(
      name: "refused, bound and non-blocking",
      script: """
        102 C t SYN_SENT
        147 C R
        151 C t CLOSE
        150393 C D
        """),
    KernelScene(
      name: "refused, and the error told",
      script: """
        62 C t SYN_SENT 0
        98 C R
        101 C s CLOSE
        103 C E 111
        150341 C D 0
        """),
    KernelScene(
      name: "no such host",
      script: """
        67 C t SYN_SENT 0
        3051131 C s CLOSE
        3051133 C E 113
        3051420 C D 0
        """),
    KernelScene(
      name: "no answer at all",
      script: """
        67 C t SYN_SENT 0
        4200131 C s CLOSE
        4200133 C E 110
        4300420 C D
        """),
    KernelScene(
      name: "rejected by this machine, the caller closes",
      script: """
        67 C t SYN_SENT 0
        108 C E 0
        3049 C t CLOSE
        3053 C D 0
        """),
    KernelScene(
      name: "rejected by this machine, bound",
      script: """
        67 C t SYN_SENT
        108 C E 0
        3049 C t CLOSE
        3053 C D 0
        """),
    KernelScene(
      name: "rejected by this machine, the second SYN too",
      script: """
        67 C t SYN_SENT 0
        108 C E 0
        1028178 C s CLOSE
        1028190 C E 113
        1034540 C D 0
        """),
    KernelScene(
      name: "filtered, the caller closes",
      script: """
        102 C t SYN_SENT 0
        1510110 C t CLOSE
        1510112 C D 0
        """),
    KernelScene(
      name: "filtered, given up within milliseconds",
      script: """
        102 C t SYN_SENT 0
        3110 C t CLOSE
        3112 C D 0
        """),
    KernelScene(
      name: "filtered, timeout",
      script: """
        102 C t SYN_SENT 0
        3510110 C s CLOSE
        4510112 C D 0
        """),
    loopback(
      "linger reset by the client",
      """
      150100 C t CLOSE
      150103 C D 0
      150120 S R
      150123 S s CLOSE
      300779 S D
      """),
    loopback(
      "linger reset by the server",
      """
      150100 S t CLOSE
      150103 S D 0
      150120 C R
      150123 C s CLOSE
      300779 C D
      """),
    loopback(
      "reset in CLOSE_WAIT",
      """
      250 C k FIN_WAIT1
      259 S s CLOSE_WAIT
      2464 C s FIN_WAIT2
      150539 S t CLOSE
      150562 C R
      150568 C s CLOSE
      150578 S D 0
      300759 C D
      """),
    loopback(
      "exit with unread data in CLOSE_WAIT",
      """
      150443 C t FIN_WAIT1
      150478 S s CLOSE_WAIT
      153817 C s FIN_WAIT2
      153825 C s CLOSE
      153827 C D
      300719 S t CLOSE
      300750 C G
      300779 S D 0
      """),
    KernelScene(
      name: "want of a port",
      script: """
        102 C t SYN_SENT 0
        104 C t CLOSE 0
        150393 C D 0
        """),
    loopback(
      "bound to a live tuple",
      """
      272 E t SYN_SENT
      273 E t CLOSE
      331 E D 0
      150443 C t FIN_WAIT1
      150478 S s CLOSE_WAIT
      151817 C s FIN_WAIT2
      151825 C s CLOSE
      151827 C D
      300719 S t LAST_ACK
      300750 C F
      300776 S t CLOSE
      300779 S D
      """),
    KernelScene(
      name: "close in FIN_WAIT1, listener gone first",
      script: opening + """
        150347 C t FIN_WAIT1
        150359 S s CLOSE_WAIT
        150370 L t CLOSE
        150372 S t CLOSE
        150379 S D 0
        150383 C R
        150385 C s CLOSE
        150386 C D
        150392 L D
        """),
  ]
}
