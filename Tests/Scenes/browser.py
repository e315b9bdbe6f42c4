#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""A browser's afternoon: a page from port 80, the same again, one from port 90, and one from an odd port.

  browser.py --record 'connwatch record --db FILE'

`client` (192.0.2.10) fetches from `server` (192.0.2.80): nginx on 80, Python's HTTP server on 90, nginx once more on --odd.
Each fetch is a curl of its own, so each has a new client port.
"""

import os
import sys

import netns
import programs
import servers

CLIENT, SERVER = "192.0.2.10", "192.0.2.80"


def fetch(scene, client, port):
  url = f"http://{SERVER}/" if port == 80 else f"http://{SERVER}:{port}/"
  done, pid = scene.run(client, ["curl", "--silent", "--show-error", "--output", os.devnull, "--write-out", "%{local_port} %{http_code}", url])
  if done.returncode != 0:
    raise netns.SceneError(f"curl {url}: {done.stderr.strip()}")
  local_port, status = map(int, done.stdout.split())
  netns.say(
    event="fetched", time=programs.now(), url=url, curl_pid=pid, http_status=status, local=CLIENT, local_port=local_port, remote=SERVER,
    remote_port=port)


def main():
  parser = programs.options("Pages from port 80, 90 and an odd one.", ["client"], ["client", "server"])
  parser.add_argument("--odd", type=int, default=6789, metavar="PORT", help="the third server's port (default 6789)")
  options = programs.parse(parser)
  with programs.Scene(options) as scene:
    client, server = scene.machine("client"), scene.machine("server")
    scene.cable(client, CLIENT + "/24", server, SERVER + "/24")
    servers.nginx(scene, server, "eighty", 80)
    servers.nginx(scene, server, "odd", options.odd)
    folder = os.path.join(scene.directory, "eighty")
    scene.serve(server, [sys.executable, "-m", "http.server", "--directory", folder, "90"], 90)
    scene.ready(client=CLIENT, server=SERVER, odd=options.odd)
    for port in (80, 80, 90, options.odd):
      fetch(scene, client, port)
    return scene.done()


if __name__ == "__main__":
  netns.main(main)
