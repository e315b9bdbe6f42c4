#!/bin/sh
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
#
# Fuzz one target: Fuzz/run.sh TARGET RUNS [LIBFUZZER OPTION...]
#
#   Fuzz/run.sh parse 1000000      socket tables (Fuzz/fuzz_parse.swift)
#   Fuzz/run.sh diag 1000000       answers of sock_diag (Fuzz/fuzz_diag.swift)
#   Fuzz/run.sh trace 1000000      pages of the kernel's trace (Fuzz/fuzz_trace.swift)
#   Fuzz/run.sh filter 1000000     filters as they are typed (Fuzz/fuzz_filter.swift)
#   Fuzz/run.sh evidence 1000000   what netstat, ss, lsof and scanners wrote (Fuzz/fuzz_evidence.swift)
#   Fuzz/run.sh keys 1000000       what a terminal sends (Fuzz/fuzz_keys.swift)
#   Fuzz/run.sh time 1000000       times, durations and sizes as they are typed (Fuzz/fuzz_time.swift)
#
# A target is a file Fuzz/fuzz_TARGET.swift with LLVMFuzzerTestOneInput in it. The modules it imports are built
# straight with swiftc, instrumented, into .fuzz/, where the corpus and whatever made it fail are kept too. Files of the
# program itself, which cannot be imported, are named after "// with:" and compiled with it.
#
# FUZZ_FAST=1 leaves out the following of comparisons: two to three times as many runs a second, for a corpus
# that already reaches everything. FUZZ_BARE=1 leaves out the address sanitizer too, again three times as many: for a
# target that follows few pointers and has been run with it: the checks that Swift itself makes are what is left.
set -eu

if [ $# -lt 2 ]; then
  echo "usage: $0 TARGET RUNS [LIBFUZZER OPTION...]" >&2
  echo "targets: $(cd "$(dirname "$0")" && ls fuzz_*.swift | sed 's/fuzz_\(.*\)\.swift/\1/' | tr '\n' ' ')" >&2
  exit 2
fi
target=$1 runs=$2
shift 2

root=$(cd "$(dirname "$0")/.." && pwd)
source=$root/Fuzz/fuzz_$target.swift
if [ ! -f "$source" ]; then
  echo "$0: $target: no such target ($source)" >&2
  exit 2
fi
out=$root/.fuzz/$target
corpus=$out/corpus
mkdir -p "$corpus" "$out/failures"

sanitizers=fuzzer,address sanitize_c=-fsanitize=address kind=
instruments="-sanitize=$sanitizers" edges=-sanitize-coverage=edge,inline-8bit-counters,pc-table
if [ -n "${FUZZ_BARE:-}" ]; then
  sanitizers=fuzzer sanitize_c='' kind=-bare
  instruments="-sanitize=$sanitizers $edges"
elif [ -n "${FUZZ_FAST:-}" ]; then
  kind=-fast
  instruments="-sanitize=address $edges"
fi
flags="-O -swift-version 6 -parse-as-library -enable-testing $instruments
  -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
  -enable-upcoming-feature MemberImportVisibility -enable-upcoming-feature NonisolatedNonsendingByDefault"

# Targets share their modules, which are built again only when a source is newer.
modules=$root/.fuzz/modules$kind
mkdir -p "$modules"

# build_module NAME: one object and the interface of a module of Sources.
build_module() {
  if [ -f "$modules/$1.o" ] && [ -z "$(find "$root/Sources/$1" -newer "$modules/$1.o" | head -n 1)" ]; then return; fi
  # shellcheck disable=SC2046,SC2086
  swiftc $flags -wmo -I "$modules" $headers -module-name "$1" -emit-module -emit-module-path "$modules/$1.swiftmodule" \
    -c $(find "$root/Sources/$1" -name '*.swift' | sort) -o "$modules/$1.o"
}

# The headers that KernelNet needs, and what is compiled of them.
headers="-I $root/Sources/CKernelNet/include"

# build_c: one object of each C file of CKernelNet.
build_c() {
  for file in "$root"/Sources/CKernelNet/*.c; do
    object=$modules/$(basename "$file" .c).c.o
    if [ ! -f "$object" ] || [ -n "$(find "$root/Sources/CKernelNet" -newer "$object" | head -n 1)" ]; then
      # shellcheck disable=SC2086
      clang -O2 -g $sanitize_c $headers -c "$file" -o "$object"
    fi
    objects="$objects $object"
  done
}

# In the order in which they import each other; only what the target imports, and ConnCore beneath it.
objects=
for module in ConnCore ProcNet KernelNet; do
  if [ "$module" = ConnCore ] || grep -Eq "^(@testable )?import $module\$" "$source"; then
    if [ "$module" = KernelNet ]; then build_c; fi
    build_module "$module"
    objects="$objects $modules/$module.o"
  fi
done
files=
for file in $(sed -n 's|^// with: ||p' "$source"); do files="$files $root/Sources/connwatch/$file.swift"; done
# shellcheck disable=SC2086
swiftc $flags -wmo -I "$modules" $headers -module-name "fuzz_$target" -c "$source" $files -o "$out/fuzz_$target.o"
# The linker warns of what the sanitizer keeps to itself.
# shellcheck disable=SC2086
swiftc -sanitize=$sanitizers "$out/fuzz_$target.o" $objects -o "$out/fuzz_$target" 2>"$out/link.log" ||
  { cat "$out/link.log" >&2; exit 2; }

# Seeds are read only; new inputs go to the corpus. A target may have seeds of its own in Fuzz/seeds/TARGET.
seeds=
for folder in "$root/Fuzz/seeds/$target" "$root/Tests/Fixtures"; do
  if [ -d "$folder" ]; then seeds="$seeds $folder"; fi
done

dictionary=$root/Fuzz/fuzz_$target.dict
if [ -f "$dictionary" ]; then set -- "-dict=$dictionary" "$@"; fi

# Without this the runtime's own backtrace hangs for minutes after a crash.
export SWIFT_BACKTRACE=enable=no
# shellcheck disable=SC2086
exec "$out/fuzz_$target" -runs="$runs" -max_len=4096 -print_final_stats=1 -artifact_prefix="$out/failures/" \
  "$@" "$corpus" $seeds
