// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension KernelScene {
  private static let opening = """
    76 L t LISTEN
    112 C t SYN_SENT 0
    152 C t ESTABLISHED
    162 S s SYN_RECV
    169 S s ESTABLISHED
    240 S A

    """
  private static let listenerEnds = """

    450976 L t CLOSE
    450980 L D
    """

  private static func loopback(_ name: String, _ script: String) -> KernelScene {
    KernelScene(name: name, script: opening + script + listenerEnds)
  }

  /// Scenes recorded on a 6.18 kernel over loopback, both ends in view.
  static let recorded: [KernelScene] = [
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
    KernelScene(
      name: "never accepted, the client closes, then the listener",
      script: """
        160 L t LISTEN
        200 C t SYN_SENT 0
        256 C t ESTABLISHED
        266 S s SYN_RECV
        273 S s ESTABLISHED
        150527 C t FIN_WAIT1
        150555 S s CLOSE_WAIT
        152140 C s FIN_WAIT2
        152146 C s CLOSE
        152148 C D
        300819 L t CLOSE
        300825 S t CLOSE
        300830 C G
        300846 S D 0
        300869 L D
        """),
    KernelScene(
      name: "never accepted, the listener closes first",
      script: """
        91 L t LISTEN
        129 C t SYN_SENT 0
        183 C t ESTABLISHED
        193 S s SYN_RECV
        200 S s ESTABLISHED
        150457 L t CLOSE
        150464 S t CLOSE
        150488 S D 0
        150504 C R
        150506 C s CLOSE
        150516 L D
        300764 C D
        """),
    loopback(
      "disconnected and connected again on one descriptor",
      """
      5206 C t CLOSE
      5232 S R
      5236 S s CLOSE
      155500 C P 51510
      155500 T X 51510
      155537 C t SYN_SENT 51042
      155599 C t ESTABLISHED
      155610 T s SYN_RECV
      155619 T s ESTABLISHED
      155709 T A
      205709 C t FIN_WAIT1
      205718 T s CLOSE_WAIT
      205738 T t LAST_ACK
      205745 C s FIN_WAIT2
      205751 C s CLOSE
      205754 C D
      205765 T t CLOSE
      205766 T D
      205778 S D
      """),
    loopback(
      "killed by ss -K",
      """
      4245 C t CLOSE
      4252 S R
      4253 S s CLOSE
      155745 C D
      155773 S D
      """),
    loopback(
      "orphan expires, then the other end closes",
      """
      352 C t FIN_WAIT1
      359 S s CLOSE_WAIT
      2584 C s FIN_WAIT2
      2588 C s CLOSE
      2591 C D
      200000 C G
      300595 S t LAST_ACK
      300637 S R
      300640 S t CLOSE
      300643 S D
      """),
    KernelScene(
      name: "fast open",
      script: """
        76 L t LISTEN
        112 C t SYN_SENT 0
        132 S s SYN_RECV
        139 S s ESTABLISHED
        152 C t ESTABLISHED
        240 S A
        150443 S t FIN_WAIT1
        150478 C s CLOSE_WAIT
        150600 C t LAST_ACK
        150602 S s FIN_WAIT2
        150604 S s CLOSE
        150605 S D
        150776 C t CLOSE
        150779 C D
        """ + listenerEnds),
    KernelScene(
      name: "subflow of MPTCP",
      script: opening + """
        150443 C t FIN_WAIT1
        150478 S s CLOSE_WAIT
        150719 S t LAST_ACK
        150817 C s FIN_WAIT2
        150819 C s FIN_WAIT2
        150825 C s CLOSE
        150827 C D
        150876 S t CLOSE
        150879 S D
        """ + listenerEnds),
    loopback(
      "TIME_WAIT used again",
      """
      50443 C t FIN_WAIT1
      50478 S s CLOSE_WAIT
      50500 S t LAST_ACK
      53817 C s FIN_WAIT2
      53825 C s CLOSE
      53827 C D
      53830 S t CLOSE
      53832 S D
      150390 C U
      150400 E t SYN_SENT
      150443 E t ESTABLISHED
      150450 T s SYN_RECV
      150455 T s ESTABLISHED
      150460 T A
      350443 T t FIN_WAIT1
      350478 E s CLOSE_WAIT
      350500 E t LAST_ACK
      353817 T s FIN_WAIT2
      353825 T s CLOSE
      353827 T D
      353829 E t CLOSE
      353831 E D
      """),
    KernelScene(
      name: "slow handshake, seen as a request first",
      script: """
        76 L t LISTEN
        200 S Q
        80112 S s SYN_RECV
        80115 S s ESTABLISHED
        80240 S A
        150443 S s CLOSE_WAIT
        150543 S t LAST_ACK
        230543 S s CLOSE
        230545 S D
        """ + listenerEnds),
    KernelScene(
      name: "slow answer from another host",
      script: """
        102 C t SYN_SENT 0
        90110 C s ESTABLISHED
        150443 C t FIN_WAIT1
        230543 C s FIN_WAIT2
        230545 C s CLOSE
        230547 C D
        310547 C F
        """),
  ]

  /// A socket connected to itself: one life.
  static let selfConnect = KernelScene(
    name: "connected to itself",
    script: """
      100 X t SYN_SENT
      110 X t SYN_RECV
      112 X t ESTABLISHED
      150443 X t FIN_WAIT1
      150450 X t CLOSING
      150452 X t CLOSE
      150454 X D
      """)
}
