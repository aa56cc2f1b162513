"""``python -m tests.soak --minutes 60 --seed 1``: the long form, with a table at the end."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.soak.faults import Tally, slope_bytes_per_h, soak

LARGEST_SLOPE = 1e6
"""Bytes of resident memory an hour (L6). Short runs are all warm-up: judge an hour or more."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the soak; 1 when a file was wrong or a download hung."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", type=Path, help="folder for everything; default: temp")
    flags = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="soak-", dir=flags.dir) as folder:
        tally = asyncio.run(soak(Path(folder), 60 * flags.minutes, flags.seed, _say))
    for line in summary(tally, flags.seed):
        _say(line)
    return int(bool(tally.wrong or tally.hung))


def summary(tally: Tally, seed: int) -> list[str]:
    """Return the table of one run."""
    first, last = tally.levels[0], tally.levels[-1]
    slope = slope_bytes_per_h(tally.levels)
    return [
        "",
        f"seed {seed}, {last.at_s / 60:.1f} minutes, {tally.rounds} rounds",
        f"completed           {tally.done}",
        f"failed, with reason {tally.failed}",
        f"paused and resumed  {tally.paused_and_resumed}",
        f"engines closed      {tally.restarts}",
        f"wrong files         {len(tally.wrong)}  {' | '.join(tally.wrong[:5])}",
        f"hung downloads      {len(tally.hung)}  {' | '.join(tally.hung[:5])}",
        f"memory              {first.resident_bytes / 1e6:.1f} ->"
        f" {last.resident_bytes / 1e6:.1f} MB,"
        f" {slope / 1e6:+.1f} MB an hour (goal {LARGEST_SLOPE / 1e6:+.1f})",
        f"descriptors         {first.descriptors} -> {last.descriptors}",
        f"tasks, threads      {first.tasks}, {first.threads} -> {last.tasks}, {last.threads}",
    ]


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
