# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""One line of the table: what was measured, against what, and whether that is within its budget."""

import dataclasses
import typing


class Skip(Exception):
  """What cannot be measured here, and why: a line of its own, and no failure."""


class Failed(Exception):
  """What went wrong in a measurement: the driver goes on with the next one, and exits with 2."""


@dataclasses.dataclass
class Line:
  """A line of the table. Ratios are ours / theirs: less is better. Where there is no budget it is for information."""

  what: str
  ours: typing.Optional[float] = None
  unit: str = "s"
  peer: str = ""
  theirs: typing.Optional[float] = None
  # Median of the pairs' ratios; not quite ours / theirs, which are medians of their own.
  ratio: typing.Optional[float] = None
  budget: typing.Optional[float] = None
  # What is held to the budget where that is not the ratio, as a limit in our own unit is.
  limit: bool = False
  # True where more is better.
  least: bool = False
  note: str = ""
  skipped: str = ""
  # Raw samples, by what they are of.
  samples: dict = dataclasses.field(default_factory=dict)
  group: str = ""

  @property
  def met(self):
    """True or False where there is a budget and a figure to hold to it, else None."""
    judged = self.ours if self.limit else self.ratio
    if self.budget is None or judged is None:
      return None
    return judged >= self.budget if self.least else judged <= self.budget

  def fields(self):
    """For --json: every key always, null where there is nothing to say."""
    given = dataclasses.asdict(self)
    for key in ("peer", "note", "skipped"):
      given[key] = given[key] or None
    given["met"] = self.met
    return given


def skipped(what, why):
  return Line(what, skipped=str(why))
