// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore

extension Schema {
  /// The views that people open with other programs: a documented interface, made anew at each migration.
  ///
  /// They need nothing but SQLite itself (no functions of ours): addresses are stored as text too, states are
  /// JSON arrays taken apart by json_each. Beside each readable time stands its integer (µs since the epoch).
  static var views: String {
    """
    CREATE VIEW connections AS \(lives(role: "<> 1", more: ", \(outcome) AS outcome"));
    CREATE VIEW listening AS \(lives(role: "= 1", more: ", \(verdict) AS status"));
    CREATE VIEW transitions AS
      SELECT l.id, \(proto("l.flags")) AS proto, p.value AS state,
        \(iso("l.opened + coalesce(o.value, 0)")) AS at,
        la.text AS local_addr, l.lport AS local_port, ra.text AS remote_addr, l.rport AS remote_port,
        p.key AS step, l.opened + coalesce(o.value, 0) AS at_us, host.name AS host
      FROM (\(all("id, flags, opened, laddr, lport, raddr, rport, path, offsets"))) l
        JOIN path ON path.id = l.path
        JOIN json_each(path.states) p
        JOIN address la ON la.id = l.laddr
        JOIN address ra ON ra.id = l.raddr
        LEFT JOIN json_each('[0' || coalesce(',' || l.offsets, '') || ']') o ON o.key = p.key
        LEFT JOIN host ON host.id = l.host;
    CREATE VIEW gaps AS
      SELECT id, \(iso("since")) AS since, \(iso("until")) AS until, cause, samples, detail,
        since AS since_us, until AS until_us FROM gap;
    CREATE VIEW samples AS
      SELECT s.id, \(iso("s.first")) AS first, \(iso("s.last")) AS last, s.samples, s.sockets, s.sockets_max,
        s.opened, s.closed, s.skipped, s.duplicates, s.incomplete, r.source, r.interval / 1e6 AS interval_s,
        s.first AS first_us, s.last AS last_us, c.active_opens, c.passive_opens, c.attempt_fails, c.recorded
      FROM sample s LEFT JOIN run r ON r.id = s.run LEFT JOIN (
        SELECT sample, sum(active_opens) AS active_opens, sum(passive_opens) AS passive_opens,
          sum(attempt_fails) AS attempt_fails, sum(recorded) AS recorded FROM coverage GROUP BY sample) c
        ON c.sample = s.id;
    """
  }

  /// Takes all views out, those of earlier versions too.
  static let dropViews = ["connections", "listening", "transitions", "gaps", "samples"]
    .map { "DROP VIEW IF EXISTS \($0);" }.joined()

  /// With the type of `host`: where the parts of a union differ in that, SQLite does not walk them by id, and puts
  /// everything together first.
  private static let noHost = "CAST(NULL AS INTEGER)"

  private static func all(_ columns: String) -> String {
    """
    SELECT \(columns), \(noHost) AS host FROM life UNION ALL SELECT \(columns), \(noHost) FROM open_life
    UNION ALL SELECT \(columns), host FROM evidence_life
    """
  }

  private static func lives(role: String, more: String = "") -> String {
    let shared = """
      id, opened, duration, laddr, lport, raddr, rport, flags, path, program, pid, uncertainty, \
      bytes_in, bytes_out, rtt, retransmits, netns
      """
    return """
      SELECT l.id, \(proto("l.flags")) AS proto, path.last AS state,
        la.text AS local_addr, l.lport AS local_port, ra.text AS remote_addr, l.rport AS remote_port,
        service.name AS service, \(direction) AS direction, g.uid, account.name AS user,
        \(iso("l.opened")) AS first_seen, \(iso("l.last_seen")) AS last_seen,
        \(iso("l.opened + l.duration")) AS closed, l.duration / 1e6 AS duration_s,
        l.uncertainty / 1e6 AS uncertainty_s, path.states,
        l.pid, g.name AS process, g.exe, g.unit, g.container, l.flags >> 13 & 255 AS others,
        \(whyUnknown) AS why_unknown, \(source) AS source,
        l.opened AS first_seen_us, l.last_seen AS last_seen_us, l.opened + l.duration AS closed_us,
        l.bytes_in, l.bytes_out, l.rtt / 1e3 AS rtt_ms, l.retransmits, netns.label AS netns,
        host.name AS host\(more)
      FROM (
        SELECT \(shared), opened + seen AS last_seen, \(noHost) AS host FROM life
        UNION ALL
        SELECT \(shared), opened + max(seen, coalesce(
          (SELECT boot FROM sample ORDER BY id DESC LIMIT 1) - opened_boot, 0)), \(noHost) FROM open_life
        UNION ALL
        SELECT \(shared), opened + seen, host FROM evidence_life) l
        JOIN path ON path.id = l.path
        JOIN address la ON la.id = l.laddr
        JOIN address ra ON ra.id = l.raddr
        LEFT JOIN program g ON g.id = l.program
        LEFT JOIN host ON host.id = l.host
        LEFT JOIN account ON account.uid = g.uid AND l.host IS NULL
        LEFT JOIN netns ON netns.id = l.netns
        LEFT JOIN service ON service.port = CASE
            WHEN l.flags >> 2 & 3 = 1 OR l.flags >> 4 & 3 = 1 THEN l.lport
            WHEN l.flags >> 2 & 3 = 2 THEN l.rport END
          AND service.transport = CASE WHEN l.flags & 2 THEN 'udp' ELSE 'tcp' END
      WHERE l.flags >> 4 & 3 \(role)
      """
  }

  private static func proto(_ flags: String) -> String {
    "CASE \(flags) & 3 WHEN 0 THEN 'tcp' WHEN 1 THEN 'tcp6' WHEN 2 THEN 'udp' ELSE 'udp6' END"
  }

  private static let direction = "CASE l.flags >> 2 & 3 WHEN 1 THEN 'in' WHEN 2 THEN 'out' END"

  private static let whyUnknown = """
    CASE l.flags >> 6 & 7 WHEN 1 THEN 'exited' WHEN 2 THEN 'no permission' WHEN 3 THEN 'other namespace' \
    WHEN 4 THEN 'kernel' WHEN 5 THEN 'not yet accepted' END
    """

  /// The names of `Life.Outcome`.
  private static let outcome =
    "CASE l.flags >> \(LifeFlags.outcomeShift) & 7"
    + Life.Outcome.allCases.map { " WHEN \($0.rawValue) THEN '\($0.name)'" }.joined() + " END"

  /// The names of the bits that are set, joined as `Life.Sources.name` does.
  private static let source =
    "nullif(substr("
    + Life.Sources.named.map { "iif(l.flags & \(LifeFlags.bits(of: $0.source)), '+\($0.name)', '')" }
    .joined(separator: " || ") + ", 2), '')"

  private static func iso(_ microseconds: String) -> String {
    """
    strftime('%Y-%m-%dT%H:%M:%S', (\(microseconds)) / 1000000, 'unixepoch') \
    || printf('.%06dZ', (\(microseconds)) % 1000000)
    """
  }
}
