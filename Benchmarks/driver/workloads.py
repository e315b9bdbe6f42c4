# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Fixed pieces of work whose instructions are counted: nothing in them depends on the machine's sockets, a clock or chance."""

import os
import shutil

from . import callgrind, process

# Rows of the made-up table that commands are run over.
ROWS = 5000
# Connections of the history that commands are run over.
CONNECTIONS = 200_000
# Where benchkit's own work begins and ends.
MEASURED = "cbench_measured"


class Workloads:
  """The workloads by name, each a function that counts its instructions; files of theirs go to `scratch`."""

  def __init__(self, connwatch, benchkit, make_history, scratch):
    self.scratch = scratch
    self.connwatch = callgrind.stripped(connwatch, os.path.join(scratch, "connwatch"))
    self.benchkit = callgrind.stripped(benchkit, os.path.join(scratch, "benchkit"))
    self.tables = os.path.join(scratch, "proc")
    process.output([self.benchkit, "tables", self.tables, str(ROWS)])
    self.history = os.path.join(scratch, "history.db")
    # The same file each time: no table in it is in an order of chance.
    process.output([make_history, self.history, str(CONNECTIONS)], env=process.environment(SWIFT_DETERMINISTIC_HASHING="1"))
    listing = ["list", "-t", "--no-owners", "--source", "proc", "--proc", self.tables]
    self.all = {
      "connwatch -V": lambda: self._command("-V"),
      "list, 5,000 rows as a table": lambda: self._command(*listing),
      "list, 5,000 rows as JSON": lambda: self._command(*listing, "--json"),
      "parsing 100,000 rows of tcp": lambda: self._kit("parse"),
      "parsing 100,000 rows of tcp6": lambda: self._kit("parse6"),
      "diff of two samples of 10,000 sockets": lambda: self._kit("diff"),
      "storing 10,000 finished connections": lambda: self._kit("store"),
      "digesting 32,768 finished connections": lambda: self._kit("digest"),
      "history of a rare remote, of 200,000": lambda: self._asked("history", "dst", "2001:db8::3e8", "--limit", "50"),
      "services of 200,000 connections": lambda: self._asked("services"),
    }

  def _command(self, *words):
    return callgrind.instructions([self.connwatch, *words])

  def _asked(self, *words):
    return self._command(*words, "--db", self.history)

  def _kit(self, name):
    place = os.path.join(self.scratch, "store")
    os.makedirs(place, exist_ok=True)
    try:
      return callgrind.instructions([self.benchkit, "count", name, place], toggle=MEASURED)
    finally:
      shutil.rmtree(place)
