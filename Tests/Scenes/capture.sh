#!/bin/sh
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
#
# Makes Tests/Fixtures/proc_net_tcp again from this machine's kernel (root; Python 3 and iproute2). Ports, inodes and
# pointers differ from one run to the next, so whatever tests count on is in all_states.json, written by the same run.
# Every table is read inside a namespace that has nothing in it but the scene: nothing of this machine gets in.
set -eu

scenes=$(cd "$(dirname "$0")" && pwd)
out=${1:-$scenes/../Fixtures/proc_net_tcp}
mkdir -p "$out"
cd "$out"

"$scenes/all_states.py" --expected all_states.json --exec -- sh -c '
  for table in tcp tcp6 udp udp6; do cat /proc/net/$table > all_states.$table; done'
"$scenes/few.py" none --exec -- sh -c '
  for table in tcp tcp6 udp udp6; do cat /proc/net/$table > header_only.$table; done'
"$scenes/few.py" mapped --exec -- sh -c 'cat /proc/net/tcp6 > mapped.tcp6'
"$scenes/few.py" reuseport --exec -- sh -c 'cat /proc/net/tcp > reuseport.tcp'
"$scenes/few.py" udp_connected --exec -- sh -c 'cat /proc/net/udp > udp_connected.udp'
# 300 connections, over in about a second: their client ends stay for a minute. More than ten pages of rows.
"$scenes/load.py" --churn 300 --for 1 --lifetime 0 --exec -- sh -c 'sleep 1.5; cat /proc/net/tcp > time_wait.tcp' > /dev/null

# Derived: a real capture, damaged or re-encoded.
# Rows are 150 bytes here. The sixth is cut once before its inode column, once in the middle of the inode's digits.
head -c 970 all_states.tcp > torn.tcp
head -c 993 all_states.tcp > torn_inode.tcp
: > empty.tcp
head -c -1 reuseport.tcp > no_final_newline.tcp
sed 's/$/\r/' reuseport.tcp > crlf.tcp
python3 - all_states.tcp > big_endian.tcp <<'PYTHON'
import re, sys
# A kernel of the other byte order prints the same address bytes as the other number. Ports and the rest are numbers already.
word = re.compile(r"\b([0-9A-F]{2})([0-9A-F]{2})([0-9A-F]{2})([0-9A-F]{2})(?=:[0-9A-F]{4}\b)")
with open(sys.argv[1], newline="") as file:
  for line in file:
    head, rest = line[:34], line[34:]
    sys.stdout.write(word.sub(r"\4\3\2\1", head) + rest)
PYTHON
echo "kernel $(uname -r) $(uname -m), $(ls *.tcp *.tcp6 *.udp *.udp6 | wc -l) tables in $(pwd)"
