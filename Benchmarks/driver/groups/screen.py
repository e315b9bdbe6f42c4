# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""What the screen takes beside the samples that it shows."""

import statistics
import time

from .. import load, namespace, peers, terminal
from ..line import Line, Skip
from ..quantity import text

NAME = "screen"
TITLE = "`connwatch live`, 120 columns and 40 rows, 100,000 sockets and 100 opens/s, a refresh a second"
SECONDS = 100
LINES = [
  "CPU of the screen apart from the samples (budget 5 % of a core), in all, and memory",
  "the time until a key is answered: the next screenful, another order, a filter",
  "beside it the CPU of `watch -n 1 ss -tan`, and of htop, which shows no sockets",
]

SOCKETS = 100_000
# What is typed again and again, and between "/" and Esc the letters of a filter.
KEYS = [
  ("the next screenful", [b"\x1b[6~"]), ("the end, and back", [b"G", b"g"]), ("another order", [b"s"]), ("a filter of one letter more", None)]


def run(bench):
  seconds = bench.seconds(15)
  with namespace.entered(), load.steady(bench, SOCKETS), load.churn(bench, 100, 600) as churn:
    churn.begin()
    bench.progress("the screen")
    yield from _live(bench, seconds)
    for words in (["watch", "-n", "1", "ss", "-tan"], ["htop", "-d", "10"]):
      bench.progress(words[0])
      try:
        yield _peer(words, seconds)
      except Skip as skip:
        yield Line(" ".join(words), skipped=str(skip))


def _live(bench, seconds):
  with terminal.shown(bench.connwatch, "live") as screen:
    screen.read(10)
    resident, most = screen.memory()
    begun, all_begun, at = screen.thread(), _process(screen.pid), time.monotonic()
    screen.read(seconds)
    took = time.monotonic() - at
    own, everything = (screen.thread() - begun) / took * 100, (_process(screen.pid) - all_begun) / took * 100
    yield Line("CPU of the screen", ours=own, unit="%", budget=5, limit=True, samples={"cpu_percent": [own]})
    yield Line("CPU with its samples", ours=everything, unit="%", samples={"cpu_percent": [everything]})
    yield Line("peak memory", ours=most, unit="bytes", note=f"{text(resident, 'bytes')} between samples", samples={"most": [most]})
    for what, keys in KEYS:
      if keys is None:
        screen.key(b"/")
        times = [screen.key(bytes([letter])) for letter in b"sport = :443"]
        screen.key(b"\x1b")
      else:
        times = [screen.key(keys[number % len(keys)]) for number in range(12)]
      yield Line(
        f"a key: {what}", ours=statistics.median(times), note=f"{max(times) * 1000:.0f} ms at most", samples={"seconds": times})


def _process(pid):
  return time.clock_gettime((~pid << 3) | 2)


def _peer(words, seconds):
  begun = time.monotonic()
  with terminal.shown(peers.path(words[0]), *words[1:]) as screen:
    screen.read(seconds)
    share = screen.end() / (time.monotonic() - begun) * 100
  return Line(f"CPU of `{' '.join(words)}`", ours=share, unit="%", samples={"cpu_percent": [share]})
