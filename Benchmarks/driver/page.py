# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""The lines as tables in Markdown, for docs/PERFORMANCE.md."""

from . import machine, quantity, table
from .line import Failed

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def text(facts, groups, lines):
  """What the tables were taken on, when, and the tables."""
  tools = ", ".join(f"{name} {version}" for name, version in facts["tools"].items() if version)
  head = f"{facts['time'][:10]}, {facts['connwatch']}: {machine.sentence(facts)}; {tools}. {table.summary(lines)}."
  return f"{head}\n\n{_tables(groups, lines)}".rstrip()


def renew(path, facts, groups, lines):
  """Puts the tables into a page, between its two marks."""
  with open(path) as file:
    page = file.read()
  if BEGIN not in page or END not in page:
    raise Failed(f"{path}: no {BEGIN} … {END}")
  before, after = page.split(BEGIN)[0], page.split(END)[1]
  with open(path, "w") as file:
    file.write(f"{before}{BEGIN}\n{text(facts, groups, lines)}\n{END}{after}")


def _tables(groups, lines):
  """A table a group, and the notes under it."""
  text = []
  for name, title in groups:
    own = [line for line in lines if line.group == name]
    if not own:
      continue
    text += [f"### {title}", "", "| what | ours | peer or limit | ratio | budget | met |", "|---|--:|---|--:|--:|---|"]
    notes = []
    for line in own:
      if line.skipped:
        text.append(f"| {line.what} | skipped: {line.skipped} | | | | |")
        continue
      cells = [line.what, quantity.text(line.ours, line.unit), table.peer(line), table.ratio(line), table.budget(line), table.met(line)]
      text.append("| " + " | ".join(cells) + " |")
      if line.note:
        notes.append(f"- {line.what}: {line.note}")
    text.append("")
    if notes:
      text += notes + [""]
  return "\n".join(text)
