#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Guards against getting slower: the instructions of fixed work, counted by callgrind, beside those of instructions.json.

`make guard` says which work takes over a tenth more than it did, and exits with 1 then. `make guard ARGS=--record` writes
down the counts of now: do that where more work is meant, or a new Swift makes other code.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

from driver import machine, peers, workloads
from driver.line import Failed, Skip

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, "instructions.json")
MARGIN = 0.10


def circumstances():
  """What the counts depend on beside the code: the compiler, and the libraries that are linked to."""
  swift = None
  if shutil.which("swift"):
    said = subprocess.run(["swift", "--version"], capture_output=True, text=True).stdout
    found = re.search(r"Swift version (\S+)", said)
    swift = found[1] if found else None
  return {"architecture": platform.machine(), "distribution": machine.distribution(), "swift": swift}


def difference(before, now):
  """Why the counts of another machine do not compare with these, None where they do."""
  # Where there is no compiler the binary is taken as it is.
  unlike = [f"{key} {now[key]}, not {before[key]}" for key in before if now[key] is not None and now[key] != before[key]]
  return "; ".join(unlike) or None


def count():
  """The instructions of each workload."""
  root = os.path.dirname(HERE)
  scratch = tempfile.mkdtemp(prefix="connwatch-guard-")
  try:
    products = os.path.join(HERE, ".build/release")
    work = workloads.Workloads(
      os.path.join(root, ".build/release/connwatch"), os.path.join(products, "benchkit"), os.path.join(products, "make-history"), scratch)
    return {name: measure() for name, measure in work.all.items()}
  finally:
    shutil.rmtree(scratch, ignore_errors=True)


def compare(recorded, counted, unlike):
  """Prints a line for each, and gives the exit status."""
  worse = []
  for name, now in counted.items():
    before = recorded.get(name)
    if before is None:
      print(f"  {name:<40} {now:>14,}  new: make guard ARGS=--record")
      continue
    change = now / before - 1
    remark = ""
    if change > MARGIN:
      remark = "  WORSE"
      worse.append(name)
    elif change < -MARGIN:
      remark = "  better: make guard ARGS=--record keeps it so"
    print(f"  {name:<40} {now:>14,}  {change:+7.1%}{remark}")
  if not worse:
    return 0
  if unlike:
    print(f"guard: these counts are for information: {unlike}")
    return 0
  print(
    f"guard: over {MARGIN:.0%} more instructions than recorded: {'; '.join(worse)}\n"
    "guard: where that is meant, make guard ARGS=--record writes down the new counts", file=sys.stderr)
  return 1


def main():
  parser = argparse.ArgumentParser(prog="make guard ARGS=…", description="Counts the instructions of fixed work.")
  parser.add_argument("--record", action="store_true", help="write the counts to Benchmarks/instructions.json")
  options = parser.parse_args()
  try:
    for tool in ("valgrind", "strip"):
      peers.path(tool)
    print("guard: counting instructions", flush=True)
    counted = count()
  except Skip as why:
    print(f"guard: skipped: {why}")
    return 0
  except Failed as why:
    print(f"guard: {why}", file=sys.stderr)
    return 2
  here = circumstances()
  if options.record:
    with open(RECORDED, "w") as file:
      json.dump({"made_with": here, "instructions": counted}, file, ensure_ascii=False, indent=2)
      file.write("\n")
    print("\n".join(f"  {name:<40} {number:>14,}" for name, number in counted.items()))
    return 0
  with open(RECORDED) as file:
    recorded = json.load(file)
  return compare(recorded["instructions"], counted, difference(recorded["made_with"], here))


if __name__ == "__main__":
  sys.exit(main())
