// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension KernelScene {
  /// Sockets that are not accepted, used again, killed or forgotten; slow ones, and other kinds of TCP.
  static let special: [KernelScene] = [
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
