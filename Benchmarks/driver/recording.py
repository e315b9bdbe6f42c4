# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""A recorder that runs beside a load, and what it uses."""

import contextlib
import os
import re
import signal
import time

from . import process
from .line import Failed, Skip

try:
  import sqlite3
except ImportError:
  sqlite3 = None


class Recorder:
  """`connwatch record` into a database of its own."""

  def __init__(self, bench, source, *words, seconds=180):
    if sqlite3 is None:
      raise Skip("this Python has no sqlite3")
    self.database = bench.file(f"recorded-{source}-{time.monotonic_ns()}.db")
    self.said = open(self.database + ".log", "w+")
    self.started = time.monotonic()
    # It ends by itself where nobody is left to end it.
    self.process = process.start(
      [bench.connwatch, "record", "--db", self.database, "--source", source, "--for", f"{seconds}s", *words], stderr=self.said)
    self.pid = self.process.pid

  def query(self, sql):
    """One number of the database, None while there is none."""
    connection = None
    try:
      connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=5)
      return connection.execute(sql).fetchone()[0]
    except sqlite3.Error:
      return None
    finally:
      if connection:
        connection.close()

  @property
  def samples(self):
    """How many samples are stored."""
    return self.query("SELECT sum(samples) FROM samples") or 0

  def wait_for_sample(self, patience=60):
    """Waits until the first sample is in the database, and gives the seconds since the start."""
    while self.samples == 0:
      if self.process.poll() is not None:
        raise Failed(f"record ended: {self.words()}")
      if time.monotonic() - self.started > patience:
        raise Failed("record: no sample is stored")
      time.sleep(0.02)
    return time.monotonic() - self.started

  def words(self):
    self.said.seek(0)
    return self.said.read().strip()

  def cpu(self):
    """CPU seconds of the whole process so far, to the nanosecond: clock_getcpuclockid(3)."""
    return time.clock_gettime((~self.pid << 3) | 2)

  def memory(self):
    """Bytes that are resident now, and the most that ever were (proc_pid_status(5))."""
    with open(f"/proc/{self.pid}/status") as file:
      text = file.read()
    return tuple(int(re.search(rf"^{key}:\s+(\d+) kB", text, re.M)[1]) * 1024 for key in ("VmRSS", "VmHWM"))

  def end(self):
    """Ends it as Ctrl-C does, and gives the CPU seconds that it took in all."""
    self.process.send_signal(signal.SIGINT)
    _, status, usage = os.wait4(self.pid, 0)
    self.process.returncode = os.waitstatus_to_exitcode(status)
    process.end(self.process)
    if self.process.returncode != 0:
      raise Failed(f"record: {self.words()}")
    return usage.ru_utime + usage.ru_stime

  def bytes(self):
    """What its database takes on disk, when it has ended."""
    return sum(os.path.getsize(path) for path in (self.database, self.database + "-wal") if os.path.exists(path))

  def remove(self):
    process.end(self.process, signal.SIGKILL)
    self.said.close()
    for end in ("", "-wal", "-shm", ".log", ".lock", "-lock"):
      with contextlib.suppress(OSError):
        os.unlink(self.database + end)


@contextlib.contextmanager
def recorder(bench, source, *words):
  """A recorder that has stored its first sample."""
  one = Recorder(bench, source, *words)
  try:
    one.first_sample = one.wait_for_sample()
    yield one
  finally:
    one.remove()
