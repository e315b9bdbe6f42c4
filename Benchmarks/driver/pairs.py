# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Measurements in turns: A B A B …, so that what disturbs the machine disturbs both, and medians of the pairs' ratios."""

import statistics
import time

median = statistics.median


def turns(measures, seconds, least=3, most=41):
  """Runs each measure once a round, the order turned each time, until `seconds` have passed or there were `most` rounds.

  The first round warms up and does not count, unless it alone takes longer than all should. `measures` is a dictionary of
  functions that each give a number. Gives the samples in the same keys, of equal length.
  """
  names = list(measures)
  samples = {name: [] for name in names}
  begun = time.monotonic()
  for name in names:
    samples[name].append(measures[name]())
  end = time.monotonic() + seconds
  if time.monotonic() - begun < seconds:
    samples = {name: [] for name in names}
  rounds = len(samples[names[0]])
  while rounds < least or (time.monotonic() < end and rounds < most):
    first = rounds % len(names)
    for name in names[first:] + names[:first]:
      samples[name].append(measures[name]())
    rounds += 1
  return samples


def ratio(ours, theirs):
  """The median of the pairs' ratios."""
  return median([one / other for one, other in zip(ours, theirs) if other > 0])
