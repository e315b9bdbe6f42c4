# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""What leaving a recorder on costs: CPU, memory, and what it sees when a great deal happens."""

import contextlib
import time

from .. import load, namespace
from ..line import Line
from ..quantity import count, text
from ..recording import recorder

NAME = "recorder"
TITLE = "A recorder, a sample a second"
SECONDS = 130
LINES = [
  "CPU at 1,000 sockets with 50 connections/s (budget 1 % of a core), and with 1,000/s",
  "memory at 100,000 steady sockets (budget 80 MB), the time of a sample (2 s), and CPU",
  "at 10,000 connections/s: the part that is recorded, CPU and bytes a connection (120)",
  "each by all that this user may use (--source auto) and by /proc alone (--source proc)",
]

SOURCES = ("auto", "proc")


def run(bench):
  for source in SOURCES:
    yield from _busy(bench, source, 50, bench.seconds(15), limit=1)
  yield from _busy(bench, "auto", 1000, bench.seconds(8))
  if not bench.quick:
    # Each opening is somebody's, who is looked for among all that these sockets' processes hold.
    yield from _busy(bench, "auto", 50, bench.seconds(8), sockets=100_000)
    for source in SOURCES:
      yield from _many(bench, source)
  for source in SOURCES:
    yield from _flood(bench, source, 10_000, bench.seconds(8))


def _what(source, words):
  return f"{words}, {source}"


def _memory(one):
  resident, most = one.memory()
  return f"{text(resident, 'bytes')} resident, {text(most, 'bytes')} at most"


def _busy(bench, source, rate, seconds, limit=None, sockets=1000):
  """Steady sockets and some connections a second: the CPU over a while in the middle."""
  what = _what(source, f"CPU, {count(sockets)} sockets, {count(rate)} opens/s")
  bench.progress(what)
  with namespace.entered(), load.steady(bench, sockets), load.churn(bench, rate, seconds + 4) as churn:
    with recorder(bench, source) as one:
      churn.begin()
      time.sleep(2)
      begun, at = one.cpu(), time.monotonic()
      time.sleep(seconds)
      share = (one.cpu() - begun) / (time.monotonic() - at) * 100
      memory = _memory(one)
      told = churn.answer()
      one.end()
      yield Line(
        what, ours=share, unit="%", budget=limit, limit=limit is not None,
        note=f"{memory}; {told['opened'] / told['seconds']:.0f} connections/s; read by {one.query('SELECT source FROM samples LIMIT 1')}",
        samples={"cpu_percent": [share], "connections": [told["opened"]]})


def _many(bench, source):
  """100,000 sockets that do nothing."""
  at = "100,000 sockets"
  bench.progress(_what(source, at))
  with namespace.entered(), load.steady(bench, 100_000):
    with recorder(bench, source) as one:
      time.sleep(2)
      begun, start = one.cpu(), time.monotonic()
      time.sleep(8)
      share = (one.cpu() - begun) / (time.monotonic() - start) * 100
      resident, most = one.memory()
      first = one.first_sample
      one.end()
    yield Line(
      _what(source, f"peak memory, {at}"), ours=most, unit="bytes", budget=80e6, limit=True,
      note=f"{text(resident, 'bytes')} between samples", samples={"most": [most], "resident": [resident]})
    yield Line(_what(source, "first sample, start to stored"), ours=first, budget=2, limit=True, samples={"first": [first]})
    # One sample after the other without a pause tells how long one takes.
    with recorder(bench, source, "--interval", "10ms") as one:
      before, start = one.samples, time.monotonic()
      time.sleep(5)
      after, took = one.samples, time.monotonic() - start
      one.end()
    each = took / max(1, after - before)
    yield Line(_what(source, "each further sample"), ours=each, budget=2, limit=True, samples={"sample": [each]})
    yield Line(_what(source, f"CPU, {at}"), ours=share, unit="%", samples={"cpu_percent": [share]})


def _flood(bench, source, rate, seconds):
  """As many connections a second as a busy proxy has: what was recorded of them, and at what price."""
  at = f"{count(rate)}/s"
  bench.progress(_what(source, at))
  with contextlib.ExitStack() as stack:
    stack.enter_context(namespace.entered())
    churn = stack.enter_context(load.churn(bench, rate, seconds))
    one = stack.enter_context(recorder(bench, source))
    begun = one.cpu()
    churn.begin()
    told = churn.answer()
    # What has ended in the last second is told by the next samples.
    time.sleep(2.5)
    most = one.memory()[1]
    cpu = one.end() - begun
    opened, real = told["opened"], told["opened"] / told["seconds"]
    ends = one.query("SELECT count(*) FROM connections WHERE 8000 IN (local_port, remote_port)") or 0
    finished = one.query("SELECT count(*) FROM connections WHERE closed IS NOT NULL") or 0
    share = ends / (2 * opened) * 100
    samples = {"connections": [opened], "seconds": [told["seconds"]], "ends_recorded": [ends], "cpu": [cpu], "bytes": [one.bytes()]}
    yield Line(
      _what(source, f"recorded, {at}"), ours=share, unit="%", samples=samples,
      note=f"{count(ends)} of the {count(2 * opened)} ends of {count(opened)} connections, {real:,.0f}/s; {text(most, 'bytes')} at most")
    yield Line(_what(source, f"CPU a connection, {at}"), ours=cpu / opened, samples=samples)
    if finished:
      yield Line(
        _what(source, f"disk a finished life, {at}"), ours=one.bytes() / finished, unit="bytes", budget=120, limit=True,
        samples=samples)
