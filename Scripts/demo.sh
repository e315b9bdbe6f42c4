#!/bin/sh
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
#
# What connwatch is for, in half a minute: records this machine's sockets, printing each event as it comes, then asks the
# history which services were used, and which ports listen. The database is the one that connwatch would choose by itself.
set -eu

connwatch=${1:-.build/release/connwatch}
seconds=${2:-30}

say() { printf '\n\033[1m$ connwatch %s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n$ connwatch %s\n' "$*"; }

say record --for "${seconds}s" --print
"$connwatch" record --for "${seconds}s" --print
say services
"$connwatch" services
say listeners
"$connwatch" listeners
