// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import ProcNet

@Suite struct OwnerUnknownTests {
  typealias Why = SocketOwner.WhyUnknown

  static func facts(_ state: SocketState = .established, inode: UInt64 = 9, uid: UInt32? = 0)
    -> UnknownOwnerFacts
  {
    UnknownOwnerFacts(state: state, inode: inode, uid: uid, effectiveUID: 1000)
  }

  @Test(
    arguments: [
      (.synReceived, false, .notYetAccepted), (.synReceived, true, .notYetAccepted),
      (.established, true, .notYetAccepted), (.established, false, .exited),
      (.closeWait, true, .notYetAccepted), (.closeWait, false, .exited),
      (.timeWait, true, .exited), (.finWait1, true, .exited), (.finWait2, false, .exited),
      (.lastAck, true, .exited),
      (.closing, false, .exited), (.unknown(77), true, .exited),
    ] as [(SocketState, Bool, Why)])
  func withoutInode(_ state: SocketState, _ queue: Bool, _ why: Why) {
    var facts = Self.facts(state, inode: 0)
    facts.listenerHasQueue = queue
    // Nothing else matters then.
    facts.someRefused = true
    facts.ownRefused = true
    facts.inInitialPIDNamespace = false
    #expect(facts.whyUnknown(stillThere: true) == why)
    #expect(facts.whyUnknown(stillThere: false) == why)
    #expect(!facts.needsSecondLook)
  }

  @Test func refusalHidesOthersSockets() {
    for uid in [0, 1001, nil] as [UInt32?] {
      var facts = Self.facts(uid: uid)
      facts.someRefused = true
      #expect(facts.whyUnknown(stillThere: true) == .noPermission)
      facts.someRefused = false
      facts.pidsHidden = true
      #expect(facts.whyUnknown(stillThere: false) == .noPermission)
      #expect(!facts.needsSecondLook)
    }
  }

  @Test func refusalHidesOurSocketsOnlyWhereOneOfOursWasRefused() {
    var facts = Self.facts(uid: 1000)
    facts.someRefused = true
    facts.pidsHidden = true
    #expect(facts.whyUnknown(stillThere: false) == .exited)
    // Held by a process of somebody else.
    #expect(facts.whyUnknown(stillThere: true) == .noPermission)
    #expect(facts.needsSecondLook)
    facts.ownRefused = true
    #expect(facts.whyUnknown(stillThere: false) == .noPermission)
    #expect(!facts.needsSecondLook)
  }

  @Test func withEverythingReadable() {
    var facts = Self.facts()
    #expect(facts.needsSecondLook)
    #expect(facts.whyUnknown(stillThere: true) == .kernel)
    #expect(facts.whyUnknown(stillThere: false) == .exited)
    facts.inInitialPIDNamespace = false
    #expect(facts.whyUnknown(stillThere: true) == .otherNamespace)
    #expect(facts.whyUnknown(stillThere: false) == .otherNamespace)
  }

  @Test func failureSaysNothing() {
    var facts = Self.facts()
    facts.someFailed = true
    #expect(facts.whyUnknown(stillThere: true) == nil)
    facts.someRefused = true
    #expect(facts.whyUnknown(stillThere: true) == .noPermission)
  }

  @Test func queuesHoldWhatTheirListenersCouldTake() {
    func row(_ address: IPAddress, _ port: UInt16, _ state: SocketState, queue: UInt32 = 0) -> SocketRow {
      SocketRow(
        proto: .tcp, state: state, local: Endpoint(address, port), remote: Endpoint(.anyV4, 0),
        receiveQueue: queue)
    }
    let one = IPAddress(v4: 0x0A00_0001)
    let two = IPAddress(v4: 0x0A00_0002)
    let queues = AcceptQueues([
      row(.anyV4, 80, .listen, queue: 3), row(one, 81, .listen, queue: 1), row(.anyV6, 82, .listen),
      row(.anyV4, 83, .established, queue: 9),
    ])
    #expect(queues.mayHold(row(one, 80, .established)))
    #expect(queues.mayHold(row(one, 81, .established)))
    #expect(!queues.mayHold(row(two, 81, .established)))
    #expect(!queues.mayHold(row(one, 82, .established)))
    #expect(!queues.mayHold(row(one, 83, .established)))
  }
}
