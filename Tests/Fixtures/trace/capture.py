#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
#
# Captures what the tests of the trace read: the events' formats, and pages of the ring buffer with one known scene.
#
#   unshare --net --mount sh -c 'ip link set lo up; mount -t tracefs nodev /sys/kernel/tracing; exec ./capture.py DIR'
import glob
import os
import socket
import subprocess
import sys
import time

TRACING = "/sys/kernel/tracing/"
INSTANCE = TRACING + "instances/connwatch-capture/"
EVENTS = ["sock/inet_sock_set_state", "tcp/tcp_destroy_sock", "tcp/tcp_receive_reset", "sock/inet_sk_error_report",
          "icmp/icmp_send", "task/task_newtask", "task/task_rename", "sched/sched_process_exec"]


def write(name, text):
    with open(INSTANCE + name, "w") as file:
        file.write(text)


def scene():
    """A connection over IPv4, closed by the client; one over IPv6 to a dual-stack listener; a refused one; a program."""
    for family, here, there in [(socket.AF_INET, "127.0.0.1", "127.0.0.1"), (socket.AF_INET6, "::", "::1")]:
        listener = socket.socket(family)
        listener.bind((here, 8080))
        listener.listen()
        client = socket.socket(family)
        client.bind((there, 40000))
        client.connect((there, 8080))
        server, _ = listener.accept()
        client.close()
        time.sleep(0.1)
        server.close()
        listener.close()
    refused = socket.socket()
    refused.bind(("127.0.0.1", 40001))
    refused.connect_ex(("127.0.0.1", 1))
    refused.close()
    subprocess.run(["/bin/true"])


folder = sys.argv[1]
os.mkdir(INSTANCE)
try:
    for event in EVENTS:
        with open(TRACING + f"events/{event}/format", "rb") as source:
            with open(os.path.join(folder, event.split("/")[1] + ".format"), "wb") as copy:
                copy.write(source.read())
    with open(TRACING + "events/header_page", "rb") as source:
        with open(os.path.join(folder, "header_page.format"), "wb") as copy:
            copy.write(source.read())
    write("trace_clock", "boot")
    write("events/sock/inet_sock_set_state/filter", "protocol == 6")
    # On one CPU, and of this program, its children and interrupts only.
    os.sched_setaffinity(0, {0})
    write("options/event-fork", "1")
    interrupts = next(path.split("/")[2] for path in glob.glob("/proc/*/comm") if open(path).read() == "ksoftirqd/0\n")
    write("set_event_pid", f"{os.getpid()} {interrupts} 0")
    for event in EVENTS:
        write(f"events/{event}/enable", "1")
    scene()
    time.sleep(0.1)
    write("tracing_on", "0")
    pipe = os.open(INSTANCE + "per_cpu/cpu0/trace_pipe_raw", os.O_RDONLY | os.O_NONBLOCK)
    page = os.read(pipe, 65536)
    # The rest of the page is unused.
    length = 16 + (int.from_bytes(page[8:16], sys.byteorder) & 0x3FFFFFFF)
    with open(os.path.join(folder, "scene.page"), "wb") as copy:
        copy.write(page[:length])
    os.close(pipe)
finally:
    os.rmdir(INSTANCE)
