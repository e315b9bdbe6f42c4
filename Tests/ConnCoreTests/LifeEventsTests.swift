// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

struct LifeEventsTests {
  private func events(
    _ steps: [(SocketState, Int64)], closed: Int64?, role: Life.Role = .connection
  ) -> [String] {
    let row = SocketRow(
      proto: .tcp, state: steps[0].0, local: Endpoint(IPAddress(v4: 1), 1),
      remote: Endpoint(IPAddress(v4: 2), 2),
      rawUID: 0)
    var life = Life(
      id: 1, row: row, role: role, direction: nil, firstSeen: Timestamp(microseconds: 0), firstSeenBoot: 0,
      uncertainty: 0, sources: .trace)
    life.laterSteps = steps.dropFirst().map { Life.Step($0.0, at: $0.1) }
    life.closedOffset = closed
    return life.events.map {
      "\($0.time.microseconds) \($0.kind) \($0.from?.name ?? "-") \($0.to?.name ?? "-")"
    }
  }

  /// A step that is the end is told once, as the end.
  @Test(arguments: [SocketState.timeWait, .close]) func aStepCanBeTheEnd(_ last: SocketState) {
    #expect(
      events([(.established, 0), (.finWait2, 5), (last, 9)], closed: 9) == [
        "0 opened - ESTABLISHED", "5 changed ESTABLISHED FIN_WAIT2", "9 closed FIN_WAIT2 \(last.name)",
      ])
    #expect(
      events([(.synSent, 0), (last, 0)], closed: 0) == [
        "0 opened - SYN_SENT", "0 closed SYN_SENT \(last.name)",
      ])
    #expect(
      events([(.established, 0), (last, 4)], closed: 9) == [
        "0 opened - ESTABLISHED", "4 changed ESTABLISHED \(last.name)", "9 closed \(last.name) -",
      ], "the end came later")
  }

  @Test func otherStepsAreNoEnds() {
    #expect(
      events([(.established, 0), (.lastAck, 9)], closed: 9) == [
        "0 opened - ESTABLISHED", "9 changed ESTABLISHED LAST_ACK", "9 closed LAST_ACK -",
      ])
    #expect(
      events([(.listen, 0)], closed: 3, role: .listener) == ["0 listening - LISTEN", "3 unlistened LISTEN -"])
    #expect(events([(.established, 0)], closed: nil) == ["0 opened - ESTABLISHED"])
  }
}
