#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""A file by FTP, passive and then active: one control connection on port 21 each, and one for the data.

  vsftpd.py --record 'connwatch record --db {role}.db'

`client` (192.0.2.10) fetches from vsftpd on `server` (192.0.2.21) with curl. Passive, the client opens the data connection to a port that
the server has named (50000 to 50100); active, the server opens it from its port 20 to one that the client has named.
"""

import os
import re

import netns
import programs
import servers

CLIENT, SERVER = "192.0.2.10", "192.0.2.21"


def fetch(scene, client, mode):
  words = ["curl", "--silent", "--verbose", "--output", os.devnull, "--write-out", "%{local_port} %{size_download}"]
  words += ["--ftp-pasv"] if mode == "passive" else ["--ftp-port", "-"]
  done, pid = scene.run(client, words + [f"ftp://{SERVER}/file"])
  if done.returncode != 0:
    raise netns.SceneError(f"curl, {mode}: status {done.returncode}\n{done.stderr}")
  # The reply to EPSV names the server's port, the command EPRT the client's (RFC 2428).
  named = re.search(r"229 .*\(\|\|\|(\d+)\|\)" if mode == "passive" else r"EPRT \|1\|[0-9.]+\|(\d+)\|", done.stderr)
  if named is None:
    raise netns.SceneError(f"curl, {mode}: no data port\n{done.stderr}")
  local_port, size = map(int, done.stdout.split())
  netns.say(
    event="fetched", time=programs.now(), mode=mode, curl_pid=pid, control_port=local_port, data_port=int(named[1]), bytes=size,
    local=CLIENT, remote=SERVER)


def main():
  parser = programs.options("A file by FTP, passive and active.", ["client", "server"], ["client", "server"])
  parser.add_argument("--seconds", type=float, default=2, help="about how long a file takes (default 2)")
  options = programs.parse(parser)
  with programs.Scene(options) as scene:
    client, server = scene.machine("client"), scene.machine("server")
    scene.cable(client, CLIENT + "/24", server, SERVER + "/24")
    ftp = servers.vsftpd(scene, server, options.seconds)
    scene.ready(client=CLIENT, server=SERVER, server_pid=ftp.pid)
    for mode in ("passive", "active"):
      fetch(scene, client, mode)
    return scene.done()


if __name__ == "__main__":
  netns.main(main)
