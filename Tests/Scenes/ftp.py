#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""As much of FTP as it takes to have control and data connections (RFC 959), over loopback in a namespace of its own.

  ftp.py [--hold SECONDS] [--port PORT] PASSIVE ACTIVE

Starts a server, says {"event": "ready", "netns": ...}, and at a line on stdin fetches so many files, each by a data
connection of its own that stays open for a moment: a session of passive ones, and one of active ones from port 20. Then
it says {"event": "done"} with the ports of the client's ends, and holds until stdin ends.
"""

import argparse
import os
import socket
import sys
import threading
import time

import netns

HERE = "127.0.0.1"
SIZE = 5000


def numbers(port):
  return ",".join(HERE.split(".") + [str(port >> 8), str(port & 255)])


def port_of(text):
  high, low = text.strip("()\r\n").split(",")[4:]
  return int(high) * 256 + int(low)


def open_data(passive, target):
  if passive is not None:
    data = passive.accept()[0]
    passive.close()
    return data
  data = socket.socket()
  data.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
  data.bind((HERE, 20))
  data.connect((HERE, target))
  return data


def serve(control):
  file = control.makefile("rw", newline="\r\n")
  passive = target = None

  def answer(text):
    file.write(text + "\r\n")
    file.flush()

  answer("220 ready")
  for line in file:
    word, _, rest = line.strip().partition(" ")
    if word == "PASV":
      passive = socket.create_server((HERE, 0))
      answer(f"227 ({numbers(passive.getsockname()[1])})")
    elif word == "PORT":
      target = port_of(rest)
      answer("200 noted")
    elif word == "RETR":
      answer("150 here it comes")
      with open_data(passive, target) as data:
        data.sendall(b"x" * SIZE)
        # As long as the client wants it to last.
        data.recv(1)
      passive = None
      answer("226 done")
    elif word == "QUIT":
      answer("221 bye")
      control.close()
      return


def accept(listener):
  while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


def fetch(port, count, is_passive, hold):
  control = socket.create_connection((HERE, port))
  file = control.makefile("rw", newline="\r\n")
  ports = []

  def ask(text):
    file.write(text + "\r\n")
    file.flush()
    return file.readline()

  file.readline()
  for _ in range(count):
    if is_passive:
      there = port_of(ask("PASV").split(" ", 1)[1])
      ask("RETR file")
      data = socket.create_connection((HERE, there))
    else:
      listener = socket.create_server((HERE, 0))
      ask(f"PORT {numbers(listener.getsockname()[1])}")
      ask("RETR file")
      data = listener.accept()[0]
      listener.close()
    ports.append(data.getsockname()[1])
    # What is closed before it was read is reset.
    left = SIZE
    while left > 0:
      left -= len(data.recv(left))
    time.sleep(hold)
    data.close()
    file.readline()
  ask("QUIT")
  control.close()
  return ports


def main():
  parser = argparse.ArgumentParser(description="Fetches files by FTP over loopback, in a network namespace.")
  parser.add_argument("--hold", type=float, default=0, help="seconds that each data connection stays open")
  parser.add_argument("--port", type=int, default=21, help="the server's port")
  parser.add_argument("passive", type=int)
  parser.add_argument("active", type=int)
  options = parser.parse_args()
  with netns.own("ftp") as namespace:
    listener = socket.create_server((HERE, options.port), backlog=64)
    # The server is a process of its own, as it would be.
    child = os.fork()
    if child == 0:
      netns.die_with_parent()
      accept(listener)
    listener.close()
    netns.say(event="ready", netns=namespace.name, pid=os.getpid(), server=child)
    sys.stdin.readline()
    ports = fetch(options.port, options.passive, True, options.hold)
    ports += fetch(options.port, options.active, False, options.hold)
    netns.say(event="done", ports=ports)
    sys.stdin.readline()


if __name__ == "__main__":
  netns.main(main)
