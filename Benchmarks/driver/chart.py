# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Charts of cost against size: SVG with both axes logarithmic, readable on light and on dark pages.

Every line has a colour and a mark of its own and its name at its end, so that nothing is told by colour alone.
"""

import dataclasses
import math
import typing
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 880, 520
LEFT, RIGHT, TOP, BOTTOM = 84, 240, 64, 64

# For light pages and for dark ones; neighbours differ in lightness too.
COLOURS = [("#0b62b8", "#6cb6ff"), ("#b3470a", "#ff9d5c"), ("#1a7f37", "#5fd07a"), ("#8250df", "#c49bff"), ("#8a6d00", "#e3c341"), ("#b02a6f", "#ff8ac4")]
MARKS = ["circle", "square", "triangle", "diamond", "cross", "ring"]

STYLE = """
  .page { fill: #ffffff } text { fill: #1f2328; font: 13px system-ui, sans-serif } .title { font-size: 17px; font-weight: 600 }
  .faint { fill: #59636e; font-size: 12px } .grid { stroke: #d1d9e0; stroke-width: 1 } .axis { stroke: #59636e; stroke-width: 1.2 }
  .guide { stroke: #8b949e; stroke-width: 1; stroke-dasharray: 2 5 } .line { fill: none; stroke-width: 2.2 } .mark { stroke-width: 2 }
"""
DARK_STYLE = """
  .page { fill: #0d1117 } text { fill: #e6edf3 } .faint { fill: #9198a1 } .grid { stroke: #2b3138 } .axis { stroke: #9198a1 }
"""


@dataclasses.dataclass
class Series:
  """A line: its name and its points, ascending in x. `dashed` for what is simulated or estimated."""

  name: str
  points: typing.List[typing.Tuple[float, float]]
  dashed: bool = False


def seconds_label(value):
  """An axis of seconds: 1 µs, 10 ms."""
  for size, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")):
    if value >= size * 0.999:
      return f"{value / size:g} {unit}"
  return f"{value:g} s"


def count_label(value):
  """An axis of things: 10, 1,000, 1 million."""
  return f"{value / 1e6:g} million" if value >= 1e6 else f"{value:,.0f}"


class _Axis:
  """A logarithmic axis over whole decades."""

  def __init__(self, values, start, end):
    self.low = math.floor(math.log10(min(values)) + 1e-9)
    self.high = max(self.low + 1, math.ceil(math.log10(max(values)) - 1e-9))
    self.start, self.end = start, end

  def place(self, value):
    share = (math.log10(value) - self.low) / (self.high - self.low)
    return self.start + share * (self.end - self.start)

  def decades(self):
    return [10.0**power for power in range(self.low, self.high + 1)]


def _mark(kind, x, y, css):
  if kind == "circle":
    return f'<circle class="mark {css}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
  if kind == "ring":
    return f'<circle class="mark {css}" cx="{x:.1f}" cy="{y:.1f}" r="4.5" style="fill:none"/>'
  paths = {
    "square": "M-4,-4h8v8h-8z", "triangle": "M0,-5l5,9h-10z", "diamond": "M0,-5.5l5.5,5.5l-5.5,5.5l-5.5,-5.5z",
    "cross": "M-4,-4l8,8M4,-4l-8,8",
  }
  return f'<path class="mark {css}" transform="translate({x:.1f} {y:.1f})" d="{paths[kind]}"/>'


def _spread(places, apart=17):
  """Moves labels apart that would be on each other, keeping their order."""
  order = sorted(range(len(places)), key=lambda each: places[each])
  moved = list(places)
  for before, after in zip(order, order[1:]):
    moved[after] = max(moved[after], moved[before] + apart)
  # What was pushed below the chart goes up again.
  limit = HEIGHT - BOTTOM - 24
  for each in reversed(order):
    moved[each] = min(moved[each], limit)
    limit = moved[each] - apart
  return moved


def _styles(count):
  light = "".join(f".s{index} {{ stroke: {COLOURS[index][0]}; fill: {COLOURS[index][0]} }} " for index in range(count))
  dark = "".join(f".s{index} {{ stroke: {COLOURS[index][1]}; fill: {COLOURS[index][1]} }} " for index in range(count))
  # .line comes last: a line has no inside.
  return f"{STYLE}  {light}\n  .line {{ fill: none }}\n  @media (prefers-color-scheme: dark) {{{DARK_STYLE}  {dark}\n  .line {{ fill: none }} }}"


def svg(title, subtitle, x_name, y_name, series, x_label=count_label, y_label=seconds_label):
  """The chart as text. At most six series; both axes cover whole decades."""
  if len(series) > len(COLOURS):
    raise ValueError(f"{len(series)} lines: at most {len(COLOURS)} can be told apart")
  points = [point for each in series for point in each.points]
  x = _Axis([point[0] for point in points], LEFT, WIDTH - RIGHT)
  y = _Axis([point[1] for point in points], HEIGHT - BOTTOM, TOP)
  out = [
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
    f'aria-label="{escape(title)}">',
    "<!-- SPDX-FileCopyrightText: connwatch contributors -->", "<!-- SPDX-License-Identifier: Apache-2.0 -->",
    f"<title>{escape(title)}</title>", f"<desc>{escape(subtitle)}</desc>", f"<style>{_styles(len(series))}</style>",
    f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>',
    f'<text class="title" x="{LEFT}" y="26">{escape(title)}</text>', f'<text class="faint" x="{LEFT}" y="46">{escape(subtitle)}</text>',
  ]
  for value in x.decades():
    at = x.place(value)
    out.append(f'<path class="grid" d="M{at:.1f},{TOP}V{HEIGHT - BOTTOM}"/>')
    out.append(f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{x_label(value)}</text>')
  for value in y.decades():
    at = y.place(value)
    out.append(f'<path class="grid" d="M{LEFT},{at:.1f}H{WIDTH - RIGHT}"/>')
    out.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{y_label(value)}</text>')
  out.append(f'<path class="axis" fill="none" d="M{LEFT},{TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>')
  out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 16}" text-anchor="middle">{escape(x_name)}</text>')
  middle = (TOP + HEIGHT - BOTTOM) / 2
  out.append(f'<text x="20" y="{middle:.0f}" text-anchor="middle" transform="rotate(-90 20 {middle:.0f})">{escape(y_name)}</text>')
  out += _guide(x, y)
  labels = _spread([y.place(each.points[-1][1]) + 4 for each in series])
  for index, each in enumerate(series):
    css = f"s{index}"
    placed = [(x.place(one), y.place(other)) for one, other in each.points]
    way = "M" + "L".join(f"{one:.1f},{other:.1f}" for one, other in placed)
    dashes = ' stroke-dasharray="7 4"' if each.dashed else ""
    out.append(f'<path class="{css} line" d="{way}"{dashes}/>')
    out += [_mark(MARKS[index], one, other, css) for one, other in placed]
    end = WIDTH - RIGHT + 18
    out.append(_mark(MARKS[index], end, labels[index] - 4, css))
    out.append(f'<text x="{end + 12}" y="{labels[index]:.1f}">{escape(each.name)}</text>')
  return "\n".join(out + ["</svg>"]) + "\n"


def _guide(x, y):
  """A line of slope one from the lower left, to see at a glance what is linear."""
  decades = min(x.high - x.low, y.high - y.low)
  start = x.place(10.0 ** (x.high - decades)), y.place(10.0**y.low)
  end = x.place(10.0**x.high), y.place(10.0 ** (y.low + decades))
  return [
    f'<path class="guide" fill="none" d="M{start[0]:.1f},{start[1]:.1f}L{end[0]:.1f},{end[1]:.1f}"/>',
f'<text class="faint" x="{WIDTH - RIGHT + 14}" y="{HEIGHT - BOTTOM:.0f}">dotted: linear</text>',
  ]
