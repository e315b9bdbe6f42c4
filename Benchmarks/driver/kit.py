# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Asks benchkit, which measures within a process."""

import json

from . import process


def ask(bench, *words):
  """What benchkit answers, in the network namespace that the driver is in."""
  return json.loads(process.output([bench.benchkit, *map(str, words)]))


def run(bench, *words):
  """Lets benchkit do something that has no answer."""
  process.output([bench.benchkit, *map(str, words)])
