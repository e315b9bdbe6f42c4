# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Histories to put questions to, and the same as a table with a row a sighting: made once and kept in Benchmarks/.build.

They are the same in each run, so they are made again only where what makes them is no longer the same: the sources of
make-history, of the store and of the table. `make clean` takes them away.
"""

import contextlib
import glob
import hashlib
import os
import re
import shutil

from . import process, sightings
from .line import Failed, Skip
from .quantity import count, text

# What the databases depend on.
_SOURCES = (
  "Benchmarks/Sources/make-history/*.swift", "Sources/ConnStore/Digest/*.swift", "Sources/ConnStore/Schema/*.swift",
  "Sources/ConnStore/Write/*.swift", "Benchmarks/driver/sightings.py",
)
# About what a connection takes on disk, in ours and in the table.
_ROOM = 130, 200


class Databases:
  """The databases of one version of what makes them."""

  def __init__(self, bench):
    self.bench = bench
    built = os.path.join(bench.root, "Benchmarks/.build")
    self.parent = os.path.join(built, "databases")
    # Who may not write there makes them anew each time.
    if not os.access(self.parent if os.path.isdir(self.parent) else built, os.W_OK):
      self.parent = bench.file("databases")
    self.place = os.path.join(self.parent, self._version())

  def _version(self):
    digest = hashlib.sha256()
    for pattern in _SOURCES:
      for path in sorted(glob.glob(os.path.join(self.bench.root, pattern))):
        with open(path, "rb") as file:
          digest.update(file.read())
    return digest.hexdigest()[:16]

  def history(self, size):
    """The path of a history of so many connections in 7 days."""
    path = os.path.join(self.place, f"{size}.db")

    def make(part):
      self.bench.progress(f"making a history of {count(size)} connections, once")
      process.output([self.bench.make_history, part, str(size)])

    self._make(path, size * _ROOM[0], make)
    return path

  def table(self, size):
    """The path of the same connections, one row a sighting."""
    path, history = os.path.join(self.place, f"{size}-sightings.db"), self.history(size)

    def make(part):
      self.bench.progress(f"making the table with a row a sighting of {count(size)} connections, once")
      sightings.make(history, part)

    self._make(path, size * _ROOM[1], make)
    return path

  def _make(self, path, room, make):
    if os.path.exists(path):
      return
    self._remove_others()
    os.makedirs(self.place, exist_ok=True)
    free = shutil.disk_usage(self.place).free
    if free < room * 1.2:
      raise Skip(f"{self.parent}: {text(free, 'bytes')} free, {text(room * 1.2, 'bytes')} needed")
    self._remove_unfinished()
    part = f"{path}.{os.getpid()}.part"
    try:
      make(part)
      if os.path.exists(part + "-wal") and os.path.getsize(part + "-wal"):
        raise Failed(f"{part}: its log was not written back")
      self._give_away(part)
      os.rename(part, path)
    finally:
      for left in glob.glob(glob.escape(part) + "*"):
        with contextlib.suppress(OSError):
          os.unlink(left)

  def _remove_others(self):
    """Takes away what other versions left: they are large."""
    for name in os.listdir(self.parent) if os.path.isdir(self.parent) else []:
      if name != os.path.basename(self.place):
        shutil.rmtree(os.path.join(self.parent, name), ignore_errors=True)

  def _remove_unfinished(self):
    """Takes away what a run was making that is no more."""
    for path in glob.glob(os.path.join(glob.escape(self.place), "*.part*")):
      pid = re.search(r"\.(\d+)\.part", path)
      if pid and not os.path.exists(f"/proc/{pid[1]}"):
        with contextlib.suppress(OSError):
          os.unlink(path)

  def _give_away(self, path):
    """What root makes belongs to whom the build belongs to, whose own runs need it too."""
    owner = os.stat(os.path.dirname(self.parent))
    if os.geteuid() == 0:
      for each in (self.parent, self.place, path):
        os.chown(each, owner.st_uid, owner.st_gid)
