#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""A web server and a browser of sorts, on two machines of their own: what a user's first recording looks like.

  web.py --record 'connwatch record --db FILE --interval 1s'

Two network namespaces, `server` (10.80.0.1) and `client` (10.80.0.2), are joined by a cable (veth). Python's HTTP server on port 80
hands out a file so slowly that a transfer takes --seconds; curl fetches it from the other, twice, one after the other. What
happens is printed as JSON lines: ready, recorder_started, fetch_started, fetch_ended, recorder_ended.
"""

import argparse
import http.server
import os
import shlex
import signal
import subprocess
import sys
import time

import netns
from programs import start, stop

SERVER, CLIENT = "10.80.0.1", "10.80.0.2"
CHUNKS_A_SECOND = 10
CHUNK = b"connwatch\n" * 100


class SlowFile(http.server.BaseHTTPRequestHandler):
  """Sends a file over `seconds`, in even pieces."""

  # With 1.1 the connection is curl's to close, so the TIME_WAIT is always in the client's namespace; with 1.0 it is a race.
  protocol_version = "HTTP/1.1"
  seconds = 3.0

  def do_GET(self):
    # One piece more than the seconds hold: the transfer lasts longer than asked, never shorter.
    pieces = int(self.seconds * CHUNKS_A_SECOND) + 2
    self.send_response(200)
    self.send_header("Content-Type", "application/octet-stream")
    self.send_header("Content-Length", str(pieces * len(CHUNK)))
    self.end_headers()
    for index in range(pieces):
      if index:
        time.sleep(1 / CHUNKS_A_SECOND)
      self.wfile.write(CHUNK)
      self.wfile.flush()

  def log_message(self, *words):
    pass


def serve(address, port, seconds):
  """In a child, in the server's namespace."""
  signal.signal(signal.SIGINT, signal.SIG_IGN)
  SlowFile.seconds = seconds
  server = http.server.ThreadingHTTPServer((address, port), SlowFile)
  os.write(1, b"ready\n")
  server.serve_forever()


def fetch(client, number, port):
  """One curl, from its start to its end."""
  url = f"http://{SERVER}:{port}/file"
  began = time.time()
  curl = start(
    client, ["curl", "--silent", "--show-error", "--output", os.devnull, "--write-out", "%{local_port} %{http_code}", url],
    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
  try:
    netns.say(event="fetch_started", time=round(began, 6), fetch=number, curl_pid=curl.pid, url=url)
    written, _ = curl.communicate()
  finally:
    stop(curl)
  if curl.returncode != 0:
    raise netns.SceneError(f"curl ended with status {curl.returncode}")
  local_port, status = map(int, written.split())
  ended = time.time()
  netns.say(
    event="fetch_ended", time=round(ended, 6), fetch=number, curl_pid=curl.pid, http_status=status, seconds=round(ended - began, 3),
    local=CLIENT, local_port=local_port, remote=SERVER, remote_port=port)


def main():
  parser = argparse.ArgumentParser(description="A slow HTTP transfer between two namespaces, twice.")
  parser.add_argument("--seconds", type=float, default=3, help="each transfer takes a little longer than this (default 3)")
  parser.add_argument("--fetches", type=int, default=2, metavar="N", help="how many, one after the other (default 2)")
  parser.add_argument("--port", type=int, default=80, help="the server's port (default 80)")
  parser.add_argument("--record", metavar="CMD", help="run CMD meanwhile (no shell); SIGTERM ends it after the last fetch")
  parser.add_argument("--record-in", choices=("client", "server"), default="client", help="where CMD runs (default client)")
  parser.add_argument("--record-output", metavar="FILE", help="CMD's stdout (default: our stderr)")
  parser.add_argument("--settle", type=float, default=2.5, metavar="SECONDS", help="CMD runs this long before, between and after (default 2.5)")
  parser.add_argument("--hold", type=float, metavar="SECONDS", help="afterwards wait, with the namespaces still there (0: until stdin ends)")
  options = parser.parse_args()
  try:
    recorder_words = shlex.split(options.record) if options.record else None
  except ValueError as error:
    parser.error(f"--record: {error}")

  netns.require_tools("ip", "curl")
  netns.require_root()
  netns.remove_leftovers()
  namespaces, processes = [], []
  try:
    server, client = namespaces = [netns.Namespace("server"), netns.Namespace("client")]
    server.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", client.name)
    for each, address in ((server, SERVER), (client, CLIENT)):
      each.ip("addr", "add", address + "/24", "dev", "eth0")
      each.ip("link", "set", "eth0", "up")
    web = start(
      server, [sys.executable, os.path.abspath(__file__), "--serve", SERVER, str(options.port), str(options.seconds)],
      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    processes.append(web)
    if not web.stdout.readline():
      raise netns.SceneError(f"the server ended with status {web.wait()}")
    netns.say(
      event="ready", time=round(time.time(), 6), server_netns=server.name, client_netns=client.name, server=SERVER, client=CLIENT,
      port=options.port, server_pid=web.pid, pid=os.getpid())

    recorder, status = None, 0
    if recorder_words:
      output = open(options.record_output, "wb") if options.record_output else sys.stderr
      recorder = start(client if options.record_in == "client" else server, recorder_words, stdin=subprocess.DEVNULL, stdout=output)
      processes.append(recorder)
      netns.say(event="recorder_started", time=round(time.time(), 6), recorder_pid=recorder.pid)
    for number in range(1, options.fetches + 1):
      if recorder:
        time.sleep(options.settle)
        if recorder.poll() is not None:
          raise netns.SceneError(f"the recorder ended early with status {recorder.returncode}")
      fetch(client, number, options.port)
    if recorder:
      time.sleep(options.settle)
      status = stop(recorder)
      netns.say(event="recorder_ended", time=round(time.time(), 6), recorder_pid=recorder.pid, status=status)
    if options.hold is not None:
      netns.hold(options.hold)
    # The recorder's failure is ours: a scene that exits 0 has recorded something.
    return 2 if status else 0
  finally:
    for each in reversed(processes):
      stop(each, patience=5)
    for each in namespaces:
      each.remove()


if __name__ == "__main__":
  if sys.argv[1:2] == ["--serve"]:
    serve(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
  else:
    netns.main(main)
