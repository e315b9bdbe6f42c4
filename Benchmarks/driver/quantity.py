# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Figures as text: three digits, and the unit that makes them readable."""


def digits(value):
  """Three significant digits, no more."""
  if value == 0:
    return "0"
  magnitude = abs(value)
  if magnitude >= 100:
    return f"{value:,.0f}"
  if magnitude >= 10:
    return f"{value:.1f}"
  if magnitude >= 1:
    return f"{value:.2f}"
  return f"{value:.3g}"


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
