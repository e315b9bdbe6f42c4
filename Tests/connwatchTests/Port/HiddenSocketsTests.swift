// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

@testable import connwatch

struct HiddenSocketsTests {
  typealias Place = HiddenSockets.Place

  private func row(_ proto: Proto, _ port: UInt16, _ state: SocketState = .listen) -> SocketRow {
    SocketRow(
      proto: proto, state: state, local: Endpoint(.anyV4, port),
      remote: Endpoint(.anyV4, state == .listen ? 0 : 9))
  }

  private func look(
    proc: [SocketRow], diag: [SocketRow]?, bound: [Place] = [], incomplete: ProtoSet = []
  ) -> HiddenSockets.Look {
    var look = HiddenSockets.Look()
    look.proc = HiddenSockets.Ports(proc)
    look.diag = diag.map { HiddenSockets.Ports($0) }
    look.bound = Set(bound)
    look.incomplete = incomplete
    return look
  }

  private func place(_ proto: Proto, _ port: UInt16) -> Place { Place(proto: proto, port: port) }

  @Test
  func `A port that any row has is explained`() {
    let rows = [row(.tcp, 22), row(.tcp, 50000, .timeWait), row(.tcp6, 80), row(.udp, 53, .unconnected)]
    let all = look(proc: rows, diag: rows, bound: [place(.tcp, 4444)])
    let held: Set = [
      place(.tcp, 22), place(.tcp, 50000), place(.tcp, 80), place(.tcp6, 80), place(.udp, 53),
      place(.tcp, 4444),
    ]
    #expect(HiddenSockets.suspicions(before: all, held: held, after: all) == [:])
    // It came or went between the looks.
    let none = look(proc: [], diag: [])
    #expect(HiddenSockets.suspicions(before: none, held: held, after: all) == [:])
    #expect(HiddenSockets.suspicions(before: all, held: held, after: none) == [:])
  }

  @Test
  func `What no table has and cannot be bound is hidden`() {
    let some = look(
      proc: [row(.tcp, 22), row(.udp, 4444, .unconnected)],
      diag: [row(.tcp, 22), row(.udp, 4444, .unconnected)])
    #expect(
      HiddenSockets.suspicions(before: some, held: [place(.tcp, 4444), place(.tcp, 22)], after: some)
        == [place(.tcp, 4444): .inNoTable])
    let withoutDiag = look(proc: [row(.tcp, 22)], diag: nil)
    #expect(
      HiddenSockets.suspicions(before: withoutDiag, held: [place(.udp6, 5)], after: withoutDiag)
        == [place(.udp6, 5): .inNoTable])
  }

  @Test
  func `What one table has all the time and the other never is told`() {
    let both = [row(.tcp, 22)]
    let hides = look(proc: both, diag: both + [row(.tcp, 666), row(.tcp, 23, .established)])
    #expect(
      HiddenSockets.suspicions(before: hides, held: [place(.tcp, 666)], after: hides)
        == [place(.tcp, 666): .notInProc, place(.tcp, 23): .notInProc])
    let lacks = look(proc: both + [row(.udp6, 99, .unconnected)], diag: both)
    #expect(
      HiddenSockets.suspicions(before: lacks, held: [], after: lacks) == [place(.udp6, 99): .notInDiag])
    // A listener that is hidden behind its own connections.
    let behind = look(
      proc: [row(.tcp, 80, .established)], diag: [row(.tcp, 80), row(.tcp, 80, .established)])
    #expect(
      HiddenSockets.suspicions(before: behind, held: [], after: behind) == [place(.tcp, 80): .notInProc])
    // One that was only there at one of the looks, or in a table that lacks rows.
    let fair = look(proc: both, diag: both)
    #expect(HiddenSockets.suspicions(before: hides, held: [], after: fair) == [:])
    #expect(
      HiddenSockets.suspicions(
        before: hides, held: [],
        after: look(
          proc: both, diag: hides.diag.map { _ in both + [row(.tcp, 666)] }, incomplete: ProtoSet(.tcp)))
        == [:])
  }

  @Test
  func `Only what all rounds agree on stays`() {
    let one = place(.tcp, 1)
    let two = place(.tcp, 2)
    #expect(HiddenSockets.agreed([]) == [:])
    #expect(HiddenSockets.agreed([[one: .inNoTable]]) == [one: .inNoTable])
    #expect(
      HiddenSockets.agreed([
        [one: .inNoTable, two: .notInProc], [one: .inNoTable, two: .notInDiag], [one: .inNoTable],
      ]) == [one: .inNoTable])
    #expect(HiddenSockets.agreed([[one: .inNoTable], [:]]) == [:])
  }
}
