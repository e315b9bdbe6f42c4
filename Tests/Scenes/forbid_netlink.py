#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Run a command that may make no netlink sockets, as some containers allow none: forbid_netlink.py COMMAND…

A seccomp(2) filter answers socket(AF_NETLINK, …) with EPERM. x86-64 and AArch64."""

import ctypes
import os
import platform
import struct
import sys

AF_NETLINK, EPERM = 16, 1
SOCKET = {"x86_64": 41, "aarch64": 198}[platform.machine()]
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2

# struct seccomp_data: the number of the call at 0, the low half of its first argument at 16.
program = b"".join(
    struct.pack("HBBI", *step)
    for step in [
        (LOAD, 0, 0, 0),
        (JUMP_EQUAL, 0, 3, SOCKET),
        (LOAD, 0, 0, 16),
        (JUMP_EQUAL, 0, 1, AF_NETLINK),
        (RETURN, 0, 0, ERRNO | EPERM),
        (RETURN, 0, 0, ALLOW),
    ]
)


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]


libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Program(len(program) // 8, program)), 0, 0):
    sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")
os.execvp(sys.argv[1], sys.argv[1:])
