# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Figures as text: three digits, and the unit that makes them readable."""

import math


def digits(value):
  """Three significant digits, no more: 1.23, 12.3, 123, 1,234."""
  if value == 0:
    return "0"
  # What is rounded up to the next decade has a digit less behind the point.
  value = float(f"{value:.3g}") if abs(value) < 1000 else value
  behind = max(0, 2 - math.floor(math.log10(abs(value))))
  return f"{value:,.{behind}f}"


def _scaled(value, steps):
  for size, name in steps:
    if abs(value) >= size:
      return f"{digits(value / size)} {name}"
  size, name = steps[-1]
  return f"{digits(value / size)} {name}"


SCALES = {
  "s": [(1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")],
  "bytes": [(1e9, "GB"), (1e6, "MB"), (1e3, "KB"), (1, "B")],
  "instructions": [(1e9, "G instr"), (1e6, "M instr"), (1e3, "k instr"), (1, "instr")],
  "/s": [(1e6, "M/s"), (1e3, "k/s"), (1, "/s")],
}


def text(value, unit):
  """A value of a unit: s, bytes, instructions, /s, %, or anything else, which is written behind the number."""
  if value is None:
    return "-"
  if unit in SCALES:
    return _scaled(value, SCALES[unit])
  if unit == "%":
    return f"{digits(value)} %"
  return f"{digits(value)} {unit}".strip()


def count(number):
  """10,000 as in prose."""
  return f"{number:,}"
