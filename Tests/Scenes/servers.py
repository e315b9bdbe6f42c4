# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Servers as the scenes set them up: each in a directory of the scene, open to everybody who can reach it."""

import os
import sys

import netns
import programs


def stand_in(scene, machine, name, *ports):
  """A program that listens under another's name, where the real one is in no package or would serve the machine itself."""
  words = [sys.executable, os.path.abspath(programs.__file__), "--stand-in", name, *map(str, ports)]
  server = scene.start(machine, words)
  scene.await_ports(server, ports)
  netns.say(event="serving", time=programs.now(), machine=machine.role, program=name, pid=server.pid, ports=list(ports))
  return server


def nginx(scene, machine, name, *listens):
  """nginx in a directory of its own; `listens` as in its configuration."""
  folder = scene.folder(name)
  with open(os.path.join(folder, "index.html"), "w") as page:
    page.write(f"<title>{name}</title>\n" + "connwatch\n" * 2000)
  temporary = "".join(f"  {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
  scene.file(
    f"{name}/nginx.conf",
    f"daemon off;\nuser daemon;\nworker_processes 1;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{ }}\n"
    f"http {{\n{temporary}  access_log off;\n  server {{\n"
    + "".join(f"    listen {each};\n" for each in listens) + f"    root {folder};\n  }}\n}}\n")
  words = [programs.find("nginx"), "-p", folder, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"]
  return scene.serve(machine, words, *(int(str(each).rsplit(":", 1)[-1]) for each in listens))


def vsftpd(scene, machine, seconds=1.0, size=300_000):
  """vsftpd for everybody, with one file that takes `seconds` to send."""
  folder = scene.folder("ftp")
  with open(os.path.join(folder, "file"), "wb") as file:
    file.write(b"connwatch\n" * (size // 10))
  # The user's home must exist, whatever is served.
  configuration = scene.file(
    "vsftpd.conf",
    f"listen=YES\nbackground=NO\nanonymous_enable=YES\nlocal_enable=NO\nanon_root={folder}\nftp_username=daemon\nnopriv_user=nobody\n"
    f"secure_chroot_dir={scene.folder('empty')}\nxferlog_enable=NO\nport_enable=YES\nconnect_from_port_20=YES\n"
    f"pasv_min_port=50000\npasv_max_port=50100\nanon_max_rate={int(size / seconds)}\n")
  return scene.serve(machine, [programs.find("vsftpd"), configuration], 21)


def inetd(scene, machine, services):
  """inetd with `services`, a port or name and the words after `nowait` each."""
  configuration = inetd_configuration(scene, services)
  return scene.serve(machine, [programs.find("inetd"), "-i", configuration], *services)


def inetd_configuration(scene, services):
  return scene.file("inetd.conf", "".join(f"{port} stream tcp4 nowait {words}\n" for port, words in services.items()))


def telnetd():
  """For inetd: a telnet server that opens a shell, and asks for no password."""
  return f"root {programs.find('telnetd')} telnetd -E /bin/sh"
