#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""The firewall quiz: two laptops, two servers, and a firewall with two sides between them.

  firewall.py --record 'connwatch record --db {role}.db'

                    side 1: drops 23, passes 80
  laptop1 198.51.100.10 ──┐            ┌── server1 192.0.2.10
                          ├─ firewall ─┤
  laptop2 198.51.100.26 ──┘            └── server2 192.0.2.26
                    side 2: passes 23, drops 80

The firewall is a machine that routes, with nftables. Side 1 is what goes to server1, side 2 what goes to server2. Each server has telnetd (of
inetd) and nginx. Tried are telnet from laptop1 to server1 and from laptop2 to server2, and curl likewise; after that both sides pass both
ports (--no-open leaves that out), and all of it is tried again. A recorder runs on each laptop.
"""

import os
import subprocess

import netns
import programs
import servers

# Four networks of 16 addresses: machine, its address, the firewall's.
MACHINES = {
  "laptop1": ("198.51.100.10", "198.51.100.1"),
  "laptop2": ("198.51.100.26", "198.51.100.17"),
  "server1": ("192.0.2.10", "192.0.2.1"),
  "server2": ("192.0.2.26", "192.0.2.17"),
}
CLOSED = """
table inet quiz {
  chain forward {
    type filter hook forward priority 0; policy accept;
    oifname "server1" tcp dport 23 drop
    oifname "server2" tcp dport 80 drop
  }
}
"""
PATIENCE = 3


def filter_with(scene, firewall, rules):
  done, _ = scene.run(firewall, [programs.find("nft"), "-f", scene.file("rules", rules)])
  if done.returncode != 0:
    raise netns.SceneError(f"nft: {done.stderr.strip()}")


def telnet(scene, laptop, address):
  # Ends with the input where it is connected, and by itself when the kernel gives up.
  client = scene.start(
    laptop, ["telnet", address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
  client.stdin.write("exit\n")
  client.stdin.flush()
  try:
    output, _ = client.communicate(timeout=30)
  except subprocess.TimeoutExpired:
    raise netns.SceneError(f"telnet {address} has not ended after 30 s")
  return client.pid, "Connected to" in output


def web(scene, laptop, address):
  words = ["curl", "--silent", "--output", os.devnull, "--connect-timeout", str(PATIENCE), f"http://{address}/"]
  done, pid = scene.run(laptop, words)
  return pid, done.returncode == 0


def attempt(scene, round_, what, number, expected):
  """One attempt, from a laptop to the server of the same number; it must go as the firewall has it."""
  port, client = (23, telnet) if what == "telnet" else (80, web)
  laptop, server = f"laptop{number}", f"server{number}"
  pid, passed = client(scene, scene.machines[laptop], MACHINES[server][0])
  netns.say(
    event="attempt", time=programs.now(), round=round_, laptop=laptop, server=server, program="telnet" if port == 23 else "curl",
    pid=pid, remote=MACHINES[server][0], remote_port=port, passed=passed)
  if passed != expected:
    raise netns.SceneError(f"{what} from {laptop} to {server} {'passed' if passed else 'did not pass'}")


def main():
  parser = programs.options("Two laptops, two servers, a firewall.", ["laptop1", "laptop2"], list(MACHINES))
  parser.add_argument("--no-open", action="store_true", help="do not open the ports and try again")
  options = programs.parse(parser)
  with programs.Scene(options) as scene:
    firewall = scene.machine("firewall")
    for role, (address, gateway) in MACHINES.items():
      machine = scene.machine(role)
      scene.cable(machine, address + "/28", firewall, gateway + "/28")
      machine.ip("route", "add", "default", "via", gateway)
      machine.enter()
      # A laptop gives up after its first SYN and one more: after 3 seconds instead of more than two minutes.
      netns.sysctl("net.ipv4.tcp_syn_retries", 1)
      netns.sysctl("net.ipv4.tcp_syn_linear_timeouts", 0)
    firewall.enter()
    netns.sysctl("net.ipv4.ip_forward", 1)
    filter_with(scene, firewall, CLOSED)
    for number in (1, 2):
      server = scene.machines[f"server{number}"]
      servers.inetd(scene, server, {23: servers.telnetd()})
      servers.nginx(scene, server, f"web{number}", 80)
    scene.ready(addresses={role: each[0] for role, each in MACHINES.items()})
    for what, number, expected in (("telnet", 1, False), ("telnet", 2, True), ("web", 2, False), ("web", 1, True)):
      attempt(scene, 1, what, number, expected)
    if not options.no_open:
      scene.settle()
      filter_with(scene, firewall, "flush ruleset\n")
      netns.say(event="opened", time=programs.now(), ports=[23, 80])
      for what, number in (("telnet", 1), ("telnet", 2), ("web", 2), ("web", 1)):
        attempt(scene, 2, what, number, True)
    return scene.done()


if __name__ == "__main__":
  netns.main(main)
