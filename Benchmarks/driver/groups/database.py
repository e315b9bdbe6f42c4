# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""The history of a busy machine: storing it, and questions to it, beside a table as a script would log it."""

import os
import shlex

from .. import agreement, compare, databases, peers, questions, storing
from ..chart import Series, svg
from ..line import Line, Skip, skipped
from ..pairs import median, ratio
from ..quantity import count, text

NAME = "database"
TITLE = "The history: 10,000,000 connections (--quick: 1,000,000) beside a row a sighting in sqlite3"
SECONDS = 180
LINES = [
  "CPU to store a connection against a row a sighting by executemany; bytes a connection (budget 120)",
  "history over 10,000,000 connections: first pages (budget 100 ms) and whole results against plain SQL",
  "services of an hour, a day, all and a process, and list --at, against plain SQL (budget 100 ms)",
  "first pages among 100,000 to 10,000,000 connections, and the chart growth-database.svg, see --charts",
  "the databases are made once (four minutes, 3 GB) and kept in Benchmarks/.build",
]

SIZE, QUICK_SIZE = 10_000_000, 1_000_000
STORED, QUICK_STORED = 500_000, 100_000
# To the user a page is there at once.
BUDGET = 0.1
PEER = "sqlite3"


def run(bench):
  made = databases.Databases(bench)
  size = QUICK_SIZE if bench.quick else SIZE
  yield from _stored(bench)
  history, table = made.history(size), None
  try:
    sqlite = peers.path("sqlite3")
    table = made.table(size)
  except Skip as why:
    yield skipped("beside plain SQL", why)
  yield _bytes(history, table, size)
  for path in filter(None, (history, table)):
    _warm(path)
  asked = _Asked(bench, history, size, [sqlite, "-init", os.devnull, "-batch", "-readonly", table] if table else None)
  for question in questions.HISTORY:
    yield from asked.history(question)
  for what, words, sql in questions.SERVICES:
    yield asked.services(what, words, sql)
  yield asked.list_at()
  yield _others(bench, history)
  yield from _growth(bench, made, size)


def _warm(path):
  """Reads a file once, so that what is measured is not the disk."""
  with open(path, "rb", buffering=0) as file:
    while file.read(1 << 20):
      pass


def _stored(bench):
  size = QUICK_STORED if bench.quick else STORED
  bench.progress(f"storing {count(size)} connections")
  try:
    samples, rows = storing.both(bench, size, bench.seconds(15))
  except Skip as why:
    yield skipped("CPU to store a connection", why)
    return
  ours, theirs = median(samples["connwatch"]), median(samples["executemany"])
  yield Line(
    "CPU to store a connection", ours=ours, peer="executemany", theirs=theirs, ratio=ratio(samples["connwatch"], samples["executemany"]),
    note=f"connections a second of CPU: {1 / ours:,.0f}; rows: {rows / theirs:,.0f}, {rows:.2f} a connection", samples=samples)


def _bytes(history, table, size):
  ours = os.path.getsize(history) / size
  line = Line(
    "disk a finished connection", ours=ours, unit="bytes", budget=120, limit=True, samples={"connwatch": [ours]})
  if table:
    line.peer, line.theirs = "the table", os.path.getsize(table) / size
    line.ratio, line.samples["the table"] = ours / line.theirs, [line.theirs]
  return line


class _Once:
  """Takes the rows from the first output that it is given: what a `tells` does that needs only one."""

  rows = None

  def __call__(self, descriptor):
    if self.rows is None:
      self.rows = agreement.rows(descriptor)
    return len(self.rows)


class _Asked:
  """Questions to both, as whole processes in turns; to ours alone where there is no table."""

  def __init__(self, bench, history, size, sqlite):
    self.bench, self.database, self.size, self.sqlite = bench, history, size, sqlite

  def _ours(self, words):
    return [self.bench.connwatch, *words, "--db", self.database]

  def _objects(self, words):
    return agreement.ours(self.bench, self._ours(words)[1:])

  def _measure(self, words, sql, least=3):
    """Samples of both, and the table's rows, None where there is no table."""
    commands, tells, once = {"connwatch": self._ours(words)}, {}, _Once()
    if self.sqlite:
      commands[PEER], tells[PEER] = [*self.sqlite, sql], once
    return compare.commands(self.bench, commands, self.bench.seconds(2), least=least, tells=tells), once.rows

  def _line(self, what, samples, **more):
    if self.sqlite:
      return compare.against(what, samples, "connwatch", PEER, **more)
    return Line(what, ours=median(samples["connwatch"]), samples=samples, **more)

  def _page(self, what, samples):
    return self._line(what, samples, budget=BUDGET, limit=True)

  def history(self, question):
    what = f"history, {question.what}"
    self.bench.progress(shlex.join(question.all))
    samples, rows = self._measure(question.first, question.sql(page=True))
    if question.rare and self.sqlite and len(rows) < questions.PAGE:
      agreement.connections(what, self._objects(question.first), rows)
    yield self._page(f"{what}: first page", samples)
    if question.whole and self.sqlite:
      samples, rows = self._measure(question.all, question.sql(page=False))
      found = agreement.connections(what, self._objects(question.all), rows, exactly="--since" not in question.words)
      yield self._line(f"{what}: {count(found)}", samples, note=f"rows of the table: {count(len(rows))}")

  def services(self, what, words, sql):
    words = ["services", *words]
    self.bench.progress(shlex.join(words))
    # The table takes most of a minute for all of it: once must do where there is no doubt.
    samples, rows = self._measure(words, sql, least=1)
    if self.sqlite:
      agreement.services(what, self._objects(words), rows)
    return self._page(what, samples)

  def list_at(self):
    words = questions.AT
    self.bench.progress(shlex.join(words))
    samples, rows = self._measure(words, questions.AT_SQL)
    objects = self._objects(words)
    if self.sqlite:
      agreement.open_then("list --at", objects, rows)
    return self._page(f"list --at: {count(len(objects))}", samples)


def _others(bench, history):
  """The slowest first page of many other filters."""
  bench.progress("first pages of other filters")
  taken = {}
  for words in questions.OTHERS:
    command = [bench.connwatch, "history", *shlex.split(words), "--limit", str(questions.PAGE), "--db", history]
    taken[words] = compare.commands(bench, {"connwatch": command}, bench.seconds(0.4), least=3)["connwatch"]
  order = sorted(taken, key=lambda words: -median(taken[words]))
  slow = [f"{words} {text(median(taken[words]), 's')}" for words in order[:4]]
  return Line(
    f"the slowest of {len(taken)} other filters", ours=median(taken[order[0]]), budget=BUDGET, limit=True,
    note=f"{', '.join(slow)} …", samples=taken)


def _growth(bench, made, largest):
  """First pages among more and more connections."""
  sizes = [size for size in (100_000, 1_000_000, 10_000_000) if size <= largest]
  points = {name: [] for name in questions.GROWTH}
  for size in sizes:
    bench.progress(f"growth: {count(size)} connections")
    path = made.history(size)
    for name, words in questions.GROWTH.items():
      samples = compare.commands(bench, {"connwatch": [bench.connwatch, *words, "--db", path]}, bench.seconds(1), least=5)
      points[name].append((size, median(samples["connwatch"])))
  for name, taken in points.items():
    (few, before), (many, after) = taken[0], taken[-1]
    yield Line(
      f"growth of {name}, {count(many)}", ours=after, peer=f"of {count(few)}:", theirs=before, ratio=after / before,
      samples={"connections": [point[0] for point in taken], "seconds": [point[1] for point in taken]})
  path = bench.chart("growth-database.svg", svg(
    "Cost of a question against the size of the history", "Medians. Whole commands, the database in memory: wall time to a file.",
    "connections in 7 days", "time", [Series(name, taken) for name, taken in points.items()]))
  bench.progress(f"chart: {path}")
