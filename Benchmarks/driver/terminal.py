# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""A program on a terminal of its own: what it takes, and how soon it answers a key."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from .line import Failed

SIZE = (40, 120)


class Screen:
  """A program that is shown on a pseudo terminal, which is read all the time."""

  def __init__(self, words):
    self.pid, self.file = pty.fork()
    if self.pid == 0:
      os.environ.update(TERM="xterm-256color", LANG="C.UTF-8", LC_ALL="C.UTF-8")
      os.execv(words[0], words)
    fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    self.said = b""

  def read(self, seconds, until=None):
    """Reads for so long, or until something that fits `until` has come; gives whether it has."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
      if select.select([self.file], [], [], left)[0]:
        try:
          self.said = (self.said + os.read(self.file, 65536))[-65536:]
        except OSError as error:
          raise Failed(f"the program ended: {self.said[-200:]!r}") from error
        if until and re.search(until, self.said):
          return True
    return False

  def key(self, key):
    """Types a key; gives the seconds until the first byte of an answer."""
    self.read(0.25)
    begun = time.monotonic()
    os.write(self.file, key)
    select.select([self.file], [], [], 5)
    return time.monotonic() - begun

  def thread(self):
    """CPU seconds of its first thread: the scheduler's own count (proc(5), schedstat)."""
    with open(f"/proc/{self.pid}/task/{self.pid}/schedstat") as file:
      return int(file.read().split()[0]) / 1e9

  def memory(self):
    """Bytes that are resident now, and the most that ever were (proc_pid_status(5))."""
    with open(f"/proc/{self.pid}/status") as file:
      text = file.read()
    return tuple(int(re.search(rf"^{key}:\s+(\d+) kB", text, re.M)[1]) * 1024 for key in ("VmRSS", "VmHWM"))

  def end(self):
    """Ends it, and gives the CPU seconds that it took in all, with its children."""
    if self.pid is None:
      return 0
    with contextlib.suppress(OSError):
      os.kill(self.pid, signal.SIGTERM)
    with contextlib.suppress(Failed):
      self.read(0.5)
    os.close(self.file)
    _, _, usage = os.wait4(self.pid, 0)
    self.pid = None
    return usage.ru_utime + usage.ru_stime


@contextlib.contextmanager
def shown(*words):
  screen = Screen(words)
  try:
    yield screen
  finally:
    screen.end()
