# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""The lines as a table of at most 100 columns for a terminal."""

import textwrap

from . import quantity

WIDTH = 100
WHAT, OURS, PEER, RATIO, BUDGET = 41, 12, 23, 7, 8
NOTED = WIDTH - 4


def _ratio(line):
  """A ratio of 1.0 and a budget of 0.55 need no more than two digits behind the point."""
  value = line.ratio
  if value is None:
    return "-"
  return f"{value:.3f}" if value < 0.0995 else f"{value:.2f}" if value < 99.5 else f"{value:,.0f}"


def _budget(line):
  if line.budget is None:
    return "-"
  return f"{'≥' if line.least else '≤'} {line.budget:g}"


def met(line):
  return {True: "yes", False: "NO", None: "-"}[line.met]


def _stands_for_peer(line):
  """Whether there is a limit in place of a peer."""
  return line.limit and line.theirs is None


def peer(line):
  """The peer and its figure, or the limit that stands for one."""
  if _stands_for_peer(line):
    return f"limit {quantity.text(line.budget, line.unit)}"
  if line.theirs is None:
    return line.peer or "-"
  return f"{line.peer} {quantity.text(line.theirs, line.unit)}"


def _row(*cells):
  what, ours, other, ratio, limit, verdict = cells
  return f"{what:<{WHAT}} {ours:>{OURS}}  {other:<{PEER}} {ratio:>{RATIO}} {limit:>{BUDGET}} {verdict:>3}".rstrip()


def budget(line):
  """The budget's column: of a limit, 1 where it stands in the peer's, else itself."""
  if _stands_for_peer(line):
    return "≥ 1" if line.least else "≤ 1"
  if line.limit:
    return f"{'≥' if line.least else '≤'} {quantity.text(line.budget, line.unit)}"
  return _budget(line)


def ratio(line):
  """Of a limit that stands in the peer's column, what is used of it."""
  if _stands_for_peer(line) and line.ours is not None and line.budget:
    return _ratio(type(line)("", ratio=line.ours / line.budget))
  return _ratio(line)


def for_terminal(groups, lines):
  """The table in groups; `groups` are pairs of a group's name and its title."""
  text = [_row("WHAT", "OURS", "PEER OR LIMIT", "RATIO", "BUDGET", "MET")]
  for name, title in groups:
    own = [line for line in lines if line.group == name]
    if not own:
      continue
    text += ["", title]
    for line in own:
      if line.skipped:
        text += textwrap.wrap(f"{line.what}: skipped: {line.skipped}", WIDTH - 2, initial_indent="  ", subsequent_indent="    ")
        continue
      cells = quantity.text(line.ours, line.unit), peer(line), ratio(line), budget(line), met(line)
      text.append(_row("  " + line.what, *cells))
      if line.note:
        text += textwrap.wrap(line.note, NOTED, initial_indent="    ", subsequent_indent="    ")
  return "\n".join(text)


def summary(lines):
  """How many budgets there are and how many are met, in one line."""
  judged = [line for line in lines if line.met is not None]
  missed = [line for line in judged if not line.met]
  skips = sum(1 for line in lines if line.skipped)
  words = f"{len(judged) - len(missed)} of {len(judged)} budgets met"
  return words + (f", {skips} lines skipped" if skips else "")
