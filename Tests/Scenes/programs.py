# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Programs in the namespaces of a scene: found, started there, waited for and ended; and a scene that is made of them.

Servers are looked for where one installs them, and in .build/servers, where `Scripts/setup.sh test` unpacks what is not installed.
"""

import argparse
import contextlib
import os
import re
import selectors
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import netns

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = "connwatch-scene"
SERVERS = os.path.join(os.path.dirname(os.path.dirname(HERE)), ".build", "servers")


def find(name):
  """A program's path."""
  places = os.pathsep.join([os.environ.get("PATH", "/usr/bin:/bin"), "/usr/sbin:/sbin", os.path.join(SERVERS, "usr/sbin")])
  path = shutil.which(name, path=places)
  if path is None:
    raise netns.SceneError(f"{name} not found (Scripts/setup.sh test fetches it)")
  return path


def environment():
  """That of the scene, in which servers also find the libraries that were unpacked with them."""
  libraries = os.path.join(SERVERS, "usr/lib", f"{os.uname().machine}-linux-gnu")
  known = os.environ.get("LD_LIBRARY_PATH")
  return dict(os.environ, LD_LIBRARY_PATH=f"{known}:{libraries}" if known else libraries)


def start(namespace, words, **options):
  """Starts a program in a namespace: the thread goes there, and the program is born there."""
  namespace.enter()
  try:
    return subprocess.Popen(words, preexec_fn=netns.die_with_parent, **options)
  except OSError as error:
    raise netns.SceneError(f"{words[0]}: {error.strerror}")


def stop(process, number=signal.SIGTERM, patience=30):
  """Ends a program kindly, then not; its exit status."""
  if process.poll() is None:
    process.send_signal(number)
    try:
      process.wait(timeout=patience)
    except subprocess.TimeoutExpired:
      process.kill()
      process.wait()
  return process.returncode


def listening(pid):
  """The local ports on which TCP listens where a process is."""
  ports = set()
  for table in ("tcp", "tcp6"):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/net/{table}") as rows:
      for row in list(rows)[1:]:
        words = row.split()
        if words[3] == "0A":
          ports.add(int(words[1].rsplit(":", 1)[1], 16))
  return ports


def remove_folders():
  """Removes the directories of scenes that were killed."""
  for name in os.listdir(tempfile.gettempdir()):
    match = re.fullmatch(rf"{FOLDER}-(\d+)-.*", name)
    if match and not os.path.exists(f"/proc/{match[1]}"):
      shutil.rmtree(os.path.join(tempfile.gettempdir(), name), ignore_errors=True)


def wait_until(what, condition, patience=10):
  end = time.monotonic() + patience
  while not condition():
    if time.monotonic() > end:
      raise netns.SceneError(f"not within {patience} s: {what}")
    time.sleep(0.02)


class Scene:
  """Machines, the cables between them, their programs and their recorders; all of it goes when the scene does.

    with programs.Scene(options) as scene:
      client, server = scene.machine("client"), scene.machine("server")
      scene.cable(client, "192.0.2.10/24", server, "192.0.2.80/24")
      scene.serve(server, [programs.find("nginx"), ...], 80)
      scene.ready()
      ...
      scene.done()
  """

  def __init__(self, options):
    self.options = options
    self.machines = {}
    self.processes = []
    self.recorders = []
    self.directory = None

  def __enter__(self):
    netns.require_tools("ip")
    netns.require_root()
    netns.remove_leftovers()
    remove_folders()
    self.directory = tempfile.mkdtemp(prefix=f"{FOLDER}-{os.getpid()}-")
    # Servers give up root and still have to read what is theirs.
    os.chmod(self.directory, 0o755)
    return self

  def __exit__(self, *_):
    # Recorders first: the last thing they see is not that everything ends.
    for each in self.recorders + self.processes[::-1]:
      stop(each, patience=5)
    for each in self.machines.values():
      each.remove()
    shutil.rmtree(self.directory, ignore_errors=True)

  def machine(self, role):
    self.machines[role] = namespace = netns.Namespace(role)
    namespace.role = role
    return namespace

  def cable(self, one, address, other, other_address):
    """Joins two machines by a veth pair, named after the other end."""
    one.ip("link", "add", other.role, "type", "veth", "peer", "name", one.role, "netns", other.name)
    for namespace, device, own in ((one, other.role, address), (other, one.role, other_address)):
      namespace.ip("addr", "add", own, "dev", device, "nodad") if ":" in own else namespace.ip("addr", "add", own, "dev", device)
      namespace.ip("link", "set", device, "up")

  def file(self, name, text="", mode=0o644):
    """A file in the scene's own directory; its path."""
    path = os.path.join(self.directory, name)
    with open(path, "w") as file:
      file.write(text)
    os.chmod(path, mode)
    return path

  def folder(self, name):
    path = os.path.join(self.directory, name)
    os.makedirs(path, exist_ok=True)
    return path

  def start(self, machine, words, **options):
    """Starts a program that the scene ends."""
    process = start(machine, words, **{"stdin": subprocess.DEVNULL, "stdout": sys.stderr, "env": environment(), **options})
    self.processes.append(process)
    return process

  def serve(self, machine, words, *ports):
    """Starts a server and waits until it listens; says so."""
    server = self.start(machine, words)
    self.await_ports(server, ports)
    netns.say(event="serving", time=now(), machine=machine.role, program=os.path.basename(words[0]), pid=server.pid, ports=list(ports))
    return server

  def await_ports(self, server, ports):
    def there():
      if server.poll() is not None:
        raise netns.SceneError(f"{os.path.basename(server.args[0])} ended with status {server.returncode}")
      return set(ports) <= listening(server.pid)

    wait_until(f"{os.path.basename(server.args[0])} listening on {', '.join(map(str, ports))}", there)

  def run(self, machine, words, patience=60, **options):
    """Runs a client to its end; what it wrote, and its status."""
    client = self.start(machine, words, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options})
    try:
      output, errors = client.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
      raise netns.SceneError(f"{words[0]} has not ended after {patience} s")
    return subprocess.CompletedProcess(words, client.returncode, output, errors), client.pid

  def ready(self, **fields):
    """Says that everything is in place, and starts the recorders."""
    netns.say(
      event="ready", time=now(), pid=os.getpid(), machines={role: each.name for role, each in self.machines.items()}, **fields)
    if not self.options.record:
      return
    output = open(self.options.record_output, "wb") if self.options.record_output else sys.stderr
    for role in self.options.record_in:
      words = [word.replace("{role}", role) for word in shlex.split(self.options.record)]
      recorder = start(self.machines[role], words, stdin=subprocess.DEVNULL, stdout=output)
      self.recorders.append(recorder)
      netns.say(event="recorder_started", time=now(), machine=role, recorder_pid=recorder.pid)
    self.settle()

  def settle(self):
    """Gives the recorders time for a sample."""
    if self.recorders:
      time.sleep(self.options.settle)
    for each in self.recorders:
      if each.poll() is not None:
        raise netns.SceneError(f"a recorder ended early with status {each.returncode}")

  def done(self):
    """Says that the scene is played; holds it, recorded all the while, where that is wanted. The status to exit with."""
    self.settle()
    netns.say(event="done", time=now())
    if self.options.hold is not None:
      netns.hold(self.options.hold)
    status = 0
    for each in self.recorders:
      # A recorder's failure is ours: a scene that exits 0 has recorded something.
      ended = stop(each)
      netns.say(event="recorder_ended", time=now(), recorder_pid=each.pid, status=ended)
      status = 2 if ended else status
    return status


def now():
  return round(time.time(), 6)


def stand(name, *ports):
  """What a stand-in does: it accepts, waits until the other end closes, and closes."""
  signal.signal(signal.SIGINT, signal.SIG_IGN)
  netns.name_process(name)
  listeners = [socket.create_server(("0.0.0.0", int(port))) for port in ports]
  watched = selectors.DefaultSelector()
  for each in listeners:
    watched.register(each, selectors.EVENT_READ)
  while True:
    for key, _ in watched.select():
      try:
        if key.fileobj in listeners:
          watched.register(key.fileobj.accept()[0], selectors.EVENT_READ)
          continue
        if key.fileobj.recv(4096):
          continue
      except ConnectionError:
        pass
      watched.unregister(key.fileobj)
      key.fileobj.close()


def options(description, record_in, roles):
  """The options that every scene of programs has; `record_in` are the roles that are recorded unless others are named."""
  parser = argparse.ArgumentParser(description=description)
  parser.add_argument("--record", metavar="CMD", help="run CMD meanwhile (no shell; {role} becomes the machine's); SIGTERM ends it at the end")
  parser.add_argument(
    "--record-in", nargs="+", choices=roles, default=record_in, metavar="ROLE",
    help=f"where CMD runs: {', '.join(roles)} (default {' '.join(record_in)})")
  parser.add_argument("--record-output", metavar="FILE", help="CMD's stdout (default: our stderr)")
  parser.add_argument("--settle", type=float, default=2.5, metavar="SECONDS", help="CMD runs this long before and after (default 2.5)")
  parser.add_argument("--hold", type=float, metavar="SECONDS", help="afterwards wait, with everything still there (0: until stdin ends)")
  return parser


def parse(parser):
  options = parser.parse_args()
  try:
    several = options.record and len(options.record_in) > 1 and "{role}" not in options.record
    shlex.split(options.record or "")
  except ValueError as error:
    parser.error(f"--record: {error}")
  if several:
    parser.error("--record: recorders on several machines need a file each: put {role} into its name")
  return options


if __name__ == "__main__" and sys.argv[1:2] == ["--stand-in"]:
  stand(*sys.argv[2:])
