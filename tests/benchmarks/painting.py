"""What frames of the app cost in CPU, measured without a terminal over a fake service.

Each figure is what a look with changes costs more than a look without any.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from tests.tui.driving import WIDE, Driver, driven
from tests.tui.fake_service import FakeService
from tui_dl.domain.model import Status

ROWS = 20
LOOKS = 30
TOTAL_BYTES = 40_000_000_000


@dataclass(frozen=True, slots=True)
class Frames:
    """CPU milliseconds of one repaint."""

    rows_ms: float
    chunks_ms: float


async def measure_frames() -> Frames:
    """Measure 20 changed rows, and a chunk map that changes."""
    async with driven(_running(ROWS), WIDE) as d:
        rows_ms = await _cost_ms(d, lambda: d.service.advance(0.25))
    async with driven(_running(1), WIDE) as d:
        await d.press("enter", "right")
        assert "each cell is" in d.text, "this is not the chunk map"
        chunks_ms = await _cost_ms(d, lambda: d.service.advance(4.0))
    return Frames(rows_ms, chunks_ms)


def _running(count: int) -> FakeService:
    service = FakeService()
    for number in range(count):
        service.put(
            f"file-{number:02}.bin",
            Status.DOWNLOADING,
            total_bytes=TOTAL_BYTES,
            done_bytes=number * 1_000_000,
            rate_bps=50_000_000.0,
            connections=16,
        )
    return service


async def _cost_ms(d: Driver, change: Callable[[], None]) -> float:
    """Return the median difference between looks that see a change and looks that do not."""
    changed: list[float] = []
    unchanged: list[float] = []
    for _ in range(LOOKS):
        unchanged.append(await _look_s(d))
        change()
        changed.append(await _look_s(d))
    return (median(changed) - median(unchanged)) * 1000


async def _look_s(d: Driver) -> float:
    began_s = time.process_time()
    # The tick's own way to look; the public ones need the clock, which stands still here.
    d.app.look()
    await d.settle()
    return time.process_time() - began_s
