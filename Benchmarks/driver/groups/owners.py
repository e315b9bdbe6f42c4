# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""`connwatch list` with owners beside the tools that look for them too: whole processes, written to a file."""

from .. import compare, load, namespace, peers, psutil
from ..line import Skip, skipped
from ..quantity import count

NAME = "owners"
TITLE = "One table with owners: list -t"
SECONDS = 75
LINES = [
  "against ss -tanp at 10, 10,000 and 100,000 sockets (budget 0.1 at 100,000)",
  "against lsof -nP -iTCP and psutil.net_connections at the same",
]

SIZES = (10, 10_000, 100_000)
BUDGETS = {100_000: 0.1}
OURS = "list -t"

def run(bench):
  for size in bench.sizes(*SIZES):
    with namespace.entered():
      bench.progress(f"{count(size)} sockets")
      with load.steady(bench, size):
        # The slow peers take what they take: three rounds at least.
        yield from _at(bench, size, bench.seconds(SECONDS / len(SIZES) / 5))


def _at(bench, size, seconds):
  at = f"{count(size)} sockets"
  ours = [bench.connwatch, "list", "-t"]
  for peer, words, budget in (
    ("ss -tanp", ["ss", "-tanp"], BUDGETS.get(size)),
    ("lsof -nP -iTCP", ["lsof", "-nP", "-iTCP"], None),
  ):
    try:
      bench.progress(f"{at}, {peer}")
      samples = compare.commands(bench, {OURS: ours, peer: [peers.path(words[0]), *words[1:]]}, seconds)
      yield compare.against(at, samples, OURS, peer, budget=budget)
    except Skip as why:
      yield skipped(f"{at}, {words[0]}", why)
  try:
    bench.progress(f"{at}, psutil")
    yield psutil.line(bench, at, OURS, ours, seconds)
  except Skip as why:
    yield skipped(f"{at}, psutil", why)
