# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""The history as a script would log it: a row for each time a connection was seen, in one table with an index on time.

The table is made of a history of ours, so that both know of the same connections: each is seen when it opens and then
each 10 seconds for as long as it is there. Times are whole seconds, as a script has them, and rows stand in their order.
"""

import contextlib
import pathlib

from .line import Skip

try:
  import sqlite3
except ImportError:
  sqlite3 = None

COLUMNS = "time, proto, state, local_addr, local_port, remote_addr, remote_port, pid, process"
TABLE = f"""
CREATE TABLE sighting(
  time INTEGER, proto TEXT, state TEXT, local_addr TEXT, local_port INTEGER, remote_addr TEXT, remote_port INTEGER,
  pid INTEGER, process TEXT);
CREATE INDEX sighting_time ON sighting(time);
"""
INSERT = f"INSERT INTO sighting({COLUMNS}) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"

# Seconds between two sightings.
PACE = 10
# Connections whose sightings are put in order at a time, in memory.
_PIECE = 65_536
_PACE_US = PACE * 1_000_000

# Every connection as a script would name it, with when it opened and was last there, in microseconds.
_LIVES = """
SELECT l.id, l.opened, l.opened + l.seen AS last,
  CASE l.flags & 3 WHEN 0 THEN 'tcp' WHEN 1 THEN 'tcp6' WHEN 2 THEN 'udp' ELSE 'udp6' END AS proto,
  p.last AS ends, iif(p.states LIKE '%"ESTABLISHED"%', 'ESTABLISHED', p.last) AS lives,
  la.text AS laddr, l.lport, ra.text AS raddr, l.rport, l.pid, g.name AS process
FROM ours.{table} l JOIN ours.path p ON p.id = l.path JOIN ours.address la ON la.id = l.laddr
  JOIN ours.address ra ON ra.id = l.raddr LEFT JOIN ours.program g ON g.id = l.program
"""
_NAMED = "laddr, lport, raddr, rport, pid, process"

# Those that are seen more than once. What is open is seen until the last sample.
_LONG = f"""
CREATE TEMP TABLE long AS
  {_LIVES.format(table="life")} WHERE l.seen >= {_PACE_US}
  UNION ALL SELECT * FROM (
    {_LIVES.replace("l.opened + l.seen", "(SELECT max(last) FROM ours.sample)").format(table="open_life")})
    WHERE last >= opened + {_PACE_US}
"""
_NUMBERS = """
INSERT INTO number WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted LIMIT :most) SELECT n FROM counted
"""

# The sightings from :since to before :until (in microseconds), which is when the lives :first to before :end open.
_SIGHTINGS = f"""
INSERT INTO sighting({COLUMNS})
SELECT time, proto, state, {_NAMED} FROM (
  SELECT opened / 1000000 AS time, proto, iif(last < opened + {_PACE_US}, ends, lives) AS state, {_NAMED}
  FROM ({_LIVES.format(table="life")} WHERE l.id >= :first AND l.id < :end)
  UNION ALL
  SELECT opened / 1000000, proto, iif(last < opened + {_PACE_US}, ends, lives), {_NAMED}
  FROM ({_LIVES.format(table="open_life")} WHERE l.id >= :first AND l.id < :end)
  UNION ALL
  SELECT (opened + n * {_PACE_US}) / 1000000, proto, iif((last - opened) / {_PACE_US} = n, ends, lives), {_NAMED}
  FROM temp.long CROSS JOIN temp.number
  WHERE opened < :until AND last >= :since
    AND n BETWEEN (:since - opened + {_PACE_US - 1}) / {_PACE_US}
      AND min((:until - opened + {_PACE_US - 1}) / {_PACE_US} - 1, (last - opened) / {_PACE_US}))
ORDER BY time
"""


# When the first of the lives from a number on opened.
_OPENED = """
SELECT min(opened) FROM (
  SELECT * FROM (SELECT opened FROM ours.life WHERE id >= :id ORDER BY id LIMIT 1)
  UNION ALL SELECT * FROM (SELECT opened FROM ours.open_life WHERE id >= :id ORDER BY id LIMIT 1))
"""


def connect(path, mode="rw"):
  """An open database, closed at the end of a `with`. Skip: this Python has no sqlite3."""
  if sqlite3 is None:
    raise Skip("this Python has no sqlite3")
  return contextlib.closing(sqlite3.connect(_uri(path, mode), uri=True, isolation_level=None))


def _uri(path, mode):
  return f"{pathlib.Path(path).absolute().as_uri()}?mode={mode}"


def make(history, path, progress=lambda share: None):
  """Makes the table of a history in a new file, and tells `progress` which share of it is done."""
  with connect(path, "rwc") as database:
    run = database.execute
    for setting in ("journal_mode = OFF", "synchronous = OFF", "temp_store = MEMORY", "cache_size = -65536"):
      run(f"PRAGMA {setting}")
    database.executescript(TABLE)
    run("ATTACH ? AS ours", (_uri(history, "ro"),))
    begin, end, count = run("SELECT min(first), max(last), max(next_life) FROM ours.sample").fetchone()
    run(_LONG)
    run("CREATE TEMP TABLE number(n INTEGER PRIMARY KEY)")
    run(_NUMBERS, {"most": (end - begin) // _PACE_US + 1})
    for first in range(1, count, _PIECE):
      next_piece = run(_OPENED, {"id": first + _PIECE}).fetchone()[0] or end + 1
      run(_SIGHTINGS, {"first": first, "end": first + _PIECE, "since": begin, "until": next_piece})
      begin = next_piece
      progress(min(1, (first + _PIECE) / count))
