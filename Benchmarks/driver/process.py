# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Commands started, timed and ended. Nothing that is started here outlives the driver."""

import dataclasses
import os
import shlex
import signal
import subprocess
import time

from .line import Failed

# What is running, to be ended however the driver ends.
_running = set()


@dataclasses.dataclass
class Run:
  """What one run of a command took, in seconds."""

  wall: float
  user: float
  system: float


def environment(**more):
  """The same for every command that is measured: no colours, no translations, no history of this machine."""
  kept = {key: os.environ[key] for key in ("PATH", "HOME", "LD_LIBRARY_PATH") if key in os.environ}
  return {**kept, "LC_ALL": "C", "TZ": "UTC", "CONNWATCH_DB": "/nonexistent/connwatch.db", **more}


def timed(words, out, environ):
  """Runs a command with its stdout to an open file, which is emptied before, and says what that took.

  posix_spawn, and no shell: what a start costs beside the command is the same few hundred microseconds for all.
  """
  os.ftruncate(out, 0)
  os.lseek(out, 0, os.SEEK_SET)
  actions = [
    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
    (os.POSIX_SPAWN_DUP2, out, 1),
    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
  ]
  start = time.perf_counter_ns()
  pid = os.posix_spawn(words[0], words, environ, file_actions=actions)
  _running.add(pid)
  _, status, usage = os.wait4(pid, 0)
  wall = (time.perf_counter_ns() - start) / 1e9
  _running.discard(pid)
  if status != 0:
    raise Failed(f"{shlex.join(words)}: ended with status {os.waitstatus_to_exitcode(status)}")
  return Run(wall, usage.ru_utime, usage.ru_stime)


def start(words, **options):
  """Starts a command that runs beside the measurement: a Popen, ended by `end`, or with the driver."""
  options.setdefault("stdin", subprocess.DEVNULL)
  options.setdefault("env", environment())
  try:
    process = subprocess.Popen(words, **options)
  except OSError as error:
    raise Failed(f"{words[0]}: {error.strerror}")
  _running.add(process.pid)
  return process


def end(process, number=signal.SIGTERM, patience=30):
  """Ends what `start` began, by a signal, and outright where that does not help; gives its exit status."""
  if process.poll() is None:
    process.send_signal(number)
    try:
      process.wait(patience)
    except subprocess.TimeoutExpired:
      process.kill()
  status = process.wait()
  _running.discard(process.pid)
  return status


def end_all():
  """Ends whatever is left."""
  for pid in list(_running):
    try:
      os.kill(pid, signal.SIGKILL)
      os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
      pass
    _running.discard(pid)


def output(words, **options):
  """Runs a command that is not measured and gives what it prints."""
  options.setdefault("env", environment())
  try:
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
  except OSError as error:
    raise Failed(f"{words[0]}: {error.strerror}")
  if done.returncode != 0:
    raise Failed(f"{shlex.join(words)}: {done.stderr.strip() or done.returncode}")
  return done.stdout
