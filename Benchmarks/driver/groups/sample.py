# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""A recorder's sample: what connwatch adds to what the kernel spends on telling the sockets."""

from .. import kit, load, namespace
from ..line import Line
from ..pairs import median
from ..quantity import count

NAME = "sample"
TITLE = "A sample (read, parse, diff): connwatch's CPU beside the kernel's"
SECONDS = 40
LINES = ["by /proc and by sock_diag, at 10,000 and 100,000 sockets (budget 0.25)"]

SIZES = (10_000, 100_000)


def run(bench):
  for size in bench.sizes(*SIZES):
    with namespace.entered(), load.steady(bench, size):
      for source in ("proc", "netlink"):
        bench.progress(f"{count(size)} sockets by {source}")
        yield _line(kit.ask(bench, "sample", source, bench.seconds(SECONDS / len(SIZES) / 2 - 3)), size, source)


def _line(answer, size, source):
  """Ours is what a whole sample takes beyond a bare reading in C of the same answers, which is the kernel's."""
  kernel = answer["kernel"]
  ours = [whole - bare for whole, bare in zip(answer["whole"], kernel)]
  return Line(
    f"{count(size)} sockets, --source {source}", ours=median(ours), peer="kernel", theirs=median(kernel),
    ratio=median([own / bare for own, bare in zip(ours, kernel)]), budget=0.25,
    samples={"sample": answer["whole"], "kernel": kernel, "user_total": [answer["whole_user"]], "system_total": [answer["whole_system"]]})
