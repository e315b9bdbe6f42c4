# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""What it costs to store: ours by make-history, which writes as the recorder does, and a script's rows by executemany."""

import json
import os
import time

from . import process, sightings
from .pairs import turns


def ours(bench, size):
  """CPU seconds a connection, without what it takes to make them up. A day's history, written anew."""
  path = bench.file("stored.db")
  try:
    told = json.loads(process.output([bench.make_history, path, str(size), "1"]))
    return (told["cpu_s"] - told["making_s"]) / size
  finally:
    _remove(path)


class Script:
  """A script that logs the same day, one transaction a minute, each of one executemany."""

  def __init__(self, bench, size):
    self.size = size
    self.path = bench.file("logged.db")
    self.source = bench.file("to-log.db")
    history = bench.file("of-a-day.db")
    process.output([bench.make_history, history, str(size), "1"])
    try:
      sightings.make(history, self.source)
    finally:
      _remove(history)
    with sightings.connect(self.source, "ro") as source:
      self.rows = source.execute("SELECT count(*) FROM sighting").fetchone()[0]

  def run(self):
    """CPU seconds a connection to store all its rows. Reading them is not counted."""
    taken = 0
    try:
      with sightings.connect(self.source, "ro") as source, sightings.connect(self.path, "rwc") as database:
        # As ours has it.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(sightings.TABLE)
        begin, end = source.execute("SELECT min(time), max(time) FROM sighting").fetchone()
        for minute in range(begin, end + 1, 60):
          rows = source.execute(
            f"SELECT {sightings.COLUMNS} FROM sighting WHERE time >= ? AND time < ?", (minute, minute + 60)).fetchall()
          begun = time.process_time()
          database.execute("BEGIN")
          database.executemany(sightings.INSERT, rows)
          database.execute("COMMIT")
          taken += time.process_time() - begun
        begun = time.process_time()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return (taken + time.process_time() - begun) / self.size
    finally:
      _remove(self.path)

  def remove(self):
    _remove(self.source)


def both(bench, size, seconds):
  """CPU seconds a connection of `connwatch` and of `executemany`, in turns, and the rows that a connection has there."""
  script = Script(bench, size)
  try:
    samples = turns({"connwatch": lambda: ours(bench, size), "executemany": script.run}, seconds, least=2)
    return samples, script.rows / size
  finally:
    script.remove()


def _remove(path):
  for end in ("", "-wal", "-shm"):
    if os.path.exists(path + end):
      os.unlink(path + end)
