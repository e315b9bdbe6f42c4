#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""A port scan: a host with nineteen listeners, and a connect scan from outside.

  scan.py --record 'connwatch record --db FILE'

On `host` (192.0.2.66) inetd holds the small services (echo, discard, daytime, chargen and time by itself; telnetd, and cat for finger, exec,
login, shell, uucp and dtspc), vsftpd 21, nginx 80. Stand-ins, a Python each under the name of the program that one finds there, hold 25, 111, 515,
6000 and 7100. `scanner` (192.0.2.99) runs nmap -sT; the lines of its list are said as they are.
"""

import re

import netns
import programs
import servers

HOST, SCANNER = "192.0.2.66", "192.0.2.99"
INTERNAL = (7, 9, 13, 19, 37)
BY_CAT = (79, 512, 513, 514, 540, 6112)
STAND_INS = {25: "sendmail", 111: "rpcbind", 515: "lpd", 6000: "Xorg", 7100: "xfs"}
# The names by which inetd knows its own services.
NAMES = {7: "echo", 9: "discard", 13: "daytime", 19: "chargen", 37: "time"}


def main():
  parser = programs.options("A connect scan of a host with nineteen listeners.", ["host"], ["host", "scanner"])
  parser.add_argument("--ports", default="1-1024,6000-7200", help="what nmap tries (default 1-1024,6000-7200)")
  options = programs.parse(parser)
  nmap = programs.find("nmap")
  with programs.Scene(options) as scene:
    host, scanner = scene.machine("host"), scene.machine("scanner")
    scene.cable(host, HOST + "/24", scanner, SCANNER + "/24")
    services = {NAMES[port]: "root internal" for port in INTERNAL}
    services[23] = servers.telnetd()
    services |= {port: f"daemon {programs.find('cat')} cat" for port in BY_CAT}
    words = [programs.find("inetd"), "-i", servers.inetd_configuration(scene, services)]
    scene.serve(host, words, 23, *INTERNAL, *BY_CAT)
    servers.vsftpd(scene, host)
    servers.nginx(scene, host, "web", 80)
    for port, name in STAND_INS.items():
      servers.stand_in(scene, host, name, port)
    ports = sorted({21, 23, 80, *INTERNAL, *BY_CAT, *STAND_INS})
    scene.ready(host=HOST, scanner=SCANNER, ports=ports)
    done, pid = scene.run(scanner, [nmap, "-sT", "-n", "-Pn", "-p", options.ports, HOST], patience=120)
    lines = [line for line in done.stdout.splitlines() if re.match(r"\d+/tcp", line)]
    netns.say(event="scanned", time=programs.now(), nmap_pid=pid, lines=lines)
    found = [int(line.split("/")[0]) for line in lines]
    if found != ports:
      raise netns.SceneError(f"nmap has found {found} (status {done.returncode}): {done.stderr.strip()}")
    return scene.done()


if __name__ == "__main__":
  netns.main(main)
