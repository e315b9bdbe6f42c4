# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""How cost grows with the number of sockets: real ones as far as the machine holds them, made-up tables beyond."""

import shutil

from .. import compare, kit, load, namespace, peers
from ..chart import Series, svg
from ..line import Line, Skip, skipped
from ..pairs import median
from ..quantity import count

NAME = "growth"
TITLE = "Growth: the cost of a socket among a hundred times as many"
SECONDS = 70
LINES = [
  "list over 10 to 100,000 real sockets, and over tables of up to 1,000,000 rows",
  "parsing and diff of the same; each at worst linear (budget: a socket costs at most 3 times what it does among a hundredth)",
  "the chart growth-sockets.svg, see --charts",
]

REAL = (10, 100, 1000, 10_000, 100_000)
SIMULATED = (10, 100, 1000, 10_000, 100_000, 1_000_000)
# A cost that is linear is the same for each socket, but for caches that become too small: over two decades that may be
# threefold. What is quadratic would be a hundredfold.
BUDGET = 3
DECADES = 2


def run(bench):
  ours, peer, reason = _real(bench)
  listed, parse, diff = _simulated(bench)
  if reason:
    yield skipped("list, real sockets", reason)
  if ours:
    yield _line("list -t --no-owners", ours)
  yield _line("the same of a made-up table", listed)
  yield _line("parsing alone", parse)
  yield _line("diff alone, 1 % new", diff)
  series = [Series("list -t --no-owners", ours), Series("ss -tan", peer)] if ours else []
  series += [Series("list, made-up table", listed, dashed=True), Series("of which parsing", parse, dashed=True)]
  series.append(Series("diff of a sample, 1 % new", diff, dashed=True))
  path = bench.chart("growth-sockets.svg", svg(
    "Cost of one table against the number of sockets", "Medians. Commands: wall time to a file; parsing and diff: CPU time in a process.",
    "sockets", "time", [each for each in series if each.points]))
  bench.progress(f"chart: {path}")


def _real(bench):
  """Wall seconds of ours and of ss at each size, and why there are none."""
  ours, peer = [], []
  words = {"ours": [bench.connwatch, "list", "-t", "--no-owners"]}
  try:
    words["ss"] = [peers.path("ss"), "-tan"]
  except Skip:
    pass
  try:
    for size in bench.sizes(*REAL):
      bench.progress(f"{count(size)} sockets")
      with namespace.entered(), load.steady(bench, size):
        samples = compare.commands(bench, words, bench.seconds(3))
      ours.append((size, median(samples["ours"])))
      if "ss" in samples:
        peer.append((size, median(samples["ss"])))
  except Skip as why:
    return [], [], why
  return ours, peer, None


def _simulated(bench):
  """Wall seconds of list over made-up tables, CPU seconds of parsing and diff, at each size."""
  listed, parse, diff = [], [], []
  for size in SIMULATED[: -1 if bench.quick else None]:
    bench.progress(f"made-up table of {count(size)}")
    tables = bench.file(f"proc-{size}")
    kit.run(bench, "tables", tables, size)
    words = [bench.connwatch, "list", "-t", "--no-owners", "--source", "proc", "--proc", tables]
    samples = compare.commands(bench, {"ours": words}, bench.seconds(2))
    shutil.rmtree(tables)
    listed.append((size, median(samples["ours"])))
    answer = kit.ask(bench, "growth", size, bench.seconds(2))
    parse.append((size, median(answer["parse"])))
    diff.append((size, median(answer["diff"])))
  return listed, parse, diff


def _line(what, points):
  """What a socket costs at the last size, beside what it does at a hundredth of it."""
  (few, before), (many, after) = points[-1 - DECADES], points[-1]
  return Line(
    f"{what}, {count(many)}", ours=after / many, peer=f"of {count(few)}:", theirs=before / few, ratio=after / many / (before / few),
    budget=BUDGET, samples={"sockets": [point[0] for point in points], "seconds": [point[1] for point in points]})
