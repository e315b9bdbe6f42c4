#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Renews the output in docs/QUESTIONS.md: plays each scene that the page names, and runs the page's own commands in it.

  Scripts/questions.py             renews the page with .build/release/connwatch, or the debug build where that is newer
  Scripts/questions.py --check     runs everything, writes nothing, and says which commands failed

A block of the page is renewed where a comment before it says which scene it is of, and on which machine:

  <!-- firewall.py: laptop1 -->    in Tests/Scenes, with the scene's options before the colon if it needs any
  <!-- policy.py: server, widen -->    after telling the scene that word, and giving the recorder time to see what it did
  <!-- here -->                    on a machine of its own, where nothing is recorded

Lines that begin with `$ ` are commands; whatever else is in the block is replaced by what they print. Blocks of one scene that
follow each other share one run of it, from top to bottom. Commands run in a directory of their own in which there is, besides what they write, scan.txt (the list
that nmap made, of scan.py) and netstat.txt (Tests/Fixtures/questions). It needs root and overlayfs: servers that are only unpacked for the tests
(.build/servers) are laid over /usr, in a mount namespace of our own, so that the page has the paths that they have where they are installed.
"""

import argparse
import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, "docs", "QUESTIONS.md")
SERVERS = os.path.join(ROOT, ".build", "servers")
FIXTURES = os.path.join(ROOT, "Tests", "Fixtures", "questions")
INSIDE = "CONNWATCH_QUESTIONS_INSIDE"
# Recorders are given so long to see what was done.
SETTLE = 2.5
BLOCK = re.compile(r"<!-- (?P<what>[^>]*?) -->\n```console\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


class QuestionError(Exception):
  """Why the page cannot be renewed."""


class Place:
  """Where the commands of a block run."""

  def __init__(self, binary):
    self.directory = tempfile.mkdtemp(prefix="connwatch-questions-")
    self.environment = {
      "PATH": f"{os.path.dirname(binary)}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": self.directory, "LANG": "C.UTF-8", "TZ": "UTC",
      "CONNWATCH_DB": "connwatch.db",
    }
    for name in os.listdir(FIXTURES):
      shutil.copy(os.path.join(FIXTURES, name), self.directory)

  def database(self, role):
    return os.path.join(self.directory, f"{role}.db")

  def run(self, command, namespace=None, role=None):
    """A command as one types it; what it prints, and its status."""
    place = ["nsenter", f"--net=/run/netns/{namespace}"] if namespace else ["unshare", "--net"]
    words = place + ["sh", "-c", f'sudo() {{ "$@"; }}\n{command}']
    environment = dict(self.environment, CONNWATCH_DB=self.database(role)) if role else self.environment
    done = subprocess.run(
      words, cwd=self.directory, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
      timeout=120)
    return done.stdout, done.returncode

  def close(self):
    shutil.rmtree(self.directory, ignore_errors=True)


class Scene:
  """A scene that is played, recorded and held."""

  def __init__(self, title, binary):
    self.place = Place(binary)
    self.title = title
    self.words = words = shlex.split(title)
    record = shlex.join([binary, "record", "--quiet", "--db", self.place.database("{role}")])
    self.errors = open(os.path.join(self.place.directory, "scene.err"), "w+")
    self.child = subprocess.Popen(
      # The system's own Python, as the paths of programs are part of the page.
      ["/usr/bin/python3", os.path.join(ROOT, "Tests/Scenes", words[0]), *words[1:], "--settle", str(SETTLE), "--hold", "0", "--record", record],
      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True)
    ready = self.await_event("ready")
    self.machines = ready["machines"]
    self.is_told = words[0] == "policy.py"
    if self.is_told:
      self.await_event("recorder_started")
      time.sleep(2 * SETTLE)
    else:
      self.await_event("done")

  def await_event(self, *events):
    for line in self.child.stdout:
      said = json.loads(line)
      if said["event"] == "scanned":
        with open(os.path.join(self.place.directory, "scan.txt"), "w") as file:
          file.write("\n".join(said["lines"]) + "\n")
      if said["event"] in events:
        return said
    self.errors.seek(0)
    raise QuestionError(f"{self.title} ended with status {self.child.wait()}: {self.errors.read().strip()}")

  def tell(self, order):
    self.child.stdin.write(order + "\n")
    self.child.stdin.flush()
    self.await_event(order)
    time.sleep(SETTLE)

  def end(self):
    self.child.stdin.close()
    said = self.child.stdout.read().strip()
    status = self.child.wait()
    self.errors.seek(0)
    errors = self.errors.read().strip()
    self.errors.close()
    self.place.close()
    if status != 0:
      raise QuestionError(f"{self.title} ended with status {status}: {said}\n{errors}")


def answers(text, run):
  """A block's commands with what they print, and those that failed. One that goes on with `; echo $?` tells its status itself."""
  out, failed = [], []
  for command in (line[2:] for line in text.splitlines() if line.startswith("$ ")):
    printed, status = run(command)
    if status != 0:
      failed.append(f"{command}: status {status}: {printed.strip()}")
    out.append(f"$ {command}\n" + "".join(line.rstrip() + "\n" for line in printed.splitlines()))
  return "".join(out), failed


def renewed(page, binary):
  """The page with new output, and what failed."""
  failed, playing = [], []

  def end():
    while playing:
      try:
        playing.pop().end()
      except QuestionError as error:
        failed.append(str(error))

  def play(words):
    if not playing or playing[0].title != words:
      end()
      print(f"questions: {words}", file=sys.stderr)
      playing.append(Scene(words, binary))
    return playing[0]

  def renew(block):
    what = block["what"]
    if what == "here":
      place = Place(binary)
      with contextlib.closing(place):
        text, wrong = answers(block["text"], place.run)
    else:
      words, _, where = what.partition(":")
      role, *orders = [each.strip() for each in where.split(",")]
      scene = play(words)
      for order in orders:
        scene.tell(order)
      text, wrong = answers(block["text"], lambda command: scene.place.run(command, scene.machines[role], role))
    failed.extend(wrong)
    return f"<!-- {what} -->\n```console\n{text}```"

  try:
    return BLOCK.sub(renew, page), failed
  finally:
    end()


def binary():
  """The newest build."""
  built = [os.path.join(ROOT, ".build", kind, "connwatch") for kind in ("release", "debug")]
  built = [each for each in built if os.access(each, os.X_OK)]
  if not built:
    raise QuestionError("no connwatch is built (make)")
  return max(built, key=os.path.getmtime)


def main():
  parser = argparse.ArgumentParser(description="Renews the output in docs/QUESTIONS.md.")
  parser.add_argument("--check", action="store_true", help="write nothing")
  parser.add_argument("--connwatch", metavar="PATH", help="the program to run (default: the newest build)")
  options = parser.parse_args()
  if os.geteuid() != 0:
    raise QuestionError("needs root, to make network namespaces")
  if os.path.isdir(SERVERS) and INSIDE not in os.environ:
    os.environ[INSIDE] = "1"
    overlay = f"mount -t overlay overlay -o {shlex.quote(f'lowerdir={SERVERS}/usr:/usr')} /usr && exec \"$@\""
    os.execvp("unshare", ["unshare", "--mount", "sh", "-c", overlay, "sh", sys.executable, os.path.abspath(__file__), *sys.argv[1:]])
  with open(PAGE) as file:
    page = file.read()
  new, failed = renewed(page, os.path.abspath(options.connwatch or binary()))
  for each in failed:
    print(f"questions: {each}", file=sys.stderr)
  if not options.check:
    with open(PAGE, "w") as file:
      file.write(new)
  return 2 if failed else 0


if __name__ == "__main__":
  try:
    sys.exit(main())
  except (QuestionError, OSError) as error:
    print(f"questions: {error}", file=sys.stderr)
    sys.exit(2)
