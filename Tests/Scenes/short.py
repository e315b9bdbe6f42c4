#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Connections too short to be sampled, one after another, in a network namespace of its own.

  short.py KIND     says {"event": "ready", "netns": …, "pid": …}, and begins when a line comes on stdin

  programs          each by a client program of its own, which connects, sends 5 bytes, reads 7, and is gone; a server
                    that outlives them all closes after them
  churn             for --for seconds as fast as --workers processes can, with a server process for each
  refused           attempts at a port where nobody listens
  udp               connected sockets that send one question and read its answer, as of DNS

Each connection is told with one line, {"port": …, "pid": …, "program": …}, `pid` being its client's; but those of churn, which
are only counted. The last line is {"event": "done", "connections": …, "seconds": …}. Then it waits until stdin ends.
"""

import argparse
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import netns

ADDRESS = "127.0.0.1"
QUESTION, ANSWER = b"12345", b"1234567"
# A shell starts in a millisecond or two, an interpreter of another language takes twenty.
CLIENT = f"exec 3<>/dev/tcp/$0/$1; printf {QUESTION.decode()} >&3; read -r -N {len(ANSWER)} -u 3"


def serve(listener, accepted):
  """Answers one connection after another, and closes each after its client has. Gives their ports to `accepted`."""
  while True:
    connection, peer = listener.accept()
    with connection:
      while connection.recv(64):
        connection.sendall(ANSWER)
    accepted(peer[1])


def programs(options):
  ports, closed = [], threading.Semaphore(0)

  def accepted(port):
    ports.append(port)
    closed.release()

  listener = socket.create_server((ADDRESS, options.port), backlog=64)
  with tempfile.TemporaryDirectory() as directory:
    os.chmod(directory, 0o755)
    # Programs of several names, which must not be taken for each other.
    paths = [shutil.copy(shutil.which("bash"), f"{directory}/client-{n}") for n in range(options.names)]
    yield
    threading.Thread(target=serve, args=(listener, accepted), daemon=True).start()
    for number in range(options.count):
      path = paths[number % len(paths)]
      client = subprocess.Popen(
        [path, "-c", CLIENT, ADDRESS, str(options.port)], stdin=subprocess.DEVNULL, env={})
      if client.wait() != 0 or not closed.acquire(timeout=5):
        raise netns.SceneError(f"client {number} did not connect")
      netns.say(port=ports[-1], pid=client.pid, program=path)
  return options.count


def churn(options):
  """Client processes that do nothing else; what they count goes through a pipe each."""
  listeners = [socket.create_server((ADDRESS, options.port + n), backlog=1024) for n in range(options.workers)]
  yield
  children, pipes = [], []
  for listener in listeners:
    children.append(fork(lambda: serve(listener, lambda port: None)))
    read, write = os.pipe()
    pipes.append(read)
    children.append(fork(lambda: os.write(write, str(connect_until(listener, options.seconds)).encode())))
    os.close(write)
  count = sum(int(os.read(pipe, 64)) for pipe in pipes)
  for child in children:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
  return count


def connect_until(listener, seconds):
  count, end, address = 0, time.monotonic() + seconds, listener.getsockname()
  while time.monotonic() < end:
    try:
      connection = socket.create_connection(address)
    except OSError as error:
      # Every client port is in TIME_WAIT: that was no opening.
      if error.errno != 99:
        raise
      time.sleep(0.01)
      continue
    connection.close()
    count += 1
  return count


def fork(work):
  child = os.fork()
  if child:
    return child
  for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(each, signal.SIG_DFL)
  netns.die_with_parent()
  work()
  os._exit(0)


def refused(options):
  yield
  for _ in range(options.count):
    with socket.socket() as attempt:
      if attempt.connect_ex((ADDRESS, options.port)) == 0:
        raise netns.SceneError(f"somebody listens at {options.port}")
      # It lost its address with the attempt, but not the port.
      netns.say(port=attempt.getsockname()[1], pid=os.getpid(), program=sys.executable)
  return options.count


def udp(options):
  server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
  server.bind((ADDRESS, options.port))
  yield
  for _ in range(options.count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
      client.connect((ADDRESS, options.port))
      client.send(QUESTION)
      server.sendto(ANSWER, server.recvfrom(64)[1])
      client.recv(64)
      netns.say(port=client.getsockname()[1], pid=os.getpid(), program=sys.executable)
  return options.count


KINDS = {each.__name__: each for each in (programs, churn, refused, udp)}


def main():
  parser = argparse.ArgumentParser(description="Short-lived connections, in a network namespace.")
  parser.add_argument("kind", choices=KINDS)
  parser.add_argument("--count", type=int, default=1000, help="how many")
  parser.add_argument("--port", type=int, default=8080, help="the server's port; churn has one for each worker")
  parser.add_argument("--names", type=int, default=5, help="how many client programs of different names there are")
  parser.add_argument("--for", type=float, default=3, dest="seconds", help="churn: for so many seconds")
  parser.add_argument("--workers", type=int, default=2, help="churn: so many client processes")
  parser.add_argument("--here", action="store_true", help="use the namespace we are in (nsenter --net, unshare -n)")
  options = parser.parse_args()

  with netns.own("short", options.here) as namespace:
    if options.kind == "programs":
      netns.require_tools("bash")
    scene = KINDS[options.kind](options)
    next(scene)
    netns.say(event="ready", netns=namespace.name if namespace else None, pid=os.getpid())
    if not sys.stdin.readline():
      return
    start = time.monotonic()
    try:
      next(scene)
    except StopIteration as end:
      netns.say(event="done", connections=end.value, seconds=round(time.monotonic() - start, 3))
    netns.hold(0)


if __name__ == "__main__":
  netns.main(main)
