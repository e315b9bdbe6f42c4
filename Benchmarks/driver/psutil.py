# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""psutil as a peer: a Python program that prints what psutil.net_connections gives, owners included."""

import os

from . import compare, peers, quantity
from .pairs import median

# How long the question took, without the interpreter's start, is told on the last line.
PROGRAM = """
import sys, time
import psutil
begun = time.perf_counter()
rows = psutil.net_connections("tcp")
sys.stdout.write("".join(f"{c.status} {c.laddr} {c.raddr} {c.pid}\\n" for c in rows))
sys.stdout.write(f"{time.perf_counter() - begun:.6f}\\n")
"""


def _last_line(out):
  size = os.fstat(out).st_size
  return float(os.pread(out, 64, max(0, size - 64)).split()[-1])


def line(bench, what, ours, words, seconds):
  """The line of one of our commands beside it. Skip: there is no psutil."""
  python = peers.python_with_psutil()
  commands = {ours: words, "psutil": [python, "-c", PROGRAM]}
  samples = compare.commands(bench, commands, seconds, tells={"psutil": _last_line})
  told = samples["psutil tells"]
  line = compare.against(what, samples, ours, "psutil")
  line.note = f"psutil without the start of Python: {quantity.text(median(told), 's')}"
  line.samples["psutil without the start of Python"] = told
  return line
