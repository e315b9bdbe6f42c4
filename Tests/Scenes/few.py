#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""A few sockets of one kind, and nothing else, in a network namespace of its own.

  few.py KIND --exec -- CMD ...     run CMD in the namespace, exit with its status
  few.py KIND --hold 60             print one JSON line, then wait

  none            no socket at all: the tables are their headers
  mapped          a dual-stack listener on port 8082 and three IPv4 connections through it
  reuseport       four listeners on 127.0.0.1:9000 (SO_REUSEPORT), two connections to them
  udp_connected   three connected UDP sockets, one of them on a port that an unconnected one shares
"""

import argparse
import os
import socket
import sys

import netns


def none():
  return []


def mapped():
  listener = socket.create_server(("::", 8082), family=socket.AF_INET6, dualstack_ipv6=True)
  kept = [listener]
  for _ in range(3):
    kept.append(socket.create_connection(("127.0.0.1", 8082)))
    kept.append(listener.accept()[0])
  return kept


def reuseport():
  kept = [socket.create_server(("127.0.0.1", 9000), reuse_port=True) for _ in range(4)]
  # Which of the four gets a connection is the kernel's choice: these two stay in its queues.
  kept += [socket.create_connection(("127.0.0.1", 9000)) for _ in range(2)]
  return kept


def udp_connected():
  kept = []
  for remote in (("127.0.0.1", 53), ("127.0.0.1", 123)):
    kept.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    kept[-1].connect(remote)
  for remote in (None, ("127.0.0.1", 40000)):
    kept.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    kept[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept[-1].bind(("127.0.0.1", 4433))
    if remote:
      kept[-1].connect(remote)
  return kept


KINDS = {each.__name__: each for each in (none, mapped, reuseport, udp_connected)}


def main():
  parser = argparse.ArgumentParser(description="A few sockets of one kind, in a network namespace.")
  parser.add_argument("kind", choices=KINDS)
  mode = parser.add_mutually_exclusive_group(required=True)
  mode.add_argument("--hold", type=float, metavar="SECONDS", help="print one JSON line and wait (0: until stdin ends)")
  mode.add_argument("--exec", action="store_true", help="run the command after -- in the namespace")
  words, command = netns.split_command(sys.argv[1:])
  options = parser.parse_args(words)
  if options.exec != bool(command):
    parser.error("--exec takes a command after --, and nothing else does")

  with netns.own("few") as namespace:
    kept = KINDS[options.kind]()
    if options.exec:
      return netns.run_inside(command)
    netns.say(netns=namespace.name, pid=os.getpid(), sockets=len(kept))
    netns.hold(options.hold)


if __name__ == "__main__":
  netns.main(main)
