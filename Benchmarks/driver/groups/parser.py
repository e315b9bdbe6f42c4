# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""The parser beside the same algorithm in C, in one process, on the same bytes."""

from .. import kit
from ..line import Line
from ..pairs import median, ratio
from ..quantity import count

NAME = "parser"
TITLE = "Parsing a table: Swift beside the same algorithm in C (-O2), CPU time"
SECONDS = 10
LINES = ["/proc/net/tcp and tcp6 of 100,000 rows (budget 1.3)"]

ROWS = 100_000


def run(bench):
  bench.progress(f"{count(ROWS)} rows")
  answer = kit.ask(bench, "parser", ROWS, bench.seconds(8))
  for table in ("tcp", "tcp6"):
    ours, theirs = answer[f"{table}_swift"], answer[f"{table}_c"]
    yield Line(
      f"{table}, {count(ROWS)} rows, {answer[f'{table}_bytes'] / 1e6:.0f} MB", ours=median(ours), peer="C", theirs=median(theirs),
      ratio=ratio(ours, theirs), budget=1.3, samples={"connwatch": ours, "C": theirs})
