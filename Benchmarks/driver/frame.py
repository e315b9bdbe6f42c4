# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""What a group of measurements is given: where things are, how long it may take, and a place for its files.

A group is a module of `groups` with

  NAME       one word, for --only
  TITLE      what stands above its lines
  SECONDS    about how long it may take, loads included
  LINES      what its lines are of, in words, for --list
  run(bench) which yields a Line for each line of the table, as soon as it is known

`run` may raise Skip, for all of what is left of it, and Failed.
"""

import os
import sys
import time

from .line import Skip


class Bench:
  """One run of the benchmark."""

  def __init__(self, root, temporary, quick=False, quiet=False, charts=None):
    self.root = root
    self.temporary = temporary
    self.quick = quick
    self.quiet = quiet
    self.connwatch = os.path.join(root, ".build/release/connwatch")
    self.products = os.path.join(root, "Benchmarks/.build/release")
    self.benchkit = os.path.join(self.products, "benchkit")
    self.benchload = os.path.join(self.products, "benchload")
    self.make_history = os.path.join(self.products, "make-history")
    # Not where the documentation has its own, unless that is asked for.
    self.charts = charts or os.path.join(root, "Benchmarks/.build/charts")
    self.group = ""
    self.started = time.monotonic()

  def seconds(self, whole):
    """As much of a time as this run takes: a quick one takes a quarter."""
    return whole / 4 if self.quick else whole

  def sizes(self, *counts):
    """The sizes of load to measure at: a quick run leaves out what takes long to set up."""
    return [count for count in counts if count <= 10_000] if self.quick else list(counts)

  def file(self, name):
    """A path in the directory that goes when the run ends."""
    return os.path.join(self.temporary, name)

  def chart(self, name, text):
    """Writes a chart where charts go, and gives its path. Skip: this user may not write there."""
    path = os.path.join(self.charts, name)
    try:
      os.makedirs(self.charts, exist_ok=True)
      with open(path, "w") as file:
        file.write(text)
    except OSError as error:
      raise Skip(f"{path}: {error.strerror} (--charts names another directory)")
    return path

  def progress(self, words):
    """Says on stderr what is being done."""
    if not self.quiet:
      print(f"bench: {time.monotonic() - self.started:4.0f} s  {self.group}: {words}", file=sys.stderr, flush=True)
