#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""A chosen number of sockets, and a chosen number of new connections a second, in a network namespace of its own.

  load.py --sockets 1000 --hold 60                        1,000 sockets that do nothing
  load.py --sockets 1000 --churn 50 --for 30 --hold 0     and 50 connections a second for 30 seconds
  load.py --sockets 100000 --exec -- CMD ...              run CMD in the namespace, exit with its status

Everything is on loopback, so both ends of a connection are counted: 1,000 sockets are some listeners and the two ends of
about 500 connections. Prints {"event": "ready", ...} when the steady sockets stand, and {"event": "churned", ...} after the churn.
"""

import argparse
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import netns

# Open files are often limited to 20,000 a process, for root too.
DESCRIPTORS = 15_000
# Services as a busy machine has them: so that a summary by service has something to say.
PORTS = (443, 80, 5432, 6379, 3306, 8080)


def steady(number, address):
  """In a child: opens exactly `number` sockets at `address`, says so, and holds them until the pipe closes."""
  listeners = [socket.create_server((address, port), backlog=4096) for port in PORTS[: max(1, min(len(PORTS), number // 8))]]
  # An odd one out is one more listener.
  while (number - len(listeners)) % 2:
    listeners.append(socket.create_server((address, 9000), backlog=16))
  kept = []
  for index in range((number - len(listeners)) // 2):
    listener = listeners[index % min(len(listeners), len(PORTS))]
    client = socket.socket()
    client.connect(listener.getsockname())
    server, _ = listener.accept()
    kept += client, server
  os.write(1, b"%d\n" % (len(listeners) + len(kept)))
  while os.read(0, 65536):
    pass


def churn_server(address, port):
  """In a child: accepts, reads what there is, and closes when the client has."""
  listener = socket.create_server((address, port), backlog=4096)
  listener.setblocking(False)
  poll = select.epoll()
  poll.register(listener, select.EPOLLIN)
  poll.register(0, select.EPOLLIN | select.EPOLLHUP)
  clients = {}
  os.write(1, b"1\n")
  while True:
    for fd, _ in poll.poll():
      if fd == 0:
        if not os.read(0, 65536):
          return
      elif fd == listener.fileno():
        try:
          while True:
            client, _ = listener.accept()
            client.setblocking(False)
            clients[client.fileno()] = client
            poll.register(client, select.EPOLLIN)
        except BlockingIOError:
          pass
      else:
        try:
          if clients[fd].recv(4096):
            continue
        except OSError:
          pass
        clients.pop(fd).close()


def churn_clients(address, port, rate, seconds, lifetime):
  """In a child: opens `rate` connections a second at an even pace, each closed (by us, first) after `lifetime`."""
  os.write(1, b"1\n")
  # The parent says when.
  os.read(0, 1)
  opened = failed = 0
  total = round(rate * seconds)
  live = []
  start = time.monotonic()
  while opened + failed < total or live:
    now = time.monotonic()
    while live and live[0][0] <= now:
      live.pop(0)[1].close()
    due = min(total, int((now - start) * rate) + 1) - opened - failed
    for _ in range(max(0, due)):
      try:
        sock = socket.create_connection((address, port), timeout=5)
        sock.sendall(b"x")
        live.append((time.monotonic() + lifetime, sock))
        opened += 1
      except OSError:
        failed += 1
    upcoming = [start + (opened + failed) / rate] if opened + failed < total else []
    if live:
      upcoming.append(live[0][0])
    if upcoming:
      time.sleep(max(0.0, min(upcoming) - time.monotonic()))
  os.write(1, b"%d %d %d\n" % (opened, failed, (time.monotonic() - start) * 1e6))


class Worker:
  """A process of the load: this file again, with a role of its own."""

  def __init__(self, *words):
    self.process = subprocess.Popen(
      [sys.executable, os.path.abspath(__file__), "--worker", *map(str, words)],
      stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=netns.die_with_parent)

  def answer(self):
    line = self.process.stdout.readline()
    if not line:
      raise netns.SceneError(f"a worker ended with status {self.process.wait()}")
    return [int(each) for each in line.split()]

  def go(self):
    os.write(self.process.stdin.fileno(), b"!")

  def end(self):
    self.process.kill()
    self.process.wait()


def worker(role, *words):
  # Only the parent is asked to stop; it ends us.
  signal.signal(signal.SIGINT, signal.SIG_IGN)
  if role == "steady":
    steady(int(words[0]), words[1])
  elif role == "server":
    churn_server(words[0], int(words[1]))
  else:
    churn_clients(words[0], int(words[1]), float(words[2]), float(words[3]), float(words[4]))


def main():
  parser = argparse.ArgumentParser(description="Many sockets, or many new ones a second, in a network namespace.")
  parser.add_argument("--sockets", type=int, default=0, metavar="N", help="steady sockets, 2 to 500,000")
  parser.add_argument("--churn", type=float, default=0, metavar="R", help="new connections a second (up to some thousands)")
  parser.add_argument("--for", type=float, default=10, dest="seconds", metavar="SECONDS", help="how long to churn")
  parser.add_argument("--lifetime", type=float, default=0.05, metavar="SECONDS", help="how long a churned connection lives")
  parser.add_argument("--here", action="store_true", help="use the namespace we are in (ip netns exec, unshare -n)")
  parser.add_argument("--hold", type=float, metavar="SECONDS", help="then wait (0: until stdin ends)")
  parser.add_argument("--exec", action="store_true", help="run the command after -- in the namespace, during any churn")
  words, command = netns.split_command(sys.argv[1:])
  options = parser.parse_args(words)
  if options.exec != bool(command):
    parser.error("--exec takes a command after --, and nothing else does")
  if options.exec and options.hold is not None:
    parser.error("--hold and --exec: choose one")
  if options.sockets and not 2 <= options.sockets <= 500_000:
    parser.error(f"--sockets {options.sockets}: 2 to 500000")
  if not options.sockets and not options.churn:
    parser.error("nothing to do: --sockets or --churn")

  netns.require_tools("ip")
  if not options.here:
    netns.require_root()
    netns.remove_leftovers()
  namespace, workers, clients, reporter = None, [], None, None
  try:
    if not options.here:
      namespace = netns.Namespace("load")
      namespace.enter()
      netns.sysctl("net.core.somaxconn", 4096)
    # Each worker has an address, and so the whole range of client ports, to itself.
    left, index = options.sockets, 0
    # Never a rest of one socket: a worker needs a listener and at least one more.
    count = -(-options.sockets // DESCRIPTORS)
    for index in range(count):
      share = left // (count - index)
      left -= share
      workers.append(Worker("steady", share, f"127.0.{index + 1}.1"))
    standing = sum(each.answer()[0] for each in workers)
    pids = [each.process.pid for each in workers]
    if options.churn:
      server = Worker("server", "127.0.0.1", 8000)
      workers.append(server)
      server.answer()
      clients = Worker("clients", "127.0.0.1", 8000, options.churn, options.seconds, options.lifetime)
      workers.append(clients)
      clients.answer()
      pids += [server.process.pid, clients.process.pid]
    netns.say(
      event="ready", netns=namespace.name if namespace else None, pid=os.getpid(), sockets=standing, pids=pids,
      churn=options.churn, churn_seconds=options.seconds if options.churn else 0)

    def report():
      try:
        opened, failed, micros = clients.answer()
      except netns.SceneError:
        return  # Ended before it was through.
      netns.say(event="churned", connections=opened, failed=failed, seconds=round(micros / 1e6, 3))

    if clients:
      clients.go()
      if options.exec or options.hold is not None:
        reporter = threading.Thread(target=report, daemon=True)
        reporter.start()
      else:
        report()
    if options.exec:
      return netns.run_inside(command)
    if options.hold is not None:
      netns.hold(options.hold)
  finally:
    for each in workers:
      each.end()
    if namespace:
      namespace.remove()


if __name__ == "__main__":
  if sys.argv[1:2] == ["--worker"]:
    worker(*sys.argv[2:])
  else:
    netns.main(main)
