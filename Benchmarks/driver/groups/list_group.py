# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""`connwatch list` beside the tools that people use for the same: whole processes, written to a file."""

from .. import callgrind, compare, load, namespace, peers, psutil
from ..line import Line, Skip, skipped
from ..quantity import count

NAME = "list"
TITLE = "One table, no owners: list -t --no-owners"
SECONDS = 60
LINES = [
  "against ss -tan at 10, 10,000 and 100,000 sockets (budgets 1.0, -, 0.55)",
  "against netstat -tan and psutil at the same; instructions against ss -tan at 10 sockets",
]

SIZES = (10, 10_000, 100_000)
BUDGETS = {10: 1.0, 100_000: 0.55}
OURS = "list -t --no-owners"

def run(bench):
  sizes = bench.sizes(*SIZES)
  for size in sizes:
    with namespace.entered():
      bench.progress(f"{count(size)} sockets")
      with load.steady(bench, size):
        yield from _at(bench, size, bench.seconds(SECONDS / len(SIZES) / 3))


def _instructions(bench, at, ours):
  """Of few sockets, what is too little to time well."""
  try:
    binary = callgrind.stripped(bench.connwatch, bench.file("connwatch-stripped"))
    own = callgrind.instructions([binary, *ours[1:]])
    other = callgrind.instructions([peers.path("ss"), "-tan"])
    return Line(
      f"{at}, instructions", ours=own, unit="instructions", peer="ss -tan", theirs=other, ratio=own / other,
      samples={OURS: [own], "ss -tan": [other]})
  except Skip as why:
    return skipped(f"{at}, instructions", why)


def _at(bench, size, seconds):
  at = f"{count(size)} sockets"
  ours = [bench.connwatch, "list", "-t", "--no-owners"]
  for peer, words, budget in (
    ("ss -tan", ["ss", "-tan"], BUDGETS.get(size)),
    ("netstat -tan", ["netstat", "-tan"], None),
  ):
    try:
      samples = compare.commands(bench, {OURS: ours, peer: [peers.path(words[0]), *words[1:]]}, seconds)
      yield compare.against(at, samples, OURS, peer, budget=budget)
    except Skip as why:
      yield skipped(f"{at}, {peer}", why)
  if size == 10:
    yield _instructions(bench, at, ours)
  try:
    yield psutil.line(bench, at, OURS, ours, seconds)
  except Skip as why:
    yield skipped(f"{at}, psutil", why)
