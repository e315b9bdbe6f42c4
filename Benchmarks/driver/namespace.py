# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Network namespaces for the load: the driver moves into one, starts what it starts there, and comes back.

A namespace has no name and needs no tool. It is gone when the last process in it is, so nothing is left even where the
driver is killed. An ordinary user gets a user namespace first, where the kernel lets it, in which it may do the same.
"""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct

from .line import Skip

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name, *words):
  if getattr(_libc, name)(*words) != 0:
    code = ctypes.get_errno()
    raise OSError(code, os.strerror(code))


def _become_root_of_its_own():
  """A user namespace in which this user is root, and a network namespace of its own to come back to: from inside, that of
  the machine may not be entered again."""
  user, group = os.geteuid(), os.getegid()
  _call("unshare", CLONE_NEWUSER | CLONE_NEWNET)
  # user_namespaces(7): a group may be mapped only once setgroups is given up.
  for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
    with open(f"/proc/self/{name}", "w") as file:
      file.write(text)


def _raise_loopback():
  with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def privileges():
  """What this user may do, in words for the report."""
  return "root" if _is_root_outside else "ordinary user"


_is_root_outside = os.geteuid() == 0


@contextlib.contextmanager
def entered():
  """A network namespace with loopback and nothing else, in which everything that is started meanwhile begins.

  Skip: this user may not make one.
  """
  try:
    if os.geteuid() != 0:
      _become_root_of_its_own()
    before = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    _call("unshare", CLONE_NEWNET)
  except OSError as error:
    hint = "" if _is_root_outside else ", run as root"
    raise Skip(f"no network namespace: {error.strerror}{hint}")
  try:
    _raise_loopback()
    yield
  finally:
    try:
      _call("setns", before, CLONE_NEWNET)
    finally:
      os.close(before)
