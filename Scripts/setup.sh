#!/bin/sh
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
#
# Sees to what the build and the tests need. Installs what is missing where apt-get can, and says what to type where not.
#
#   setup.sh build    Swift, SQLite's header and library: without them, exit 2
#   setup.sh test     those, and what end-to-end tests and make guard use: without it, they are skipped and a line says why.
#                     Servers are not installed but unpacked in .build/servers, where nothing starts them but a test
#   setup.sh bench    Python, and the tools that the benchmark holds connwatch against: without one, its lines are skipped
set -u

# What makes us root: nothing, or sudo, which must not stop to ask for a password where nobody is there to type one.
if [ "$(id -u)" -eq 0 ]; then
  as_root=
elif [ -t 0 ]; then
  as_root=sudo
else
  as_root='sudo -n'
fi

apt() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=60 "$@" </dev/null
}

can_install() {
  command -v apt-get >/dev/null 2>&1 && { [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null 2>&1; }
}

# A package list that is missing or out of date is fetched, and only then.
install() {
  can_install || return 1
  echo "setup: installing $*"
  apt install --no-install-recommends "$@" >/dev/null 2>&1 && return 0
  { apt update && apt install --no-install-recommends "$@"; } >/dev/null
}

# What a person types for the same, on this distribution.
advice() {
  if command -v apt-get >/dev/null 2>&1; then
    echo "sudo apt-get update && sudo apt-get install -y $1"
  elif command -v dnf >/dev/null 2>&1; then
    echo "sudo dnf install -y $2"
  elif command -v zypper >/dev/null 2>&1; then
    echo "sudo zypper install -y $2"
  elif command -v pacman >/dev/null 2>&1; then
    echo "sudo pacman -S $3"
  else
    echo "install SQLite's development files (sqlite3.h and libsqlite3)"
  fi
}

# A compiler is asked, the toolchain's own first: where it finds the header and the library, the build does too.
have_sqlite() {
  for compiler in clang cc gcc; do
    command -v "$compiler" >/dev/null 2>&1 || continue
    printf '#include <sqlite3.h>\nint main(void) { return sqlite3_libversion_number() < 3; }\n' |
      "$compiler" -x c - -lsqlite3 -o /dev/null 2>/dev/null
    return
  done
  [ -e /usr/include/sqlite3.h ]
}

build() {
  if ! command -v swift >/dev/null 2>&1; then
    echo "setup: swift: not found (install Swift 6.2 or later from https://www.swift.org/install/linux/ and put it on PATH)" >&2
    exit 2
  fi
  have_sqlite || install libsqlite3-dev
  if ! have_sqlite; then
    echo "setup: SQLite's header or library is missing, and could not be installed from here. Type:" >&2
    echo "  $(advice libsqlite3-dev sqlite-devel sqlite)" >&2
    exit 2
  fi
}

# wanted WHAT-IS-SKIPPED COMMAND:PACKAGE...: installs the packages of commands that are missing.
wanted() {
  skipped=$1
  shift
  missing=
  for pair in "$@"; do
    # Some of them are where an ordinary user's PATH does not lead.
    PATH="$PATH:/usr/sbin:/sbin" command -v "${pair%%:*}" >/dev/null 2>&1 && continue
    case " $missing " in *" ${pair#*:} "*) ;; *) missing="$missing ${pair#*:}" ;; esac
  done
  # shellcheck disable=SC2086 # one word a package
  if [ -n "$missing" ] && ! install $missing; then
    echo "setup: not installed:$missing: $skipped that use them are skipped. To run them:"
    echo "  $(advice "${missing# }" "${missing# }" "${missing# }")"
  fi
}

servers=$(cd "$(dirname "$0")/.." && pwd)/.build/servers

# unpacked COMMAND:PACKAGE...: servers for the tests. An installed one would be started, now or when the machine starts again, and
# telnetd would be added to what inetd serves. So packages, and the libraries that are missing for them, are fetched and unpacked, and dpkg
# knows nothing of them. One that is installed already is left alone, and used.
unpacked() {
  missing=
  for pair in "$@"; do
    PATH="$PATH:/usr/sbin:/sbin:$servers/usr/sbin" command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
  done
  [ -n "$missing" ] || return 0
  echo "setup: unpacking$missing in ${servers#"$PWD/"}"
  # shellcheck disable=SC2086 # one word a package
  if ! command -v dpkg >/dev/null 2>&1 || ! unpack $missing; then
    echo "setup: not there:$missing: the tests that use them are skipped. To run them, where their daemons may be installed:"
    echo "  $(advice "${missing# }" "${missing# }" "${missing# }")"
  fi
}

unpack() {
  can_install || return 1
  fetched=$(mktemp -d) || return 1
  mkdir -p "$fetched/partial" "$servers"
  status=0
  fetch "$@" >/dev/null 2>&1 || { apt update && fetch "$@"; } >/dev/null || status=1
  for package in "$fetched"/*.deb; do
    dpkg -x "$package" "$servers" || status=1
  done
  $as_root rm -rf "$fetched"
  return $status
}

fetch() {
  apt -o Dir::Cache::archives="$fetched" --no-install-recommends --download-only install "$@"
}

tests() {
  wanted "the tests" ip:iproute2 ss:iproute2 python3:python3 curl:curl sqlite3:sqlite3 valgrind:valgrind strip:binutils \
    telnet:telnet nft:nftables nmap:nmap tmux:tmux
  unpacked nginx:nginx-light vsftpd:vsftpd inetd:openbsd-inetd telnetd:inetutils-telnetd
  if [ "$(id -u)" -ne 0 ]; then
    echo "setup: not root: the end-to-end tests that make network namespaces are skipped"
  fi
}

have_psutil() {
  for python in python3 /usr/bin/python3; do
    "$python" -c 'import psutil' >/dev/null 2>&1 && return
  done
  return 1
}

bench() {
  if ! command -v python3 >/dev/null 2>&1 && ! install python3; then
    echo "setup: python3 is missing, which drives the benchmark, and could not be installed from here. Type:" >&2
    echo "  $(advice python3 python3 python)" >&2
    exit 2
  fi
  wanted "the lines of the benchmark" ss:iproute2 netstat:net-tools lsof:lsof watch:procps htop:htop sqlite3:sqlite3 valgrind:valgrind strip:binutils
  # A module has no command to look for.
  if ! have_psutil && ! install python3-psutil; then
    echo "setup: not installed: python3-psutil: the lines of the benchmark that use it are skipped. To run them:"
    echo "  $(advice python3-psutil python3-psutil python-psutil)"
  fi
}

case "${1:-}" in
  build) build ;;
  test) build && tests ;;
  bench) bench ;;
  *)
    echo "usage: setup.sh build|test|bench" >&2
    exit 2
    ;;
esac
