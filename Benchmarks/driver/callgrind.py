# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Instructions counted by callgrind: the same each time, whatever else the machine does."""

import re
import subprocess

from . import peers, process
from .line import Failed


def stripped(binary, copy):
  """A copy of a binary without debugging information, which valgrind cannot read of Swift."""
  process.output([peers.path("strip"), "-g", "-o", copy, binary])
  return copy


def instructions(words, toggle=None, environ=None):
  """How many instructions a command takes; with `toggle`, only those of that function and what it calls.

  Skip: valgrind is missing.
  """
  options = ["--tool=callgrind", "--callgrind-out-file=/dev/null"]
  if toggle:
    options += ["--collect-atstart=no", f"--toggle-collect={toggle}"]
  # Swift seeds its hashing by chance otherwise, and so takes another way through each table.
  environ = {**(environ or process.environment()), "SWIFT_DETERMINISTIC_HASHING": "1"}
  done = subprocess.run(
    [peers.path("valgrind"), *options, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    text=True, env=environ)
  found = re.search(r"Collected : (\d+)", done.stderr)
  if done.returncode != 0 or not found:
    raise Failed(f"{' '.join(words)}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.returncode}")
  return int(found[1])
