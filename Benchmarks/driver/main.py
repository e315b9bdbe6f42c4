# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line: which groups, in which form, and a clean end whatever happens."""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile

from . import frame, groups, machine, page, process, table
from .line import Failed, Skip, skipped


class Ended(BaseException):
  """SIGINT or SIGTERM: unwinds to the cleanup."""


def _end_on_signals():
  def handler(number, _):
    # A second one in the middle of the cleanup must not leave half of it undone.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
      signal.signal(each, signal.SIG_IGN)
    raise Ended(number)

  for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, handler)


def _options(words):
  parser = argparse.ArgumentParser(
    prog="make bench ARGS=…",
    description="Measures connwatch beside its peers and its budgets, and prints one table. Exits with 0 also where a budget is "
    "not met, and with 2 where something could not be measured that should have been.")
  parser.add_argument("--only", metavar="GROUP", action="append", help="this group alone; may be given several times")
  parser.add_argument("--list", action="store_true", help="what there is to measure")
  parser.add_argument("--quick", action="store_true", help="a short form: less time, no large loads")
  parser.add_argument("--json", action="store_true", help="one object: the machine, every line, every sample")
  parser.add_argument("--markdown", action="store_true", help="the tables of docs/PERFORMANCE.md")
  parser.add_argument("--renew-docs", action="store_true", help="put tables and charts into docs/ as well")
  parser.add_argument("--charts", metavar="DIR", help="where charts go (Benchmarks/.build/charts)")
  parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
  options = parser.parse_args(words)
  known = [each.NAME for each in groups.ALL]
  for name in options.only or []:
    if name not in known:
      parser.error(f"--only {name}: there are {', '.join(known)}")
  return options


def _list():
  for each in groups.ALL:
    print(f"{each.NAME:<10} {each.TITLE} (about {each.SECONDS} s)")
    for what in each.LINES:
      print(f"{'':<12} {what}")


def _measure(bench, chosen):
  """Every line of the chosen groups, and what failed."""
  lines, failures = [], []
  for group in chosen:
    bench.group = group.NAME
    before = len(lines)
    try:
      for line in group.run(bench):
        line.group = group.NAME
        lines.append(line)
    except Skip as why:
      for what in group.LINES if len(lines) == before else ["the rest"]:
        line = skipped(what, why)
        line.group = group.NAME
        lines.append(line)
    except Failed as why:
      failures.append(f"{group.NAME}: {why}")
      print(f"bench: {group.NAME}: {why}", file=sys.stderr)
  return lines, failures


def main():
  options = _options(sys.argv[1:])
  if options.list:
    _list()
    return 0
  chosen = [each for each in groups.ALL if not options.only or each.NAME in options.only]
  root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
  _end_on_signals()
  temporary = tempfile.mkdtemp(prefix="connwatch-bench-")
  try:
    charts = os.path.join(root, "docs") if options.renew_docs else options.charts
    bench = frame.Bench(root, temporary, quick=options.quick, quiet=options.quiet, charts=charts)
    for needed in (bench.connwatch, bench.benchkit, bench.benchload, bench.make_history):
      if not os.access(needed, os.X_OK):
        print(f"bench: {needed} is missing (make bench builds it)", file=sys.stderr)
        return 2
    facts = machine.facts(bench)
    lines, failures = _measure(bench, chosen)
  except Ended as ended:
    return 128 + ended.args[0]
  except Failed as why:
    print(f"bench: {why}", file=sys.stderr)
    return 2
  finally:
    process.end_all()
    shutil.rmtree(temporary, ignore_errors=True)
  names = [(each.NAME, each.TITLE) for each in chosen]
  if options.renew_docs:
    page.renew(os.path.join(root, "docs/PERFORMANCE.md"), facts, names, lines)
  if options.json:
    report = {
      "connwatch_benchmark": 1, "machine": facts, "quick": options.quick,
      "groups": [{"name": name, "title": title} for name, title in names],
      "lines": [line.fields() for line in lines], "failures": failures,
    }
    print(json.dumps(report, ensure_ascii=False, indent=1))
  elif options.markdown:
    print(page.text(facts, names, lines))
  else:
    print(f"{machine.sentence(facts)}\n")
    print(table.for_terminal(names, lines))
    print(f"\n{table.summary(lines)}")
    for failure in failures:
      print(f"failed: {failure}")
  return 2 if failures else 0
