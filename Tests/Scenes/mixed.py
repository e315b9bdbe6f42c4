#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""A bit of everything that sockets do, for as long as wanted, in a network namespace of its own.

  mixed.py                 until stdin ends
  mixed.py --hold 3600     an hour
  mixed.py --rate 0.5      half of everything

Short connections and long ones, of IPv4 and IPv6, closed by either end or reset; refused ones; UDP sockets, connected and not;
listeners that come and go; programs of ever new names that are handed a connection and replace themselves by another one. Prints
{"event": "ready", "netns": …}, and {"event": "done", …} with what there was of each.
"""

import argparse
import collections
import heapq
import os
import random
import select
import socket
import struct
import subprocess
import tempfile
import time

import netns

# A client's end stays for a minute: one address alone would run out of ports.
ADDRESSES = 64


class Mixed:
  """Things that are due, the earliest first."""

  def __init__(self, directory):
    self.due = []
    self.number = 0
    self.counts = collections.Counter()
    self.programs = []
    self.names = 0
    self.directory = directory
    self.listener = socket.create_server(("", 8000), backlog=4096)
    self.listener6 = socket.create_server(("::1", 8006), family=socket.AF_INET6, backlog=4096)

  def later(self, seconds, act):
    self.number += 1
    heapq.heappush(self.due, (time.monotonic() + seconds, self.number, act))

  def every(self, rate, act):
    """Does it so often a second, at moments of no pattern. What fails is counted."""

    def again():
      self.later(random.expovariate(rate), again)
      try:
        act()
        self.counts[act.__name__] += 1
      except OSError as error:
        self.counts[f"{act.__name__}: {error.strerror}"] += 1

    self.later(random.expovariate(rate), again)

  def run(self):
    while self.due and (left := self.due[0][0] - time.monotonic()) <= 0:
      heapq.heappop(self.due)[2]()
    return left

  def pair(self):
    """Both ends of a new connection."""
    if random.random() < 0.1:
      client = socket.create_connection(("::1", 8006))
      return client, self.listener6.accept()[0]
    client = socket.create_connection((f"127.200.0.{random.randint(1, ADDRESSES)}", 8000))
    return client, self.listener.accept()[0]

  def close(self, ends):
    """Either end first, or both at once and by force."""
    if random.random() < 0.1:
      for each in ends:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    for each in random.sample(ends, 2):
      each.close()

  def short(self):
    ends = self.pair()
    self.later(random.expovariate(20), lambda: self.close(ends))

  def long(self):
    ends = self.pair()
    ends[0].sendall(b"x" * random.randint(1, 2000))
    self.later(random.uniform(20, 240), lambda: self.close(ends))

  def refused(self):
    with socket.socket() as client:
      client.settimeout(1)
      if client.connect_ex(("127.0.0.1", random.randint(100, 900))) == 0:
        raise OSError(0, "somebody answered")

  def udp(self):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if random.random() < 0.5:
      sock.connect((f"127.0.0.{random.randint(1, 250)}", random.choice((53, 123, 514))))
    else:
      sock.bind(("127.0.0.1", 0))
    self.later(random.choice((0.05, 1, 10)), sock.close)

  def listening(self):
    sock = socket.create_server(("127.0.0.1", random.randint(10_000, 20_000)))
    self.later(random.uniform(0.2, 8), sock.close)

  def program(self):
    """A shell of a new name that holds a connection, becomes another program, and then is gone."""
    client, server = self.pair()
    self.names += 1
    name = f"{self.directory}/task{self.names}"
    os.symlink("/bin/sh", name)
    words = f"sleep {random.uniform(0.1, 2):.2f}; exec sleep {random.uniform(0.1, 8):.2f}"
    self.programs.append((subprocess.Popen([name, "-c", words], pass_fds=[client.fileno()]), server, name))
    client.close()

  def bury(self):
    for entry in self.programs[:]:
      process, server, name = entry
      if process.poll() is not None:
        server.close()
        os.unlink(name)
        self.programs.remove(entry)


def main():
  parser = argparse.ArgumentParser(description="A bit of everything that sockets do, in a network namespace.")
  parser.add_argument("--here", action="store_true", help="use the namespace we are in (nsenter --net, unshare -n)")
  parser.add_argument("--hold", type=float, default=0, metavar="SECONDS", help="how long (default: until stdin ends)")
  parser.add_argument("--rate", type=float, default=1, help="how much of everything (default: 1)")
  options = parser.parse_args()
  with netns.own("mixed", options.here) as namespace, tempfile.TemporaryDirectory(prefix="connwatch-mixed-") as directory:
    mixed = Mixed(directory)
    rates = [
      (150, mixed.short), (1.5, mixed.long), (5, mixed.refused), (15, mixed.udp), (2, mixed.listening), (2, mixed.program),
      (4, mixed.bury),
    ]
    for rate, act in rates:
      mixed.every(rate * options.rate, act)
    netns.say(event="ready", netns=namespace.name if namespace else None, pid=os.getpid())
    try:
      end = time.monotonic() + options.hold if options.hold else float("inf")
      while time.monotonic() < end:
        if select.select([0], [], [], max(0, min(mixed.run(), 1)))[0] and not options.hold and not os.read(0, 65536):
          break
    finally:
      for process, _, _ in mixed.programs:
        process.kill()
      netns.say(event="done", **mixed.counts)


if __name__ == "__main__":
  netns.main(main)
