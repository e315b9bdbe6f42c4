#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""A program that opens and closes sockets when it is told to, in a network namespace of its own.

  puppet.py           says {"event": "ready", "netns": …, "pid": …}, then does what each line of stdin says
  puppet.py --here    the same in the namespace one is in

Orders are JSON objects, one a line; each is answered with one, {"error": …} where it failed. Sockets are named by "key".

  {"do": "listen", "key": "web", "address": "127.0.0.1", "port": 8080}     "v6only": true or false for IPV6_V6ONLY
  {"do": "connect", "key": "a", "address": "127.0.0.1", "port": 8080}      "local_port" binds it first, "local_address" too; gives up after "timeout" s
  {"do": "accept", "key": "b", "from": "web"}
  {"do": "bind", "key": "d", "address": "127.0.0.1", "port": 4444}         a TCP socket that is bound and does not listen
  {"do": "udp", "key": "u", "address": "127.0.0.1", "port": 53}            "to_port" connects it
  {"do": "send", "key": "a", "bytes": 1000}                                its peer need not read them
  {"do": "close", "key": "a"}                                              "reset": true sends RST
  {"do": "name", "name": "any\\nthing"}                                     what ps calls this process
  {"do": "burst", "rounds": 5, "width": 300, "lifetime": 0.2}              opens so many, resets them all, again
  {"do": "churn", "rate": 100, "lifetime": 0.05}                           until {"do": "calm"}, at an even pace
  {"do": "sysctl", "name": "net.ipv4.tcp_max_tw_buckets", "value": 50}
"""

import argparse
import json
import os
import socket
import struct
import sys
import threading
import time

import netns


class Puppet:
  def __init__(self):
    self.sockets = {}
    self.churner = None
    self.is_calm = threading.Event()

  def keep(self, key, sock):
    self.sockets[key] = sock
    here = sock.getsockname()
    answer = {"key": key, "address": here[0], "port": here[1], "inode": os.fstat(sock.fileno()).st_ino}
    try:
      there = sock.getpeername()
      answer.update(remote=there[0], remote_port=there[1])
    except OSError:
      pass
    return answer

  def make(self, order, kind):
    family = socket.AF_INET6 if ":" in order.get("address", "") else socket.AF_INET
    sock = socket.socket(family, kind)
    if kind == socket.SOCK_STREAM:
      sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if "v6only" in order:
      sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(order["v6only"]))
    return sock

  def listen(self, order):
    sock = self.make(order, socket.SOCK_STREAM)
    sock.bind((order.get("address", "127.0.0.1"), order.get("port", 0)))
    sock.listen(4096)
    return self.keep(order["key"], sock)

  def bind(self, order):
    sock = self.make(order, socket.SOCK_STREAM)
    sock.bind((order.get("address", "127.0.0.1"), order.get("port", 0)))
    return self.keep(order["key"], sock)

  def connect(self, order):
    sock = self.make(order, socket.SOCK_STREAM)
    if "local_port" in order:
      sock.bind((order.get("local_address", ""), order["local_port"]))
    sock.settimeout(order.get("timeout", 5))
    sock.connect((order.get("address", "127.0.0.1"), order["port"]))
    return self.keep(order["key"], sock)

  def accept(self, order):
    self.sockets[order["from"]].settimeout(5)
    return self.keep(order["key"], self.sockets[order["from"]].accept()[0])

  def send(self, order):
    self.sockets[order["key"]].sendall(b"x" * order["bytes"])
    return {"key": order["key"]}

  def udp(self, order):
    sock = self.make(order, socket.SOCK_DGRAM)
    sock.bind((order.get("address", "127.0.0.1"), order.get("port", 0)))
    if "to_port" in order:
      sock.connect((order.get("address", "127.0.0.1"), order["to_port"]))
    return self.keep(order["key"], sock)

  def close(self, order):
    sock = self.sockets.pop(order["key"])
    if order.get("reset"):
      self.reset(sock)
    else:
      sock.close()
    return {"key": order["key"]}

  @staticmethod
  def reset(sock):
    # Closing with a linger time of 0 sends RST, and leaves no TIME_WAIT.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()

  def name(self, order):
    netns.name_process(order["name"])
    return {}

  def burst(self, order):
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    for _ in range(order.get("rounds", 1)):
      ends = []
      for _ in range(order.get("width", 100)):
        ends.append(socket.create_connection(listener.getsockname()))
        ends.append(listener.accept()[0])
      time.sleep(order.get("lifetime", 0.2))
      for each in ends:
        self.reset(each)
    listener.close()
    return {"connections": order.get("rounds", 1) * order.get("width", 100)}

  def churn(self, order):
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    rate, lifetime = order["rate"], order.get("lifetime", 0.05)
    self.is_calm.clear()

    def work():
      start, count, alive = time.monotonic(), 0, []
      while not self.is_calm.is_set():
        now = time.monotonic()
        while alive and alive[0][0] <= now:
          for each in alive.pop(0)[1:]:
            each.close()
        if count < (now - start) * rate:
          count += 1
          client = socket.create_connection(listener.getsockname())
          alive.append((now + lifetime, client, listener.accept()[0]))
        else:
          self.is_calm.wait(min(1 / rate, lifetime) / 2)

    self.churner = threading.Thread(target=work, daemon=True)
    self.churner.start()
    return {"port": listener.getsockname()[1]}

  def calm(self, order):
    self.is_calm.set()
    self.churner.join()
    return {}

  def sysctl(self, order):
    netns.sysctl(order["name"], order["value"])
    return {}

  def obey(self, line):
    try:
      order = json.loads(line)
      orders = ("listen", "bind", "connect", "accept", "send", "udp", "close", "name", "burst", "churn", "calm", "sysctl")
      if order.get("do") not in orders:
        raise ValueError(f"do: one of {', '.join(orders)}")
      return getattr(self, order["do"])(order)
    except (OSError, ValueError, KeyError) as error:
      return {"error": f"{type(error).__name__}: {error}"}


def main():
  parser = argparse.ArgumentParser(description="Opens and closes sockets when told to, in a network namespace.")
  parser.add_argument("--here", action="store_true", help="use the namespace we are in (nsenter --net, unshare -n)")
  options = parser.parse_args()
  with netns.own("puppet", options.here) as namespace:
    puppet = Puppet()
    netns.say(event="ready", netns=namespace.name if namespace else None, pid=os.getpid())
    for line in sys.stdin:
      netns.say(**puppet.obey(line))


if __name__ == "__main__":
  netns.main(main)
