// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import Testing

/// Recorded scenes that begin and end between two snapshots: the trace alone tells them.
@Suite struct LifeTableTraceTests {
  @Test(arguments: KernelScene.recorded) func aSceneBetweenTwoSnapshots(_ scene: KernelScene) {
    var run = KernelRun(scene.model())
    run.pass(cut: 0, at: 1000)
    run.runOut(after: 10_000_000)
    #expect(run.verdict() == [])
  }
}

extension KernelScene: CustomTestStringConvertible {
  var testDescription: String { name }
}
