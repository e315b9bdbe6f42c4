#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Makes Tests/Fixtures/sock_diag again from this machine's kernel: what netlink gives, byte for byte.

  capture_diag.py              everything (root; iproute2)
  capture_diag.py dump DIR     only the dumps, of the namespace one is in
  capture_diag.py ends DIR     only the ends of some sockets, opened and closed in the namespace one is in
"""

import json
import os
import socket
import struct
import subprocess
import sys

NETLINK_SOCK_DIAG = 4
TCPDIAG_GETSOCK, SOCK_DIAG_BY_FAMILY = 18, 20
NLMSG_DONE = 3
WITH_TCP_INFO = 1 << 1
# Every state but the one of sockets that are bound and nothing else, which are in no table of /proc.
STATES = 0x1FFF
# Four groups: the ends of TCP and UDP sockets, of IPv4 and IPv6.
DESTROY_GROUPS = 0xF


def dump(request_type, request):
  """The answer to one request, all of it. Its messages are a multiple of 4 bytes, so they can stand in one file."""
  netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
  flags = 0x1 | 0x300
  netlink.send(struct.pack("=IHHII", 16 + len(request), request_type, flags, 1, 0) + request)
  answer = b""
  while True:
    part = netlink.recv(32768)
    answer += part
    at = 0
    while at < len(part):
      length, kind = struct.unpack_from("=IH", part, at)
      if kind == NLMSG_DONE:
        return answer
      at += (length + 3) & ~3


def dumps(folder):
  def by_family(family, protocol):
    return dump(SOCK_DIAG_BY_FAMILY, struct.pack("=BBBBI48x", family, protocol, 0, 0, STATES))

  answers = {
    # Both families in one.
    "tcp": dump(TCPDIAG_GETSOCK, struct.pack("=BBBB48xII", 0, 0, 0, WITH_TCP_INFO, STATES, 0)),
    "udp": by_family(socket.AF_INET, socket.IPPROTO_UDP),
    "udp6": by_family(socket.AF_INET6, socket.IPPROTO_UDP),
  }
  for name, answer in answers.items():
    with open(f"{folder}/all_states.{name}.dump", "wb") as file:
      file.write(answer)


def ends(folder):
  netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
  netlink.bind((0, DESTROY_GROUPS))
  expected = []

  def close(sock, what, proto, remote=None, local=None, **more):
    local, remote = local or sock.getsockname()[:2], remote or ("0.0.0.0", 0)
    plain = lambda address: address.removeprefix("::ffff:")
    expected.append({
      "what": what, "proto": proto, "local": plain(local[0]), "local_port": local[1], "remote": plain(remote[0]),
      "remote_port": remote[1], "cookie": struct.unpack("Q", sock.getsockopt(socket.SOL_SOCKET, 57, 8))[0], **more})
    sock.close()

  def pair(family, address, caller=None):
    listener = socket.socket(family)
    listener.bind((address, 0))
    listener.listen()
    client = socket.socket(socket.AF_INET if caller else family)
    client.connect((caller or address, listener.getsockname()[1]))
    return listener, client, listener.accept()[0]

  def peer(sock):
    return sock.getpeername()[:2]

  listener, client, server = pair(socket.AF_INET, "127.0.0.1")
  client.sendall(b"x" * 1000)
  server.recv(4096)
  server.sendall(b"y" * 5000)
  client.recv(8192)
  client_end, server_end = client.getsockname(), server.getsockname()
  close(client, "client, first", "tcp", remote=server_end, bytes_in=5001, bytes_out=1000)
  close(server, "server, second", "tcp", remote=client_end, bytes_in=1001, bytes_out=5000)
  close(listener, "listener", "tcp")
  listener, client, server = pair(socket.AF_INET6, "::", "127.0.0.1")
  close(server, "server of a dual-stack listener", "tcp6", remote=peer(server), bytes_in=1, bytes_out=0)
  close(client, "its client", "tcp", remote=peer(client), bytes_in=1, bytes_out=0)
  close(listener, "dual-stack listener", "tcp6", remote=("::", 0))
  refused = socket.socket()
  refused.bind(("127.0.0.1", 0))
  refused.connect_ex(("127.0.0.1", 1))
  close(refused, "refused", "tcp", remote=("127.0.0.1", 0))
  datagrams = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
  datagrams.connect(("::1", 53))
  close(datagrams, "connected UDP", "udp6", remote=peer(datagrams))

  messages = [netlink.recv(4096) for _ in expected]
  with open(f"{folder}/ends.dump", "wb") as file:
    file.write(b"".join(messages))
  with open(f"{folder}/ends.json", "w") as file:
    json.dump(expected, file, indent=1)
    file.write("\n")


def main():
  scenes = os.path.dirname(os.path.abspath(__file__))
  if len(sys.argv) == 3:
    {"dump": dumps, "ends": ends}[sys.argv[1]](sys.argv[2])
    return
  folder = os.path.normpath(f"{scenes}/../Fixtures/sock_diag")
  os.makedirs(folder, exist_ok=True)
  subprocess.run(
    [f"{scenes}/all_states.py", "--expected", f"{folder}/all_states.json", "--exec", "--", __file__, "dump", folder],
    check=True)
  subprocess.run([f"{scenes}/few.py", "none", "--exec", "--", __file__, "ends", folder], check=True)


if __name__ == "__main__":
  main()
