# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""The tools that connwatch is held against, where they are installed."""

import functools
import os
import re
import shutil
import subprocess
import sys

from .line import Skip


@functools.lru_cache(None)
def path(name):
  """Where a tool is. Skip: it is not installed."""
  # Some distributions have ss where an ordinary user's PATH does not lead.
  found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin")
  if found is None:
    raise Skip(f"{name} is not installed (Scripts/setup.sh bench)")
  return found


@functools.lru_cache(None)
def python_with_psutil():
  """A Python that has psutil. Skip: there is none."""
  for candidate in (sys.executable, "/usr/bin/python3", shutil.which("python3")):
    if candidate and subprocess.run([candidate, "-c", "import psutil"], capture_output=True).returncode == 0:
      return candidate
  raise Skip("psutil is not installed (Scripts/setup.sh bench)")


@functools.lru_cache(None)
def version(name):
  """A tool's version; None where it is missing."""
  options = {"ss": "-V", "netstat": "--version", "lsof": "-v", "valgrind": "--version", "sqlite3": "--version"}
  try:
    if name == "psutil":
      words = [python_with_psutil(), "-c", "import psutil; print(psutil.__version__)"]
    else:
      words = [path(name), options[name]]
  except Skip:
    return None
  done = subprocess.run(words, capture_output=True, text=True)
  found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
  return found[0] if found else None
