"""L6 as a row of the table: what a soak's tally says, and whether it is good enough."""

from __future__ import annotations

from statistics import median

from tests.benchmarks.results import MB, Goal, Report
from tests.soak.levels import excess, slope
from tests.soak.run import Tally
from tui_dl.cli.log_file import MOST_BYTES, OLDER_FILES

SLOPE_BPH = 1e6
"""Most bytes of resident memory an hour."""
JUDGED_FROM_S = 3000.0
"""A shorter run is mostly warm-up: its slope is told, and not judged."""
LOG_LINE_BYTES = 64 * 1024
"""By so much a file may pass its bound: one record."""


def l6(tally: Tally, seed: int) -> Report:
    """Return the row."""
    levels = tally.levels
    last, memory = levels[-1], slope(levels, "resident_bytes")
    ends = ", ".join(f"{name} {count}" for name, count in sorted(tally.ends.items()))
    starts = sorted(tally.starts_s) or [0.0]
    lines = [
        f"completed {tally.done}, failed with a reason {tally.failed}, paused and resumed "
        f"{tally.paused_and_resumed}",
        f"ended and begun again: {ends or 'never'}; date moved {tally.clock_jumps} times; "
        f"start to port: median {median(starts):.2f} s, worst {starts[-1]:.2f} s",
        *(f"failed: {word}, {count} times" for word, count in sorted(tally.reasons.items())),
        *(f"WRONG: {what}" for what in tally.wrong[:10]),
        *(f"HUNG: {what}" for what in tally.hung[:10]),
        *(f"LOST: {what}" for what in tally.lost[:10]),
        "of the engine that was never ended, between rounds (first, last, slope):",
        f"  resident MB   {_ends(tally, 'resident_bytes', MB)}  {memory.text(MB, ' MB')}",
    ]
    for name in ("descriptors", "tasks", "threads", "objects", "journals"):
        lines.append(f"  {name:12}  {_ends(tally, name)}  {slope(levels, name).text()}")
    for name in ("catalog_bytes", "log_bytes"):
        kib = slope(levels, name).text(1024, " KiB")
        lines.append(f"  {name[:-6] + ' KiB':12}  {_ends(tally, name, 1024)}  {kib}")
    goals = [
        Goal("wrong files", len(tally.wrong), 0, ""),
        Goal("hung downloads", len(tally.hung), 0, ""),
        Goal("lost downloads", len(tally.lost), 0, ""),
        *(Goal(f"{name} above the start", excess(levels, name), 0, "") for name in _COUNTED),
        Goal("journals left", last.journals, 0, ""),
        Goal("log at its largest", tally.log_peak_bytes / 1024, _LOG_MOST / 1024, "KiB"),
        Goal("start to port, worst", starts[-1], 3.0, "s"),
    ]
    if last.at_s >= JUDGED_FROM_S:
        goals.append(Goal("memory slope", memory.by_hour / MB, SLOPE_BPH / MB, "MB/h"))
    title = f"random faults, seed {seed}, {last.at_s / 60:.1f} minutes, {tally.rounds} rounds"
    return Report("L6", title, lines, goals)


_COUNTED = ("descriptors", "tasks", "threads")
_LOG_MOST = (OLDER_FILES + 1) * (MOST_BYTES + LOG_LINE_BYTES)


def _ends(tally: Tally, name: str, unit: float = 1) -> str:
    first, last = (getattr(level, name) / unit for level in (tally.levels[0], tally.levels[-1]))
    digits = 0 if unit == 1 else 1
    return f"{first:.{digits}f} -> {last:.{digits}f}"
