# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""What the figures were taken on: part of every report, for they mean nothing without it."""

import datetime
import os
import platform
import re

from . import namespace, peers, process


def _read(path):
  try:
    with open(path) as file:
      return file.read()
  except OSError:
    return ""


def _processor():
  match = re.search(r"^model name\s*: (.*)$", _read("/proc/cpuinfo"), re.M)
  return match[1].strip() if match else platform.machine()


def distribution():
  match = re.search(r'^PRETTY_NAME="?([^"\n]*)', _read("/etc/os-release"), re.M)
  return match[1] if match else None


def facts(bench):
  """A dictionary of what the machine, the tools and what was measured are."""
  memory = re.search(r"^MemTotal:\s*(\d+) kB", _read("/proc/meminfo"), re.M)
  return {
    "time": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "connwatch": process.output([bench.connwatch, "-V"]).strip(),
    "processor": _processor(),
    "architecture": platform.machine(),
    "cores": len(os.sched_getaffinity(0)),
    "memory_bytes": int(memory[1]) * 1024 if memory else None,
    "kernel": platform.release(),
    "distribution": distribution(),
    "user": namespace.privileges(),
    "load_average": os.getloadavg()[0],
    "tools": {name: peers.version(name) for name in ("ss", "netstat", "lsof", "psutil", "sqlite3", "valgrind")},
  }


def sentence(facts):
  """The same in one line for people."""
  memory = f"{facts['memory_bytes'] / 2**30:.0f} GiB" if facts["memory_bytes"] else "memory unknown"
  return (
    f"{facts['cores']} × {facts['processor']}, {memory}, Linux {facts['kernel']}, {facts['distribution']}, "
    f"as {facts['user']}, load {facts['load_average']:.1f} at the start")
