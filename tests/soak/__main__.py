"""``python -m tests.soak --minutes 60 --seed 1``: the long form of rows L1 to L8, as a table."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.ground import MIB, prepared
from tests.benchmarks.results import Report
from tests.soak import crowds, listening
from tests.soak.report import l6
from tests.soak.run import Tally, soak

KILLS = 100
LISTENED_S, LOADED_S = 600.0, 60.0
SIZE_MIB = 1024
ROWS = ("L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the rows; 1 when bytes were wrong, a download hung or was lost, or a row broke.

    With ``--check`` also when a figure misses its goal.
    """
    flags = _flags(argv)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    verdicts: dict[str, str] = {}
    try:
        for key in flags.only:
            verdicts[key] = "STOPPED"  # until it is done
            verdicts[key] = _row(key, flags)
    finally:  # a signal too: what was measured for an hour is told
        _say("\n".join(["all rows", *(f"    {key}  {word}" for key, word in verdicts.items())]))
    bad = ("BROKE", "WRONG", *(("MISSED",) if flags.check else ()))
    return int(any(word.startswith(bad) for word in verdicts.values()))


def _row(key: str, flags: argparse.Namespace) -> str:
    """Run one row and print it; return its verdict, whatever becomes of it."""
    try:
        return _soak(flags) if key == "L6" else _judged(_figure(key, flags))
    except Exception as error:  # noqa: BLE001 - the other rows of an unattended run still count
        traceback.print_exc()
        verdict = f"BROKE: {_reason(error)}"
        _say(f"{key}  {verdict}")
        return verdict


def _soak(flags: argparse.Namespace) -> str:
    tally = Tally()
    places = tempfile.TemporaryDirectory(prefix="soak-", dir=flags.dir, ignore_cleanup_errors=True)
    try:
        with places as folder:
            asyncio.run(soak(Path(folder), 60 * flags.minutes, flags.seed, _say, tally=tally))
    finally:  # what was counted until it broke, or was stopped, is told
        verdict = _judged(l6(tally, flags.seed)) if tally.levels else "BROKE: not one round"
    return verdict if tally.is_good else "WRONG, hung or lost files"


def _judged(report: Report) -> str:
    """Print a row and return its verdict."""
    _say(report.text)
    missed = [goal.what for goal in report.goals if not goal.is_met]
    return f"MISSED: {', '.join(missed)}" if missed else "met"


def _reason(error: BaseException) -> str:
    """Return what went wrong first, in one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _figure(key: str, flags: argparse.Namespace) -> Report:
    most_s = 60 * flags.minutes
    figures: dict[str, Callable[[Bench], Report]] = {
        "L1": crowds.l1,
        "L2": crowds.l2,
        "L3": lambda bench: listening.l3(bench, flags.kills, flags.seed),
        "L4": lambda bench: listening.l4(bench, min(LISTENED_S, most_s)),
        "L5": lambda bench: listening.l5(bench, min(LOADED_S, most_s)),
        "L7": crowds.l7,
        "L8": crowds.l8,
    }
    with prepared(flags.dir, 4 * SIZE_MIB * MIB) as ground:
        return figures[key](Bench(ground, 1, SIZE_MIB, _say))


def _flags(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="of L6; most of L4 and L5")
    parser.add_argument("--seed", type=int, default=1, help="draws the faults and the kills")
    parser.add_argument("--kills", type=int, default=KILLS, help="of L3")
    parser.add_argument("--only", type=_keys, default=list(ROWS), metavar="L1,L2")
    parser.add_argument("--dir", type=Path, help="folder for everything; default: memory or temp")
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is missed")
    return parser.parse_args(argv)


def _keys(text: str) -> list[str]:
    keys = [key.strip().upper() for key in text.split(",")]
    if unknown := [key for key in keys if key not in ROWS]:
        raise argparse.ArgumentTypeError(f"no such row: {', '.join(unknown)}")
    return keys


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
