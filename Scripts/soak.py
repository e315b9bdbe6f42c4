#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Hours on end: does what runs all the time grow?

  Scripts/soak.py --minutes 60                 .build/release/connwatch; exit status 1 where something grew
  Scripts/soak.py --minutes 30 --csv soak.csv  and every measurement
  Scripts/soak.py --judge soak.csv             once more what an earlier run's measurements say

A mixed load (Tests/Scenes/mixed.py) runs in a network namespace of its own, and beside it two recorders (all sources; /proc alone),
the full screen in a terminal whose keys are pressed, and a reader that follows, as well as readers that come and go. The histories may have
a few megabytes, so that they are pruned all the time after the first minutes. Every ten seconds memory, descriptors, threads and the sizes of
the files are read. At the end the median of the last quarter is held against that of the second quarter; the first is for warming up. Needs root,
iproute2 and tmux.
"""

import argparse
import csv
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCENE = os.path.join(ROOT, "Tests", "Scenes", "mixed.py")
BINARY = os.path.join(ROOT, ".build", "release", "connwatch")
PACE = 10
# Growth from the second quarter to the last that is still called none.
ALLOWED = 0.05
# Bytes that the log may take: the recorder shortens it to 16 MB whenever no reader is in the way.
LOG = 32 << 20
KEYS = ("1", "2", "3", "4", "j", "j", "k", "NPage", "PPage", "s", "S", "p", "a", "a", "[", "[", "]", "n", "?", "Escape", "Enter", "Escape", "Space", "Space")
COLUMNS = ("seconds", "program", "rss_kb", "anonymous_kb", "pss_kb", "private_dirty_kb", "descriptors", "threads", "database_bytes", "log_bytes")


class SoakError(Exception):
  """Why there is no answer."""


def number(text, key):
  match = re.search(rf"^{key}:\s+(\d+)", text, re.M)
  return int(match[1]) if match else 0


def read(path):
  with open(path) as file:
    return file.read()


def size(path):
  try:
    return os.stat(path).st_size
  except FileNotFoundError:
    return 0


class Watched:
  """A program that is to run all the time."""

  def __init__(self, name, pid, database=None):
    self.name, self.pid, self.database = name, pid, database

  def measure(self, seconds):
    """A line of the table; proc_pid_status(5), and smaps_rollup of proc_pid_smaps(5)."""
    try:
      status, maps = (read(f"/proc/{self.pid}/{name}") for name in ("status", "smaps_rollup"))
      descriptors = len(os.listdir(f"/proc/{self.pid}/fd"))
    except (FileNotFoundError, ProcessLookupError):
      raise SoakError(f"{self.name} ended after {seconds:.0f} s")
    files = (size(self.database), size(self.database + "-wal")) if self.database else (0, 0)
    return dict(zip(COLUMNS, (
      round(seconds), self.name, number(status, "VmRSS"), number(status, "RssAnon"), number(maps, "Pss"),
      number(maps, "Private_Dirty"), descriptors, number(status, "Threads"), *files)))


class Soak:
  """What runs, from its start to its end."""

  def __init__(self, options, directory):
    self.options, self.directory = options, directory
    self.binary = os.path.abspath(options.binary)
    self.database = os.path.join(directory, "soak.db")
    self.tmux = ["tmux", "-S", os.path.join(directory, "tmux"), "-f", "/dev/null"]
    self.environment = {"PATH": os.environ["PATH"], "HOME": directory, "LANG": "C.UTF-8", "TZ": "UTC", "TERM": "xterm-256color"}
    self.running = []
    self.load = None
    self.passing = None
    self.turns = 0

  def start(self, words, out=subprocess.DEVNULL, **more):
    inside = ["nsenter", f"--net=/run/netns/{self.namespace}"] if words[0] != sys.executable else []
    errors = open(os.path.join(self.directory, "errors"), "ab")
    process = subprocess.Popen(
      inside + words, stdout=out, stderr=errors, env=self.environment, **{"stdin": subprocess.DEVNULL, **more})
    errors.close()
    self.running.append(process)
    return process

  def begin(self):
    """Starts everything; gives what is watched."""
    self.load = self.start(
      [sys.executable, SCENE, "--rate", str(self.options.rate)], out=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    line = self.load.stdout.readline()
    if not line:
      raise SoakError(f"no load: {self.complaints()}")
    self.namespace = json.loads(line)["netns"]
    other = os.path.join(self.directory, "proc.db")
    self.recorders = [
      self.start([self.binary, "record", "--db", self.database, "--max-size", self.options.max_size]),
      self.start([self.binary, "record", "--db", other, "--max-size", self.options.max_size, "--source", "proc", "--interval", "500ms"]),
    ]
    self.wait(lambda: size(self.database) and size(other), "a database")
    follower = self.start([self.binary, "events", "-f", "-a", "--db", self.database])
    live = f"exec {self.binary} live -a --db {self.database}"
    self.start([*self.tmux, "new-session", "-d", "-x", "150", "-y", "45", live]).wait()
    shown = self.wait(lambda: self.ask("list-panes", "-F", "#{pane_pid}"), "the screen")
    return [
      Watched("record", self.recorders[0].pid, self.database), Watched("record --source proc", self.recorders[1].pid, other),
      Watched("live", int(shown)), Watched("events -f", follower.pid),
    ]

  def wait(self, condition, what):
    for _ in range(200):
      if (value := condition()):
        return value
      time.sleep(0.1)
    raise SoakError(f"not within 20 s: {what}: {self.complaints()}")

  def ask(self, *words):
    return subprocess.run([*self.tmux, *words], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout.strip()

  def turn(self):
    """What goes on about once a second: a key, and readers that come and go."""
    self.turns += 1
    self.ask("send-keys", KEYS[self.turns % len(KEYS)])
    if self.turns % 30 == 1:
      if self.passing:
        self.passing.send_signal(signal.SIGTERM)
        self.passing.wait()
        self.running.remove(self.passing)
      self.passing = self.start([self.binary, "events", "-f", "--db", self.database])
    if self.turns % 20 == 7:
      words = (["services"], ["history", "--limit", "100"], ["list"], ["db", "info"])[self.turns // 20 % 4]
      done = self.start([self.binary, *words, "--db", self.database])
      if done.wait() != 0:
        raise SoakError(f"{words}: {done.returncode}: {self.complaints()}")
      self.running.remove(done)

  def check(self):
    """Ends the recorders, and asks what they left; gives the causes of gaps."""
    for recorder in self.recorders:
      recorder.send_signal(signal.SIGTERM)
      if recorder.wait(60) != 0:
        raise SoakError(f"a recorder ended with {recorder.returncode}: {self.complaints()}")
    causes = []
    for database in (self.database, os.path.join(self.directory, "proc.db")):
      if self.start([self.binary, "db", "check", "--db", database]).wait() != 0:
        raise SoakError(f"{database} is damaged: {self.complaints()}")
      gaps = subprocess.run(
        [self.binary, "events", "--json", "-q", "--db", database], env=self.environment, capture_output=True, text=True).stdout
      rows = [json.loads(line) for line in gaps.split("\n") if '"event":"gap"' in line]
      causes.append(len(rows))
    return causes

  def complaints(self):
    return read(os.path.join(self.directory, "errors"))[-2000:].strip()

  def end(self):
    self.ask("kill-server")
    for process in reversed(self.running):
      if process is self.load and process.stdin:
        process.stdin.close()
      elif process.poll() is None:
        process.terminate()
    for process in self.running:
      try:
        process.wait(30)
      except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run(options):
  """Runs the soak; gives the measurements."""
  if os.geteuid() != 0:
    raise SoakError("needs root, to make a network namespace")
  for tool in ("ip", "nsenter", "tmux"):
    if shutil.which(tool) is None:
      raise SoakError(f"needs {tool}")
  directory = tempfile.mkdtemp(prefix="connwatch-soak-")
  soak = Soak(options, directory)
  rows = []
  try:
    watched = soak.begin()
    start = time.monotonic()
    with open(options.csv, "w", newline="") as file:
      table = csv.DictWriter(file, COLUMNS)
      table.writeheader()
      turn = 0
      while (now := time.monotonic() - start) < options.minutes * 60:
        if now >= len(rows) / len(watched) * PACE:
          rows += (lines := [each.measure(now) for each in watched])
          table.writerows(lines)
          file.flush()
        soak.turn()
        turn += 1
        time.sleep(max(0, start + turn - time.monotonic()))
    gaps = soak.check()
    print(f"gaps told: {gaps[0]} and {gaps[1]}; complaints: {soak.complaints() or 'none'}")
  finally:
    soak.end()
    shutil.rmtree(directory, ignore_errors=True)
  return rows


def quarters(rows, key, of=statistics.median):
  """Medians of the second quarter and of the last, or what else of them."""
  count = len(rows)
  if count < 8:
    raise SoakError("too short: eight measurements at least")
  second, last = rows[count // 4 : count // 2], rows[count * 3 // 4 :]
  return tuple(of([int(row[key]) for row in part]) for part in (second, last))


def judge(rows):
  """Prints what there was, and gives what has grown."""
  failures = []
  print("| program | memory, 2nd quarter | last quarter | growth | private dirty | descriptors | threads | database | log, at most |")
  print("|---|---|---|---|---|---|---|---|---|")
  for name in dict.fromkeys(row["program"] for row in rows):
    own = [row for row in rows if row["program"] == name]
    before, after = quarters(own, "rss_kb")
    growth = after / before - 1
    dirty, dirty_after = quarters(own, "private_dirty_kb")
    # Files of /proc are opened and closed all the time: what leaks raises the fewest that there are at any time.
    open_before, open_after = quarters(own, "descriptors", min)
    threads, threads_after = quarters(own, "threads", min)
    file_before, file_after = quarters(own, "database_bytes")
    log = max(int(row["log_bytes"]) for row in own)
    if growth > ALLOWED:
      failures.append(f"{name}: memory grew by {growth:.1%}")
    for what, earlier, later in (("descriptors", open_before, open_after), ("threads", threads, threads_after)):
      if later > earlier:
        failures.append(f"{name}: {what} rose from {earlier:g} to {later:g}")
    if file_before and file_after / file_before - 1 > ALLOWED:
      failures.append(f"{name}: the database grew by {file_after / file_before - 1:.1%}")
    if log > LOG:
      failures.append(f"{name}: the log grew to {log / 1e6:.1f} MB")
    files = (f"{file_before / 1e6:.1f} → {file_after / 1e6:.1f} MB", f"{log / 1e6:.1f} MB") if file_before else ("", "")
    print(
      f"| `{name}` | {before / 1024:.1f} MB | {after / 1024:.1f} MB | {growth:+.1%} | {dirty / 1024:.1f} → {dirty_after / 1024:.1f} MB "
      f"| {open_before:g} → {open_after:g} | {threads:g} → {threads_after:g} | {files[0]} | {files[1]} |")
  return failures


def main():
  parser = argparse.ArgumentParser(description="Hours on end: does what runs all the time grow?")
  parser.add_argument("--minutes", type=float, default=60)
  parser.add_argument("--rate", type=float, default=1, help="how much load (default: 1)")
  parser.add_argument("--max-size", default="2M", help="what each history may use (default: 2M, which is full within the first minutes)")
  parser.add_argument("--binary", default=BINARY)
  parser.add_argument("--csv", default=os.path.join(ROOT, ".build", "soak.csv"))
  parser.add_argument("--judge", metavar="CSV", help="run nothing, judge these measurements")
  options = parser.parse_args()
  try:
    if options.judge:
      with open(options.judge, newline="") as file:
        rows = list(csv.DictReader(file))
    else:
      rows = run(options)
    failures = judge(rows)
  except (SoakError, OSError) as error:
    print(f"soak.py: {error}", file=sys.stderr)
    sys.exit(2)
  for failure in failures:
    print(f"soak.py: {failure}", file=sys.stderr)
  sys.exit(1 if failures else 0)


if __name__ == "__main__":
  signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
  main()
