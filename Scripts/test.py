#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests that are built, and says at the end which failed and why.

    test.py [--sanitize address|thread] [OPTION OF SWIFT TEST...]

Tests of the program itself (the suite EndToEnd) play with real sockets, processes and clocks, and a machine that has
no time for them can fail one. One that failed is run twice more by itself. Where it passes both times that is said, and
it counts as passed; all other tests have one try.

With --sanitize the tests are those in .build/asan or .build/tsan, and the reports of the sanitizer are looked for: in the
output, and in files, since the programs that tests start have a standard error of their own. `swift test` alone would
pass with a data race reported.

Exit status: 0 where all passed, 1 where not, 2 where the tests could not be run to their end.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SWIFT = os.environ.get("SWIFT", "swift")
SCRIPTS = os.path.dirname(os.path.abspath(__file__))
TRIES = 2
REPORT = re.compile(r"(WARNING|ERROR): (Address|Leak|Thread)Sanitizer|runtime error:")


def run(options, events):
    """Runs tests, passes on what they print; gives the exit status and the reports of a sanitizer in it."""
    command = [SWIFT, "test", "--skip-build", "--event-stream-output-path", events, "--event-stream-version", "0"]
    process = subprocess.Popen(
        command + options, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    reports = []
    for line in process.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        if REPORT.search(line):
            reports.append(line)
    return process.wait(), reports


class Sanitizer:
    """Where a sanitizer writes what it finds, in whichever process."""

    def __init__(self, name):
        self.folder = tempfile.mkdtemp(prefix="connwatch-" + name + "-")
        # Programs run as other users too.
        os.chmod(self.folder, 0o1777)
        common = f"log_path={self.folder}/report:symbolize=1"
        suppressions = os.path.join(SCRIPTS, name + "-suppressions.txt")
        if os.path.exists(suppressions):
            common += ":suppressions=" + suppressions
        # A test makes a fault, and looks at what is left of the terminal: such a signal ends a program as it does without.
        common += ":handle_segv=0:handle_sigbus=0:handle_abort=0"
        os.environ["ASAN_OPTIONS"] = common + ":detect_leaks=0"
        os.environ["TSAN_OPTIONS"] = common + ":halt_on_error=0:exitcode=66"
        self.options = ["--sanitize", name, "--scratch-path", f".build/{name[0]}san"]
        if name == "thread":
            os.environ["LD_PRELOAD"] = self.mutex()

    def mutex(self):
        """The library that shows it the locks it cannot see, made with the clang beside swift: others have no swiftcall."""
        library = os.path.join(self.folder, "mutex.so")
        swift = os.path.realpath(shutil.which(SWIFT) or SWIFT)
        clang = os.path.join(os.path.dirname(swift), "clang")
        subprocess.run(
            [clang, "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", library, os.path.join(SCRIPTS, "thread-mutex.c")],
            check=True)
        return library

    def reports(self):
        """The text of each report, those of one process together."""
        found = []
        for name in sorted(os.listdir(self.folder)):
            if not name.startswith("report"):
                continue
            with open(os.path.join(self.folder, name), errors="replace") as file:
                found.append(file.read())
        # It remarks there too that it cannot do something, without /proc for instance.
        return [text for text in found if REPORT.search(text)]


def failures(events):
    """What failed by the tests' own record, name -> messages; and how many tests there were, 0 where it had no end."""
    found, tests, ended = {}, 0, False
    with open(events, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                payload = json.loads(line).get("payload", {})
            except ValueError:
                continue
            ended = ended or payload.get("kind") == "runEnded"
            tests += payload.get("kind") == "testStarted" and ")/" in payload.get("testID", "")
            if payload.get("kind") != "issueRecorded" or payload.get("issue", {}).get("isKnown"):
                continue
            # "Module.Suite/Suite/test()/File.swift:1:2": the place is not part of the name.
            name = re.sub(r"/[^/]*\.swift:\d+:\d+$", "", payload.get("testID", "(no test)"))
            found.setdefault(name, []).append(" ".join(message["text"] for message in payload.get("messages", [])))
    return found, tests if ended else 0


def attempt(options):
    """One run: its status, failures, how many tests, and how many reports there were."""
    with tempfile.TemporaryDirectory() as folder:
        events = os.path.join(folder, "events")
        status, reports = run(options, events)
        found, tests = failures(events) if os.path.exists(events) else ({}, 0)
        return status, found, tests, reports


def tell(found):
    for name, messages in sorted(found.items()):
        print(f"  {name}")
        for message in messages[:5]:
            print("    " + message[:2000].replace("\n", "\n    "))


def passes_alone(name, options):
    """Whether a test passes each of its further tries."""
    for number in range(TRIES):
        print(f"\nOnce more, by itself ({number + 1} of {TRIES}): {name}", flush=True)
        status, found, tests, reports = attempt(options + ["--filter", "^" + re.escape(name) + "(/|$)"])
        if status != 0 or found or tests != 1 or reports:
            tell(found)
            return False
    return True


def judge(status, found, tests, options):
    """The exit status of a run, after further tries of what may have failed for want of time."""
    if status == 0 and not found:
        return 0
    if tests == 0 or not found:
        print(f"\nThe tests did not run to their end (status {status}); what failed until then:")
        tell(found)
        return 2
    print(f"\n{len(found)} failed:")
    tell(found)
    if any(not re.match(r"connwatchTests\.EndToEnd/.*\)$", name) for name in found):
        return 1
    if not all([passes_alone(name, options) for name in sorted(found)]):
        print("\nFailed again, see above; of the whole run these had failed:")
        tell(found)
        return 1
    print(f"\nPassed. Failed once among the others, and passed {TRIES} times alone:")
    tell(found)
    return 0


def main():
    options = sys.argv[1:]
    sanitizer, build = None, []
    if options[:1] == ["--sanitize"]:
        sanitizer = Sanitizer(options[1])
        build = sanitizer.options
        options = build + options[2:]
    status, found, tests, reports = attempt(options)
    # A report in the output makes no test fail, and one of the tests themselves ends them with a status of its own.
    result = judge(0 if reports and not found and tests else status, found, tests, build)
    if sanitizer:
        reports += sanitizer.reports()
        for report in reports[:20]:
            print("\n" + report[:6000])
        print(f"\n{tests} tests, {len(found)} failed at first, {len(reports)} processes were reported by the sanitizer")
        return 1 if reports else result
    return result


if __name__ == "__main__":
    sys.exit(main())
