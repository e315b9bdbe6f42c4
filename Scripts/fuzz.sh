#!/bin/sh
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
#
# Runs every fuzz target for RUNS inputs.
set -eu

runs=${1:?usage: fuzz.sh RUNS}
if [ ! -x Fuzz/run.sh ]; then
  echo "fuzz: skipped: there is no Fuzz/run.sh"
  exit 0
fi
for target in parse filter diag trace keys time; do
  Fuzz/run.sh "$target" "$runs"
done
# Each of its inputs is a whole listing, and takes as long as ten of the others.
Fuzz/run.sh evidence $(((runs + 3) / 4))
