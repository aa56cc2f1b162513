"""``python -m tests.benchmarks``: run rows, print them, and with --check judge them."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks import api_load, bulk, crowd, links, long_list, small_files, starts, terminal
from tests.benchmarks.bench import Bench
from tests.benchmarks.ground import MIB, prepared
from tests.benchmarks.measuring import RunFailedError
from tests.benchmarks.results import Report

ROWS: dict[str, Callable[[Bench], list[Report]]] = {
    "P1": bulk.p1,
    "P2": links.p2,
    "P3": links.p3,
    "P4": small_files.p4,
    "P5": links.p5,
    "P6": starts.p6,
    "P7": terminal.p7,
    "P8": bulk.p8,
    "P9": crowd.p9,
    "P10": crowd.p10,
    "P11": api_load.p11,
    "P12": links.p12,
    "P13": long_list.p13,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 when --check is given and a goal was missed or a row broke."""
    flags = _flags(argv)
    # Servers and folders must go too when somebody stops us.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    failed = False
    needed = 4 * flags.size * MIB + 2048 * MIB
    with prepared(flags.dir, needed) as ground:
        bench = Bench(ground, flags.n, flags.size, _say)
        _say(
            f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, "
            f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}; "
            f"files in {ground.where}; medians of {flags.n} interleaved runs; "
            "ratios are to tui-dl's own figure\n"
        )
        starts.warm_up(bench)
        for key in flags.only:
            began_s = time.perf_counter()
            try:
                reports = ROWS[key](bench)
            except RunFailedError as error:
                _say(f"{key}  BROKE: {error}\n")
                failed = True
                continue
            for report in reports:
                _say(report.text)
                failed = failed or not report.is_met
            took_s, load = time.perf_counter() - began_s, os.getloadavg()[0]
            busy = "; others keep this machine busy: times say little, ratios more"
            is_shared = load > 2 * (os.cpu_count() or 1)
            _say(f"    ({took_s:.0f} s for this row, load {load:.1f}{busy if is_shared else ''})\n")
    return 1 if failed and flags.check else 0


def _flags(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("-n", type=int, default=3, metavar="RUNS", help="runs of each contestant")
    parser.add_argument(
        "--only", type=_keys, default=list(ROWS), metavar="P1,P2", help="rows to run"
    )
    parser.add_argument(
        "--size", type=int, default=1024, metavar="MIB", help="size of the bulk rows P1, P8, P10"
    )
    parser.add_argument("--dir", type=Path, help="folder for everything; default: memory or temp")
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is missed")
    return parser.parse_args(argv)


def _keys(text: str) -> list[str]:
    keys = [key.strip().upper() for key in text.split(",")]
    unknown = [key for key in keys if key not in ROWS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such row: {', '.join(unknown)}")
    return keys


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
