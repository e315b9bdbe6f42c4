# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""A TCP peer with bad manners, at the far end of a tun device.

The kernel's own TCP is too polite to stay in SYN_RECV, CLOSING or LAST_ACK for a minute: its other end always answers.
This one answers exactly what it is told to, so those states last as long as the kernel keeps retrying. A tun device
carries bare IP packets: there is no ARP or neighbour discovery to get in the way.
"""

import fcntl
import os
import socket
import struct
import threading

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000


def open_tun(name):
  """Creates the tun device `name` in the current namespace; it lives as long as the descriptor."""
  fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
  fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
  return fd


def checksum(data):
  """The Internet checksum (RFC 1071)."""
  if len(data) % 2:
    data += b"\0"
  total = sum(struct.unpack(f"!{len(data) // 2}H", data))
  while total >> 16:
    total = (total & 0xFFFF) + (total >> 16)
  return ~total & 0xFFFF


def packet(source, destination, tcp):
  """An IPv4 or IPv6 packet (RFC 791, RFC 8200) around a TCP segment whose checksum is still zero."""
  pseudo = source + destination
  if len(source) == 4:
    pseudo += struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(tcp))
  else:
    pseudo += struct.pack("!IHBB", len(tcp), 0, 0, socket.IPPROTO_TCP)
  tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
  if len(source) == 4:
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, socket.IPPROTO_TCP, 0) + source + destination
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
  else:
    header = struct.pack("!IHBB", 6 << 28, len(tcp), socket.IPPROTO_TCP, 64) + source + destination
  return header + tcp


class Flow:
  """One connection as the peer sees it: `ours` is the peer's end, `theirs` the kernel's."""

  def __init__(self, ours, theirs):
    self.ours = ours
    self.theirs = theirs
    self.send_next = 0x10000000
    self.receive_next = 0


class FakePeer:
  """Answers on every address behind the tun device, by the port it is called at.

  `accept` ports complete the handshake and acknowledge data and FIN; `no_fin_ack` ports complete the handshake and then
  ignore everything, FIN and data alike; every other port is silent: a SYN is never answered.
  """

  def __init__(self, tun, accept, no_fin_ack):
    self.tun = tun
    self.accept = set(accept)
    self.no_fin_ack = set(no_fin_ack)
    self.flows = {}
    self.lock = threading.Lock()
    threading.Thread(target=self._serve, daemon=True).start()

  def flow(self, ours, theirs):
    """The flow of (address, port) `ours` with the kernel's `theirs`."""
    key = (self._binary(ours), self._binary(theirs))
    with self.lock:
      if key not in self.flows:
        self.flows[key] = Flow(*key)
      return self.flows[key]

  def send_syn(self, ours, theirs):
    """Calls the kernel. The SYN-ACK that comes back is ignored: there is a SYN_RECV for as long as it is retried."""
    flow = self.flow(ours, theirs)
    self._send(flow, SYN, flow.send_next)

  def send_fin(self, ours, theirs):
    """Says that we are done, acknowledging what the port we were called at acknowledges."""
    flow = self.flow(ours, theirs)
    flow.send_next += 1
    self._send(flow, FIN | ACK, flow.send_next - 1)

  def send_ack(self, ours, theirs):
    """Repeats the last acknowledgement; the kernel starts a TIME_WAIT's minute anew when it hears one."""
    flow = self.flow(ours, theirs)
    self._send(flow, ACK, flow.send_next)

  @staticmethod
  def _binary(end):
    family = socket.AF_INET6 if ":" in end[0] else socket.AF_INET
    return socket.inet_pton(family, end[0]), end[1]

  def _send(self, flow, flags, sequence):
    acknowledged = flow.receive_next if flags & ACK else 0
    tcp = struct.pack(
      "!HHIIBBHHH", flow.ours[1], flow.theirs[1], sequence & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF,
      5 << 4, flags, 64000, 0, 0)
    os.write(self.tun, packet(flow.ours[0], flow.theirs[0], tcp))

  def _serve(self):
    while True:
      try:
        data = os.read(self.tun, 65536)
      except OSError:
        return
      self._receive(data)

  def _receive(self, data):
    if data[0] >> 4 == 4 and data[9] == socket.IPPROTO_TCP:
      tcp = data[(data[0] & 15) * 4 : struct.unpack("!H", data[2:4])[0]]
      source, destination = data[12:16], data[16:20]
    elif data[0] >> 4 == 6 and data[6] == socket.IPPROTO_TCP:
      tcp = data[40:]
      source, destination = data[8:24], data[24:40]
    else:
      return
    sport, dport, sequence, _, offset, flags = struct.unpack("!HHIIBB", tcp[:14])
    length = len(tcp) - (offset >> 4) * 4
    key = ((destination, dport), (source, sport))
    if flags & RST or dport not in self.accept | self.no_fin_ack:
      return
    if flags & SYN:
      if flags & ACK:
        return
      # A SYN always starts over: the same tuple may be used again once its last connection is gone.
      with self.lock:
        flow = self.flows[key] = Flow(*key)
      flow.receive_next = sequence + 1
      # Counted before it is sent: connect() may return, and the scene go on, before _send does.
      flow.send_next += 1
      self._send(flow, SYN | ACK, flow.send_next - 1)
      return
    flow = self.flows.get(key)
    if flow is None or dport in self.no_fin_ack:
      return
    if length or flags & FIN:
      flow.receive_next = sequence + length + (1 if flags & FIN else 0)
      self._send(flow, ACK, flow.send_next)
