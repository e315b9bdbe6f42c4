# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""What is asked of the history, and how the same is asked of a table with a row a sighting.

The table's side has every advantage that one index on the time gives it: a first page is read backwards along that index
until it is full, but where there are too few rows for that, and then the table is read from its beginning. A whole
result is in the table's own order. It gives sightings where ours gives connections, and so is spared the sums.
"""

import dataclasses
import typing

from . import sightings

# Wednesday at noon, as seconds since the epoch; the history is of the week from Monday, 2026-01-05.
NOON = 1_767_571_200 + 2 * 86_400 + 12 * 3600
HOUR = ["--since", "2026-01-07T12:00:00Z", "--until", "2026-01-07T13:00:00Z"]
DAY = ["--since", "2026-01-07T00:00:00Z", "--until", "2026-01-08T00:00:00Z"]
IN_HOUR = f"time >= {NOON} AND time < {NOON + 3600}"
IN_DAY = f"time >= {NOON - 43_200} AND time < {NOON + 43_200}"
PAGE = 50



@dataclasses.dataclass
class Question:
  """One question: the words of our command, and the condition on the table."""

  what: str
  words: typing.List[str]
  where: str = ""
  # Whether the whole result is asked for too: not where it is a great part of all.
  whole: bool = False
  # Whether the first page takes a walk through all of the table, as there are fewer than 50 rows or not many more.
  rare: bool = False

  @property
  def first(self):
    return ["history", *self.words, "--limit", str(PAGE)]

  @property
  def all(self):
    return ["history", *self.words]

  def sql(self, page):
    """The statement for the first page, or for all."""
    order = f"ORDER BY {'+' if self.rare else ''}time DESC LIMIT {PAGE}" if page else ""
    return f"SELECT {sightings.COLUMNS} FROM sighting {'WHERE ' if self.where else ''}{self.where} {order}"


HISTORY = [
  Question("unfiltered", []),
  Question("the busiest remote", ["dst", "198.18.0.0"], "remote_addr = '198.18.0.0'"),
  Question("a rare remote", ["dst", "2001:db8::3e8"], "remote_addr = '2001:db8::3e8'", whole=True),
  Question("a client's port", ["sport", "=", "40000"], "local_port = 40000", whole=True, rare=True),
  Question("a port, either end", ["port", "=", "40000"], "(local_port = 40000 OR remote_port = 40000)", rare=True),
  Question("a process", ["process", "program150"], "process = 'program150'", whole=True),
  Question("a pid", ["pid", "22000"], "pid = 22000", rare=True),
  Question("an hour", HOUR, IN_HOUR, whole=True),
  Question("a rare state", ["state", "syn-sent"], "state = 'SYN_SENT'", whole=True, rare=True),
]

# Further filters, with many rows, few and none: any single one is held to the budget.
OTHERS = [
  "user 1000", "unit program4.service", "container none", "direction in", "direction unknown", "service postgresql", "src 10.0.1.5",
  "src 10.0.0.9", "net 198.18.0.0/24", "dport = 9999", "dport < 30", "sport = 81", "proto udp6", "process nobody", "not process program1",
  "pid 99", "state closing", "exclude time-wait", "host 198.18.95.137",
]


def services(where=""):
  """What `services` tells, of the table: it has no direction, so a client's port is one of the usual range.

  Counted are sightings, not connections: they cannot be told apart.
  """
  condition = f"local_port >= 32768 {'AND ' if where else ''}{where}"
  return (
    "SELECT replace(proto, '6', ''), remote_port, count(DISTINCT remote_addr), count(*), count(DISTINCT local_port), min(time), max(time), "
    f"group_concat(DISTINCT process) FROM sighting WHERE {condition} GROUP BY 1, 2")


SERVICES = [
  ("services of an hour", HOUR, services(IN_HOUR)),
  ("services of a day", DAY, services(IN_DAY)),
  ("services of all", [], services()),
  ("services of a process", ["process", "program150"], services("process = 'program150'")),
]

AT = ["list", "--at", "2026-01-07T12:30:00Z"]
# What is open is seen at most this long before.
AT_SQL = f"SELECT {sightings.COLUMNS} FROM sighting WHERE time >= {NOON + 1800 - sightings.PACE} AND time <= {NOON + 1800}"

# What is asked of histories of several sizes: few enough for a chart.
GROWTH = {
  **{each.what: each.first for each in HISTORY if each.what in ("the busiest remote", "a rare remote", "a client's port", "a pid")},
  "services": ["services"],
  "list --at": AT,
}
