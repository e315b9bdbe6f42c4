#!/bin/sh
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
#
# Gathers in a directory what the binary need not look for each time it starts: links to the static libraries of SQLite
# and of the C++ runtime, as far as there are any, for the linker to find before the shared ones.
#
#   archives.sh DIRECTORY
#
# glibc stays shared: names of users and hosts come from modules that it loads (nsswitch.conf), and these want the very
# glibc that is installed.
set -eu

directory=$1
mkdir -p "$directory"
directory=$(cd "$directory" && pwd)
rm -f "$directory"/*.a "$directory"/*.pc

compiler=
for candidate in cc gcc clang; do
  if command -v "$candidate" >/dev/null 2>&1; then
    compiler=$candidate
    break
  fi
done
[ -n "$compiler" ] || exit 0

# link NAME AS: the compiler says where the library is, or gives the name back where it does not know.
link() {
  path=$("$compiler" -print-file-name="$1")
  [ "$path" != "$1" ] && [ -e "$path" ] && ln -s "$path" "$directory/$2"
}

# The unwinder goes with the C++ runtime: both or neither.
if link libstdc++.a libstdc++.a; then
  link libgcc_eh.a libgcc_s.a || rm "$directory/libstdc++.a"
fi
if link libsqlite3.a libsqlite3.a; then
  # What the package manager asks instead of the system's file, which names the directory of the shared library.
  cat >"$directory/sqlite3.pc" <<EOF
Name: SQLite
Description: SQL database engine
Version: 3
Libs: -L$directory -lsqlite3
Cflags:
EOF
fi
