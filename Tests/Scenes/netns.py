# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Network namespaces for the scenes: made, entered and always removed again.

A scene's namespaces are called `connwatch-PID-ROLE`, PID being the scene's own: scenes run side by side, and what a
killed scene left behind is recognised by its dead pid and removed by the next one.
"""

import contextlib
import ctypes
import json
import os
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import time

PREFIX = "connwatch"
CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


class SceneError(Exception):
  """Why a scene could not be built, with what to do about it."""


class Ended(BaseException):
  """SIGTERM or SIGINT: unwinds to the cleanup from wherever the scene is."""


def require_tools(*names):
  missing = [name for name in names if shutil.which(name) is None]
  if missing:
    raise SceneError(f"{' and '.join(missing)} not found (apt-get install iproute2 curl)")


def require_root():
  if os.geteuid() != 0:
    raise SceneError("needs root, to make network namespaces (or --here inside one, where the scene has it)")


def end_on_signals():
  """Turns SIGTERM, SIGINT and SIGHUP into `Ended`, so that every `finally` runs."""

  def handler(number, frame):
    # A second signal in the middle of the cleanup must not leave half of it undone.
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
      signal.signal(each, signal.SIG_IGN)
    raise Ended(number)

  for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(each, handler)


def run(*words, check=True):
  """Runs a command quietly; its stderr is the error's text."""
  done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True)
  if check and done.returncode != 0:
    raise SceneError(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
  return done.stdout


def sysctl(name, value):
  """Sets a namespaced sysctl of the namespace we are in; one that this kernel lacks is skipped."""
  try:
    with open("/proc/sys/" + name.replace(".", "/"), "w") as file:
      file.write(str(value))
  except (FileNotFoundError, PermissionError):
    pass


class Namespace:
  """One named network namespace, `connwatch-PID-ROLE`, with loopback up."""

  def __init__(self, role):
    self.name = f"{PREFIX}-{os.getpid()}-{role}"
    run("ip", "netns", "add", self.name)
    self.path = f"/run/netns/{self.name}"
    self.ip("link", "set", "lo", "up")

  def ip(self, *words):
    return run("ip", "-n", self.name, *words)

  def enter(self):
    """Moves the calling thread, and what it starts from then on, into the namespace.

    Only the network changes (`ip netns exec` would also remount /sys, which hides tracefs).
    """
    enter(self.path)

  def remove(self):
    subprocess.run(["ip", "netns", "del", self.name], stdin=subprocess.DEVNULL, capture_output=True)


@contextlib.contextmanager
def own(role, here=False):
  """Runs a scene in a namespace of its own, which is removed in the end; gives None where it is to stay `here`."""
  if here:
    yield None
    return
  require_tools("ip")
  require_root()
  remove_leftovers()
  namespace = Namespace(role)
  try:
    namespace.enter()
    yield namespace
  finally:
    namespace.remove()


def enter(path):
  fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
  try:
    if _libc.setns(fd, CLONE_NEWNET) != 0:
      raise SceneError(f"setns {path}: {os.strerror(ctypes.get_errno())}")
  finally:
    os.close(fd)


def die_with_parent():
  """For a child's start: a scene that is killed outright takes its children along (prctl PR_SET_PDEATHSIG)."""
  _libc.prctl(1, signal.SIGKILL, 0, 0, 0)


def name_process(name):
  """What ps calls this process (prctl PR_SET_NAME, 15 bytes)."""
  _libc.prctl(15, name.encode("latin-1"), 0, 0, 0)


def remove_leftovers():
  """Removes the namespaces of scenes whose process is gone."""
  try:
    names = os.listdir("/run/netns")
  except FileNotFoundError:
    return
  for name in names:
    match = re.fullmatch(rf"{PREFIX}-(\d+)-[a-z0-9]+", name)
    if match and not os.path.exists(f"/proc/{match[1]}"):
      end_orphans(name)
      subprocess.run(["ip", "netns", "del", name], stdin=subprocess.DEVNULL, capture_output=True)


def end_orphans(name):
  """Ends what a killed scene's servers had started themselves: they died with the scene, their workers did not."""
  for pid in run("ip", "netns", "pids", name, check=False).split():
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as file:
      # The parent's pid is the second word after the name, which may have anything in it.
      if file.read().rpartition(")")[2].split()[1] == "1":
        os.kill(int(pid), signal.SIGKILL)


def split_command(words):
  """What comes before the first `--`, and what comes after it."""
  at = words.index("--") if "--" in words else len(words)
  return words[:at], words[at + 1 :]


def say(**fields):
  """One JSON object, one line, at once."""
  sys.stdout.write(json.dumps(fields) + "\n")
  sys.stdout.flush()


def hold(seconds, tick=None):
  """Waits for `seconds` (0: for ever), a signal, or the end of stdin; calls `tick()` about four times a second.

  /dev/null and plain files are always at their end, so they do not count as "the caller has gone".
  """
  watched = []
  try:
    mode = os.fstat(0).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(0):
      watched = [0]
  except OSError:
    pass
  end = time.monotonic() + seconds if seconds > 0 else float("inf")
  while (left := end - time.monotonic()) > 0:
    readable, _, _ = select.select(watched, [], [], min(left, 0.25))
    if readable and not os.read(0, 65536):
      return
    if tick is not None:
      tick()


def run_inside(command, tick=None):
  """Runs a command in the namespace we are in, and returns its exit status as a shell would give it."""
  try:
    child = subprocess.Popen(command)
  except OSError as error:
    raise SceneError(f"{command[0]}: {error.strerror}")
  try:
    while True:
      try:
        status = child.wait(timeout=0.25)
        return status if status >= 0 else 128 - status
      except subprocess.TimeoutExpired:
        if tick is not None:
          tick()
  except Ended:
    child.terminate()
    child.wait()
    raise


def main(body):
  """Runs a scene's body; errors are one line on stderr and exit status 2."""
  end_on_signals()
  name = os.path.basename(sys.argv[0])
  try:
    sys.exit(body() or 0)
  except Ended as ended:
    # Asked to stop is the ordinary end of a scene that holds.
    sys.exit(0 if ended.args[0] == signal.SIGTERM else 128 + ended.args[0])
  except BrokenPipeError:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(0)
  except (SceneError, OSError) as error:
    print(f"{name}: {error}", file=sys.stderr)
    sys.exit(2)
