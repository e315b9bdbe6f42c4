#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""A server that is restarted, and then opened to everybody.

  policy.py --record 'connwatch record --db FILE --print'

nginx on `server` (192.0.2.80) listens on 127.0.0.1:8080. Then the scene does what each line of stdin says, and answers it:

  restart     stops nginx and starts it again, as it was
  widen       the same, but on 0.0.0.0:8080
  narrow      the same, but on 127.0.0.1:8080

With --play SECONDS it does `restart` and `widen` by itself, so far apart, and then --hold decides.
"""

import sys
import time

import netns
import programs
import servers

ADDRESS, PORT = "192.0.2.80", 8080
PLACES = {"widen": "0.0.0.0", "narrow": "127.0.0.1"}


class Server:
  def __init__(self, scene, machine):
    self.scene, self.machine = scene, machine
    self.address = "127.0.0.1"
    self.nginx = self.start()

  def start(self):
    return servers.nginx(self.scene, self.machine, "web", f"{self.address}:{PORT}")

  def obey(self, order):
    if order != "restart" and order not in PLACES:
      raise netns.SceneError(f"{order}: not one of restart, {', '.join(PLACES)}")
    programs.stop(self.nginx)
    self.address = PLACES.get(order, self.address)
    self.nginx = self.start()
    netns.say(event=order, time=programs.now(), pid=self.nginx.pid, address=self.address, port=PORT)


def main():
  parser = programs.options("A server that is restarted and widened.", ["server"], ["server"])
  parser.add_argument("--play", type=float, metavar="SECONDS", help="restart and widen by itself, so far apart")
  options = programs.parse(parser)
  with programs.Scene(options) as scene:
    machine, outside = scene.machine("server"), scene.machine("outside")
    scene.cable(machine, ADDRESS + "/24", outside, "192.0.2.1/24")
    server = Server(scene, machine)
    scene.ready(address=ADDRESS, port=PORT)
    if options.play is None:
      for line in sys.stdin:
        server.obey(line.strip())
    else:
      for order in ("restart", "widen"):
        time.sleep(options.play)
        server.obey(order)
    return scene.done()


if __name__ == "__main__":
  netns.main(main)
