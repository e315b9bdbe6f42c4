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
for target in parse filter diag trace evidence; do
  Fuzz/run.sh "$target" "$runs"
done
