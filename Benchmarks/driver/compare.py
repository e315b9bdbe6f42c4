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


def commands(bench, words, seconds, least=3, most=41):
  """Times several commands in turns: `words` is a dictionary of command lines. Wall seconds, in the same keys."""
  with contextlib.ExitStack() as stack:
    def measure(name, line):
      out = stack.enter_context(_file(bench, f"out-{name}"))
      environ = process.environment()
      return lambda: process.timed(line, out, environ).wall

    measures = {name: measure(index, words[name]) for index, name in enumerate(words)}
    return turns(measures, seconds, least=least, most=most)


def against(what, samples, ours, theirs, **more):
  """The line of two samples of one run."""
  return Line(
    what, ours=median(samples[ours]), peer=theirs, theirs=median(samples[theirs]),
    ratio=ratio(samples[ours], samples[theirs]), samples={ours: samples[ours], theirs: samples[theirs]}, **more)
