#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Every TCP and UDP state there is, at once, in a network namespace of its own.

  all_states.py --hold 60           print one JSON line when all is in place, then wait
  all_states.py --exec -- CMD ...   run CMD in the namespace, exit with its status
  all_states.py --check             compare with ss and exit (0 all there, 2 not)
"""

import argparse
import collections
import os
import socket
import struct
import subprocess
import sys
import time

import netns
from fakepeer import FakePeer, open_tun

TCP_STATES = {
  1: "ESTABLISHED", 2: "SYN_SENT", 3: "SYN_RECV", 4: "FIN_WAIT1", 5: "FIN_WAIT2", 6: "TIME_WAIT", 7: "CLOSE",
  8: "CLOSE_WAIT", 9: "LAST_ACK", 10: "LISTEN", 11: "CLOSING", 12: "SYN_RECV",
}
UDP_STATES = {1: "ESTABLISHED", 7: "UNCONN"}
# What ss calls them.
SS_STATES = {
  "ESTAB": "ESTABLISHED", "SYN-SENT": "SYN_SENT", "SYN-RECV": "SYN_RECV", "FIN-WAIT-1": "FIN_WAIT1",
  "FIN-WAIT-2": "FIN_WAIT2", "TIME-WAIT": "TIME_WAIT", "CLOSE-WAIT": "CLOSE_WAIT", "LAST-ACK": "LAST_ACK",
}

HOST4, PEER4, SILENT4 = "10.90.0.1", "10.90.0.2", "10.90.0.9"
HOST6, PEER6, SILENT6 = "fd90::1", "fd90::2", "fd90::9"
POLITE, NO_FIN_ACK, SILENT = 443, 8443, 25
NOBODY = 65534


def plain(address):
  """An address as connwatch writes it: a v4-mapped one as IPv4, no zone."""
  address = address.split("%")[0]
  return address[7:] if address.startswith("::ffff:") and "." in address else address


def tcp_state(sock):
  return TCP_STATES[sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]]


def await_state(sock, state):
  end = time.monotonic() + 5
  while tcp_state(sock) != state:
    if time.monotonic() > end:
      raise netns.SceneError(f"a socket is {tcp_state(sock)} and should be {state}")
    time.sleep(0.002)


class Scene:
  def __init__(self):
    self.expected = []
    self.kept = []
    self.holders = []
    self.refreshed = time.monotonic()

  # What the tables should hold.

  def expect(self, sock, state, held=True, local=None, remote=None, pids=None):
    """Notes the row of `sock`, and keeps the socket open as long as the scene if it is `held`."""
    inode, uid = 0, None
    if sock is not None:
      family = sock.family
      proto = "tcp" if sock.type == socket.SOCK_STREAM else "udp"
      local = local or sock.getsockname()[:2]
      if remote is None:
        try:
          remote = sock.getpeername()[:2]
        except OSError:
          remote = None
      if held:
        info = os.fstat(sock.fileno())
        inode, uid = info.st_ino, info.st_uid
        self.kept.append(sock)
    else:
      family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
      proto = "tcp"
    remote = remote or ("::" if family == socket.AF_INET6 else "0.0.0.0", 0)
    self.expected.append({
      "proto": proto + ("6" if family == socket.AF_INET6 else ""),
      "state": state,
      "local": plain(local[0]), "local_port": local[1],
      "remote": plain(remote[0]), "remote_port": remote[1],
      "inode": inode, "uid": uid,
      "pids": (pids or [os.getpid()]) if held else [],
    })
    return sock

  # Small pieces.

  def listener(self, address, options=(), backlog=16, expect=True):
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for level, name, value in options:
      sock.setsockopt(level, name, value)
    sock.bind(address)
    sock.listen(backlog)
    return self.expect(sock, "LISTEN") if expect else sock

  def connect(self, remote, local=None):
    family = socket.AF_INET6 if ":" in remote[0] else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    if local:
      sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
      sock.bind(local)
    sock.settimeout(5)
    sock.connect(remote)
    return sock

  def pair(self, listener, address):
    """A client's and a server's end on loopback."""
    client = self.connect((address, listener.getsockname()[1]))
    server, _ = listener.accept()
    return client, server

  # The states.

  def build(self, tun):
    self.peer = FakePeer(tun, accept=[POLITE], no_fin_ack=[NO_FIN_ACK])
    self.listen()
    self.establish()
    self.half_open()
    self.closing()
    self.udp()
    # Those whose time cannot be prolonged come last.
    self.abandoned()

  def listen(self):
    self.listener4 = self.listener(("0.0.0.0", 8080))
    self.listener6 = self.listener(("::1", 8081), [(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)])
    self.dual = self.listener(("::", 8082), [(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)])
    for _ in range(2):
      self.listener(("127.0.0.1", 9000), [(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)])
    # A socket's owner is the effective user that made it. A user namespace of one user has no nobody.
    try:
      os.seteuid(NOBODY)
      self.listener(("127.0.0.1", 9001))
    except OSError:
      pass
    finally:
      os.seteuid(os.getuid())
    # One listener in two processes, as a server and its worker have it.
    shared = self.listener(("127.0.0.1", 9002), expect=False)
    holder = subprocess.Popen(
      ["sleep", "infinity"], pass_fds=[shared.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
      preexec_fn=netns.die_with_parent)
    self.holders.append(holder)
    self.expect(shared, "LISTEN", pids=[os.getpid(), holder.pid])

  def establish(self):
    for listener, address in ((self.listener4, "127.0.0.1"), (self.listener6, "::1"), (self.dual, "127.0.0.1")):
      client, server = self.pair(listener, address)
      self.expect(client, "ESTABLISHED")
      self.expect(server, "ESTABLISHED")
    # Unread on one end (rx_queue) ...
    client, server = self.pair(self.listener4, "127.0.0.1")
    client.sendall(b"x" * 1000)
    self.expect(client, "ESTABLISHED")
    self.expect(server, "ESTABLISHED")
    # ... and unacknowledged by the other (tx_queue, the retransmit timer).
    client = self.connect((PEER4, NO_FIN_ACK))
    client.sendall(b"x" * 500)
    self.expect(client, "ESTABLISHED")
    # To other machines.
    self.expect(self.connect((PEER4, POLITE)), "ESTABLISHED")
    self.expect(self.connect((PEER6, POLITE)), "ESTABLISHED")
    # Not yet accepted: the server's end has no inode, because there is no file.
    queue = self.listener(("127.0.0.1", 8083))
    waiting = self.expect(self.connect(("127.0.0.1", 8083)), "ESTABLISHED")
    self.expect(None, "ESTABLISHED", held=False, local=queue.getsockname(), remote=waiting.getsockname())

  def half_open(self):
    for silent in (SILENT4, SILENT6):
      sock = socket.socket(socket.AF_INET6 if ":" in silent else socket.AF_INET, socket.SOCK_STREAM)
      sock.setblocking(False)
      sock.connect_ex((silent, SILENT))
      self.expect(sock, "SYN_SENT", remote=(silent, SILENT))
    # 8080 is IPv4 only; the dual-stack 8082 has one caller of each family.
    for here, there, port in ((HOST4, PEER4, 8080), (HOST4, PEER4, 8082), (HOST6, PEER6, 8082)):
      self.peer.send_syn((there, 51000), (here, port))
      self.expected.append({
        "proto": "tcp" if port == 8080 else "tcp6", "state": "SYN_RECV", "local": here, "local_port": port,
        "remote": there, "remote_port": 51000, "inode": 0, "uid": None, "pids": []})

  def closing(self):
    # Half closed on loopback: the closer waits for the other's FIN, the other for its program.
    client, server = self.pair(self.listener4, "127.0.0.1")
    client.shutdown(socket.SHUT_WR)
    await_state(client, "FIN_WAIT2")
    self.expect(client, "FIN_WAIT2")
    self.expect(server, "CLOSE_WAIT")
    # The same over IPv6.
    client, server = self.pair(self.listener6, "::1")
    client.shutdown(socket.SHUT_WR)
    await_state(client, "FIN_WAIT2")
    self.expect(client, "FIN_WAIT2")
    self.expect(server, "CLOSE_WAIT")
    # Our FIN is never acknowledged: still a program's socket, and an orphan after close().
    held = self.connect((PEER4, NO_FIN_ACK))
    held.shutdown(socket.SHUT_WR)
    self.expect(held, "FIN_WAIT1")
    orphan = self.connect((PEER6, NO_FIN_ACK))
    self.expect(orphan, "FIN_WAIT1", held=False)
    orphan.close()
    # Both sent FIN, neither was acknowledged to us.
    for peer in (PEER4, PEER6):
      sock = self.connect((peer, NO_FIN_ACK))
      sock.shutdown(socket.SHUT_WR)
      self.peer.send_fin((peer, NO_FIN_ACK), sock.getsockname()[:2])
      await_state(sock, "CLOSING")
      self.expect(sock, "CLOSING")
    # They sent FIN first, and do not acknowledge ours.
    for peer in (PEER4, PEER6):
      sock = self.connect((peer, NO_FIN_ACK))
      self.peer.send_fin((peer, NO_FIN_ACK), sock.getsockname()[:2])
      await_state(sock, "CLOSE_WAIT")
      self.expect(sock, "LAST_ACK", held=False)
      sock.close()
    # Closed by both, kept for a minute by the one that closed first.
    self.time_waits = []
    for peer in (PEER4, PEER6):
      sock = self.connect((peer, POLITE))
      ends = (peer, POLITE), sock.getsockname()[:2]
      self.expect(sock, "TIME_WAIT", held=False)
      sock.shutdown(socket.SHUT_WR)
      await_state(sock, "FIN_WAIT2")
      self.peer.send_fin(*ends)
      self.time_waits.append(ends)
      sock.close()

  def abandoned(self):
    """Closed here while the other end never does: FIN_WAIT2 without an inode, for TCP_LINGER2 seconds.

    Up to 60 seconds the kernel keeps only a timewait record; what is above them is spent first, as a whole socket.
    """
    self.abandonments = []
    # Ports that no other socket of the scene can be given (ip_local_port_range).
    for port, linger in ((30001, 120), (30002, 60)):
      local, remote = (HOST4, port), (PEER4, POLITE)
      self.expect(None, "FIN_WAIT2", held=False, local=local, remote=remote)
      self.abandonments.append(Abandonment(self, local, remote, linger))

  def udp(self):
    def bound(address, *options):
      family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
      sock = socket.socket(family, socket.SOCK_DGRAM)
      for level, name, value in options:
        sock.setsockopt(level, name, value)
      sock.bind(address)
      return sock

    reuse = (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    v6only = (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    self.expect(bound(("127.0.0.1", 53)), "UNCONN")
    self.expect(bound(("0.0.0.0", 0)), "UNCONN")
    # Several on one tuple, as multicast DNS responders are.
    for _ in range(3):
      sock = bound(("0.0.0.0", 5353), reuse)
      group = socket.inet_aton("224.0.0.251") + socket.inet_aton(HOST4)
      sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
      self.expect(sock, "UNCONN")
    for address in ((PEER4, 53), (PEER6, 123)):
      sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_DGRAM)
      sock.connect(address)
      self.expect(sock, "ESTABLISHED")
    # A server's port with one socket bound and another connected to a client.
    self.expect(bound(("127.0.0.1", 4433), reuse), "UNCONN")
    sock = bound(("127.0.0.1", 4433), reuse)
    sock.connect(("127.0.0.1", 40000))
    self.expect(sock, "ESTABLISHED")
    self.expect(bound(("::1", 53), v6only), "UNCONN")
    self.expect(bound(("::", 0)), "UNCONN")
    for _ in range(2):
      self.expect(bound(("::", 5353), reuse, v6only), "UNCONN")
    # An IPv4 host spoken to through an IPv6 socket.
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.connect(("::ffff:" + PEER4, 53))
    self.expect(sock, "ESTABLISHED")

  def tick(self):
    """Keeps the rows alive whose time is fixed in the kernel."""
    now = time.monotonic()
    if now - self.refreshed > 10:
      self.refreshed = now
      for ours, theirs in self.time_waits:
        self.peer.send_ack(ours, theirs)
    for each in self.abandonments:
      each.renew(now)

  def end(self):
    for holder in self.holders:
      holder.kill()
      holder.wait()


class Abandonment:
  """A connection in FIN_WAIT2 that nobody holds; made again on the same ports when its time has run out."""

  def __init__(self, scene, local, remote, linger):
    self.scene, self.local, self.remote, self.linger = scene, local, remote, linger
    self.make()

  def make(self):
    sock = self.scene.connect(self.remote, local=self.local)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, self.linger)
    sock.shutdown(socket.SHUT_WR)
    await_state(sock, "FIN_WAIT2")
    sock.close()
    self.made = time.monotonic()

  def renew(self, now):
    if now - self.made > self.linger:
      try:
        self.make()
      except OSError:
        pass  # The old one is not quite gone: the next tick tries again.


def key(row):
  return row["proto"], row["state"], row["local"], row["local_port"], row["remote"], row["remote_port"]


def tables():
  """What /proc/net says, as a multiset of `key`s."""
  found = collections.Counter()
  for proto in ("tcp", "tcp6", "udp", "udp6"):
    names = TCP_STATES if proto.startswith("tcp") else UDP_STATES
    with open("/proc/net/" + proto) as file:
      next(file)
      for line in file:
        columns = line.split()
        ends = []
        for end in columns[1:3]:
          words, port = end.split(":")
          # Each 32-bit word is printed as a number: put back in this machine's order it is the address.
          raw = b"".join(struct.pack("=I", int(words[i : i + 8], 16)) for i in range(0, len(words), 8))
          family = socket.AF_INET6 if len(raw) == 16 else socket.AF_INET
          ends += [plain(socket.inet_ntop(family, raw)), int(port, 16)]
        found[(proto, names[int(columns[3], 16)], *ends)] += 1
  return found


def according_to_ss():
  """What `ss` says. It has no tcp6: the family shows in the brackets, and is taken from the options -4 and -6."""
  found = collections.Counter()
  for family, suffix in (("-4", ""), ("-6", "6")):
    for line in netns.run("ss", family, "-tuanH").splitlines():
      columns = line.split()
      ends = []
      for end in columns[4:6]:
        address, port = end.rsplit(":", 1)
        address = plain(address.strip("[]"))
        if address == "*":
          address = "::"
        ends += [address, 0 if port == "*" else int(port)]
      found[(columns[0] + suffix, SS_STATES.get(columns[1], columns[1]), *ends)] += 1
  return found


def difference(expected, found):
  lines = [f"missing: {each}" for each in (expected - found).elements()]
  return lines + [f"not expected: {each}" for each in (found - expected).elements()]


def await_tables(scene, exact):
  """Waits until /proc/net shows what is expected, and nothing else where `exact`."""
  expected = collections.Counter(key(row) for row in scene.expected)
  end = time.monotonic() + 5
  while True:
    found = tables()
    if not (expected - found) and not (exact and found - expected):
      return
    if time.monotonic() > end:
      raise netns.SceneError("the tables are not as they should be\n  " + "\n  ".join(difference(expected, found)))
    time.sleep(0.01)


def prepare():
  """The namespace's own settings: retries that outlast the scene, and a tun device to the fake peer."""
  for name, value in (
    # 8 tries are 51 s; these are many minutes.
    ("tcp_syn_retries", 12), ("tcp_synack_retries", 12), ("tcp_orphan_retries", 15), ("tcp_retries2", 15),
    ("tcp_fin_timeout", 60), ("tcp_syncookies", 0), ("conf.all.rp_filter", 0),
  ):
    netns.sysctl("net.ipv4." + name, value)
  for name, value in (("conf.all.accept_dad", 0), ("conf.default.accept_dad", 0), ("conf.default.router_solicitations", 0)):
    netns.sysctl("net.ipv6." + name, value)
  try:
    tun = open_tun("scene0")
  except OSError as error:
    raise netns.SceneError(f"/dev/net/tun: {error.strerror} (needs root or CAP_NET_ADMIN, and the tun driver)")
  netns.run("ip", "link", "set", "lo", "up")
  netns.run("ip", "addr", "add", HOST4 + "/24", "dev", "scene0")
  netns.run("ip", "-6", "addr", "add", HOST6 + "/64", "dev", "scene0", "nodad")
  netns.run("ip", "link", "set", "scene0", "up")
  return tun


def main():
  parser = argparse.ArgumentParser(description="Every TCP and UDP state at once, in a network namespace.")
  mode = parser.add_mutually_exclusive_group(required=True)
  mode.add_argument("--hold", type=float, metavar="SECONDS", help="print one JSON line and wait (0: until stdin ends)")
  mode.add_argument("--exec", action="store_true", help="run the command after -- in the namespace")
  mode.add_argument("--check", action="store_true", help="compare with ss")
  parser.add_argument("--here", action="store_true", help="use the namespace we are in (ip netns exec, unshare -n)")
  parser.add_argument("--expected", metavar="FILE", help="also write the JSON line to FILE")
  words, command = netns.split_command(sys.argv[1:])
  options = parser.parse_args(words)
  if options.exec != bool(command):
    parser.error("--exec takes a command after --, and nothing else does")

  netns.require_tools("ip", "ss")
  if options.here:
    os.stat("/proc/net/tcp6")
  else:
    netns.require_root()
    netns.remove_leftovers()
  namespace, scene = None, Scene()
  try:
    if not options.here:
      namespace = netns.Namespace("states")
      namespace.enter()
    scene.build(prepare())
    await_tables(scene, exact=not options.here)
    ready = {"netns": namespace.name if namespace else None, "pid": os.getpid(), "expected": scene.expected}
    if options.expected:
      with open(options.expected, "w") as file:
        file.write(netns.json.dumps(ready) + "\n")
    if options.check:
      wrong = difference(collections.Counter(key(row) for row in scene.expected), according_to_ss())
      print("\n".join(wrong) or f"{len(scene.expected)} sockets, all as ss has them")
      return 2 if wrong else 0
    if options.exec:
      return netns.run_inside(command, scene.tick)
    netns.say(**ready)
    netns.hold(options.hold, scene.tick)
  finally:
    scene.end()
    if namespace:
      namespace.remove()


if __name__ == "__main__":
  netns.main(main)
