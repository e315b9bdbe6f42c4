# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Sockets for what is measured: benchload, in the network namespace that the driver is in."""

import contextlib
import json
import signal
import subprocess

from . import process
from .line import Failed


class Load:
  """A benchload that stands."""

  def __init__(self, bench, *words):
    self.process = process.start(
      [bench.benchload, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    self.answer()

  def answer(self):
    line = self.process.stdout.readline()
    if not line:
      raise Failed(self.process.stderr.read().strip() or "benchload ended")
    return json.loads(line)

  def begin(self):
    """Lets a churn begin."""
    self.process.stdin.write("\n")
    self.process.stdin.flush()

  def end(self):
    """Ends it, and waits until its sockets are gone."""
    with contextlib.suppress(OSError):
      self.process.stdin.close()
    try:
      self.process.wait(30)
    except subprocess.TimeoutExpired:
      pass
    process.end(self.process, signal.SIGKILL)
    for stream in (self.process.stdout, self.process.stderr):
      stream.close()


@contextlib.contextmanager
def steady(bench, count):
  """Exactly `count` TCP sockets that do nothing: listeners and both ends of connections on loopback."""
  load = Load(bench, "steady", count)
  try:
    yield load
  finally:
    load.end()


@contextlib.contextmanager
def churn(bench, rate, seconds, lifetime_ms=50):
  """`rate` connections a second, once `begin` is called; `answer` then gives how many there really were."""
  load = Load(bench, "churn", rate, seconds, lifetime_ms)
  try:
    yield load
  finally:
    load.end()
