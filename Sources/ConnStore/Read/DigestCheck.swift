// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension HistoryReader {
  /// Looks whether digests and rollups say what the rows of lives do.
  ///
  /// - Returns: what is wrong, a line each.
  func checkDigests() throws(StoreError) -> [String] {
    guard schema >= 3 else { return [] }
    var wrong = 0
    var missing = 0
    let digests = try connection.prepare(
      "SELECT block, traits, profiles, ports, numbers FROM digest LEFT JOIN digest_life USING(block)")
    let rows = try ["life", "open_life"].map { table throws(StoreError) in
      try connection.prepare("SELECT l.id, \(Profile.columns) FROM \(table) l WHERE l.id >= ? AND l.id < ?")
    }
    var profiles: [Profile] = []
    while try digests.step() {
      let (first, isBeyond) = digests.integer(0).multipliedReportingOverflow(by: Digest.span)
      guard !isBeyond, first >= 0, first <= .max - Digest.span else {
        wrong += 1
        continue
      }
      guard !digests.isNull(3) else {
        missing += 1
        continue
      }
      var isRight =
        digests.withBytes(1) { DigestTraits($0) } != nil
        && digests.withBytes(2) { Profile.unpack($0, into: &profiles) }
      for rows in rows where isRight {
        rows.bind(1, first)
        rows.bind(2, first + Digest.span)
        defer { rows.reset() }
        while isRight, try rows.step() {
          let life = Profile.read(rows, from: 1)
          let digested = digests.withBytes(3) { ports in
            digests.withBytes(4) { numbers in
              DigestLives(ports: ports, numbers: numbers, profiles: profiles.count)?
                .life(at: Int(rows.integer(0) - first), profiles)
            }
          }
          isRight = digested.map { life?.profile == $0.profile && life?.client == $0.client } ?? false
        }
      }
      if !isRight { wrong += 1 }
    }
    var findings: [String] = []
    if missing > 0 { findings.append("\(missing) rows of digest have none in digest_life") }
    if wrong > 0 { findings.append("\(wrong) digests do not say what their lives do") }
    let counts = try wrongRollups()
    if counts > 0 { findings.append("\(counts) rollups do not add up to their lives") }
    return findings
  }

  /// How many rollups have another number of lives than there are.
  private func wrongRollups() throws(StoreError) -> Int {
    var wrong = 0
    let rollups = try connection.prepare("SELECT id, opened_first, opened_last, profiles, sums FROM rollup")
    let count = try connection.prepare(
      """
      SELECT (SELECT count(*) FROM life WHERE id >= ?1 AND id < ?2)
        + (SELECT count(*) FROM open_life WHERE id >= ?1 AND id < ?2)
      """)
    while try rollups.step() {
      let (level, block) = Rollup.place(of: rollups.integer(0))
      var rollup = Rollup()
      let opened = (rollups.integer(1), rollups.integer(2))
      let isSound =
        Rollup.levels.contains(level) && opened.0 <= opened.1
        && rollups.withBytes(3) { profiles in
          rollups.withBytes(4) { rollup.insert(profiles: profiles, sums: $0, opened: opened.0...opened.1) }
        }
      let span = Rollup.levels.contains(level) ? Rollup.span(level: level) : 1
      guard isSound, block < .max / span else {
        wrong += 1
        continue
      }
      count.bind(1, block * span)
      count.bind(2, (block + 1) * span)
      defer { count.reset() }
      if try count.step(), count.integer(0) != rollup.sums.reduce(0, { $0 &+ $1.connections }) { wrong += 1 }
    }
    return wrong
  }
}
