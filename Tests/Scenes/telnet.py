#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""A telnet server that is moved: a session on port 23, then one on port 65, which is still open when the scene is held.

  telnet.py --record 'connwatch record --db {role}.db'

inetd on `server` (192.0.2.23) holds the listener, and hands each connection to a telnetd of its own. It is moved as one does it: the line in
inetd's configuration is changed, and it is told to read it again (SIGHUP). `client` (192.0.2.10) has the real telnet.
"""

import signal
import subprocess
import time

import netns
import programs
import servers

CLIENT, SERVER = "192.0.2.10", "192.0.2.23"


class Session:
  """telnet with somebody at its keyboard."""

  def __init__(self, scene, client, port):
    self.port = port
    self.telnet = scene.start(client, ["telnet", SERVER, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    self.type("echo here-$((20 + 22))", "here-42")
    netns.say(event="session_opened", time=programs.now(), port=port, telnet_pid=self.telnet.pid, local=CLIENT, remote=SERVER)

  def type(self, line, answer):
    self.telnet.stdin.write(line + "\n")
    self.telnet.stdin.flush()
    for output in self.telnet.stdout:
      if answer in output:
        return
    raise netns.SceneError(f"telnet {SERVER} {self.port}: it ended with status {self.telnet.wait()}")

  def end(self):
    # The shell ends, telnetd closes.
    self.telnet.stdin.write("exit\n")
    self.telnet.stdin.flush()
    self.telnet.stdout.read()
    programs.stop(self.telnet)
    netns.say(event="session_closed", time=programs.now(), port=self.port)


def main():
  parser = programs.options("A telnet server on 23, then on 65.", ["client", "server"], ["client", "server"])
  parser.add_argument("--seconds", type=float, default=1.5, help="how long a session lasts at least (default 1.5)")
  options = programs.parse(parser)
  with programs.Scene(options) as scene:
    client, server = scene.machine("client"), scene.machine("server")
    scene.cable(client, CLIENT + "/24", server, SERVER + "/24")
    inetd = servers.inetd(scene, server, {23: servers.telnetd()})
    scene.ready(client=CLIENT, server=SERVER, inetd_pid=inetd.pid)
    first = Session(scene, client, 23)
    time.sleep(options.seconds)
    first.end()
    servers.inetd_configuration(scene, {65: servers.telnetd()})
    inetd.send_signal(signal.SIGHUP)
    programs.wait_until("inetd moving to port 65", lambda: programs.listening(inetd.pid) == {65})
    netns.say(event="moved", time=programs.now(), port=65)
    Session(scene, client, 65)
    time.sleep(options.seconds)
    return scene.done()


if __name__ == "__main__":
  netns.main(main)
