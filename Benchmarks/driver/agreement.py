# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether our answer and the table's are of the same connections: what is fast and wrong is not to be measured."""

import json

from . import process
from .line import Failed

# At the edges of a range ours has also what was there between two sightings.
EDGE = 0.02


def rows(descriptor):
  """The rows of an answer of sqlite3 in an open file, as tuples of text."""
  with open(descriptor, "rb", closefd=False) as file:
    file.seek(0)
    return [tuple(line.split("|")) for line in file.read().decode().splitlines()]


def ours(bench, words):
  """The same question to connwatch, in JSON."""
  return [json.loads(line) for line in process.output([bench.connwatch, *words, "--json"]).split("\n") if line]


def connections(what, objects, sightings, exactly=True):
  """Raises Failed unless both have the same connections; gives how many lives ours has.

  A connection is known by its ends and its process here: the table cannot tell one life on the same ends from another.
  """
  own = {_key(each) for each in objects}
  theirs = {(each[1], *each[3:8]) for each in sightings}
  if theirs - own or (exactly and own - theirs) or len(own - theirs) > EDGE * len(own):
    raise Failed(
      f"{what}: {len(own)} connections of ours and {len(theirs)} of the table: {len(own - theirs)} and {len(theirs - own)} are not in the other")
  return len(objects)


def open_then(what, objects, sightings):
  """Raises Failed unless what was open then has been seen; what had ended but for TIME_WAIT need not have been."""
  own = {_key(each) for each in objects if each["state"] != "TIME_WAIT"}
  theirs = {(each[1], *each[3:8]) for each in sightings}
  if not own or own - theirs:
    raise Failed(f"{what}: of {len(own)} open connections {len(own - theirs)} are not in the table")
  return len(objects)


def services(what, objects, groups):
  """Raises Failed unless both have the same services with as many hosts and local ports."""
  own = {(each["proto"], str(each["port"])): (each["remote_hosts"], each["local_ports_total"]) for each in objects}
  theirs = {(each[0], each[1]): (int(each[2]), int(each[4])) for each in groups}
  if own.keys() != theirs.keys() or not own:
    raise Failed(f"{what}: services {sorted(own)} of ours and {sorted(theirs)} of the table")
  for key, counted in own.items():
    for one, other in zip(counted, theirs[key]):
      if abs(one - other) > max(2, EDGE * one):
        raise Failed(f"{what}: {key}: hosts and ports {counted} of ours and {theirs[key]} of the table")
  return len(objects)


def _key(each):
  """A connection as the table has it, all as text."""
  pid = each["process"]["pid"] if each["process"] else None
  ends = (each[name] for name in ("proto", "local_addr", "local_port", "remote_addr", "remote_port"))
  return (*map(str, ends), "" if pid is None else str(pid))
