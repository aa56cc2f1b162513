"""``tui-dl`` as it is, in a process that tells what it holds.

Reads words from standard input: ``level`` is answered by a line of JSON on standard output,
``clock SECONDS`` moves the engine's wall clock to so far from the real one. Must not change
anything else, but one bound: see ``HISTORY_ROWS``.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

from tui_dl.api import history
from tui_dl.cli.main import main
from tui_dl.engine.world import World, utc_now
from tui_dl.service.local import LocalService

HISTORY_ROWS = 100
"""The real bound is reached after hours, and until then the history looks like a leak."""

_shift = timedelta()


def _now() -> datetime:
    return utc_now() + _shift


def _level() -> dict[str, int]:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    known = gc.get_objects()
    # A task that has ended and is still there counts as an object, not as a task.
    tasks = [each for each in known if isinstance(each, asyncio.Task)]
    return {
        "resident_bytes": pages * os.sysconf("SC_PAGE_SIZE"),
        "descriptors": len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - names are enough
        "tasks": sum(not task.done() for task in tasks),
        "threads": threading.active_count(),
        "objects": len(known),
    }


def _answer() -> None:
    global _shift
    for line in sys.stdin:
        word, _, rest = line.partition(" ")
        if word == "clock":
            _shift = timedelta(seconds=float(rest))
        else:
            print(json.dumps(_level()), flush=True)


if __name__ == "__main__":
    # A soak in the background is deaf to ctrl+c, and this would be too: it obeys that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    history.MOST_ROWS = HISTORY_ROWS
    LocalService.__init__.__defaults__ = (World(now=_now),)
    threading.Thread(target=_answer, daemon=True).start()
    sys.exit(main(sys.argv[1:]))
