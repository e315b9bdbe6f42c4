# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""How long it takes to start at all: every one-shot command pays it."""

from .. import callgrind, compare, peers
from ..line import Line, Skip, skipped

NAME = "start"
TITLE = "Start-up: -V"
SECONDS = 10
LINES = ["wall time and instructions against ss -V"]


def run(bench):
  ours, peer = "connwatch -V", "ss -V"
  words = {ours: [bench.connwatch, "-V"], peer: [peers.path("ss"), "-V"]}
  bench.progress("wall time")
  samples = compare.commands(bench, words, bench.seconds(4), least=11, most=400)
  yield compare.against("wall time", samples, ours, peer)
  bench.progress("instructions")
  try:
    binary = callgrind.stripped(bench.connwatch, bench.file("connwatch-stripped"))
    own = callgrind.instructions([binary, "-V"])
    other = callgrind.instructions(words[peer])
    yield Line(
      "instructions, dynamic linking included", ours=own, unit="instructions", peer=peer, theirs=other, ratio=own / other,
      samples={ours: [own], peer: [other]})
  except Skip as why:
    yield skipped("instructions", why)
