# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Commands beside each other: wall time of whole processes that write to a file."""

import contextlib
import os

from . import process
from .line import Line
from .pairs import median, ratio, turns


@contextlib.contextmanager
def _file(bench, name):
  path = bench.file(name)
  descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
  try:
    yield descriptor
  finally:
    os.close(descriptor)
    os.unlink(path)


def commands(bench, words, seconds, least=3, most=41, tells=None):
  """Times several commands in turns: `words` is a dictionary of command lines. Wall seconds, in the same keys.

  `tells` are functions that get a number from the output of some of them: these are at the name with " tells" behind it.
  """
  tells = tells or {}
  told = {name: [] for name in tells}
  with contextlib.ExitStack() as stack:
    def measure(index, name):
      out = stack.enter_context(_file(bench, f"out-{index}"))
      environ = process.environment()

      def once():
        wall = process.timed(words[name], out, environ).wall
        if name in tells:
          told[name].append(tells[name](out))
        return wall

      return once

    samples = turns({name: measure(index, name) for index, name in enumerate(words)}, seconds, least=least, most=most)
  # The first may have been to warm up.
  return {**samples, **{f"{name} tells": values[-len(samples[name]):] for name, values in told.items()}}


def against(what, samples, ours, theirs, **more):
  """The line of two samples of one run."""
  return Line(
    what, ours=median(samples[ours]), peer=theirs, theirs=median(samples[theirs]),
    ratio=ratio(samples[ours], samples[theirs]), samples={ours: samples[ours], theirs: samples[theirs]}, **more)
