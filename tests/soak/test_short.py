"""The short form of the soak (L6, torture rows 64 to 70): a few seeded rounds."""

from __future__ import annotations

from pathlib import Path

from tests.soak.__main__ import summary
from tests.soak.faults import Level, slope_bytes_per_h, soak


async def test_random_faults_leave_right_files_and_nothing_else(tmp_path: Path) -> None:
    tally = await soak(tmp_path, 4.0, seed=20261122)
    assert tally.wrong == []
    assert tally.hung == []
    assert tally.done > tally.failed
    again = await soak(tmp_path, 0.0, seed=7)
    assert again.wrong + again.hung == []
    before, after = tally.levels[-1], again.levels[-1]
    assert after.descriptors <= before.descriptors
    assert after.tasks <= before.tasks
    assert summary(again, 7)[1].startswith("seed 7")


def test_the_slope_is_that_of_a_line() -> None:
    levels = [Level(float(s), 1000 + 5 * s, 0, 0, 0) for s in range(0, 100, 10)]
    assert abs(slope_bytes_per_h(levels) - 5 * 3600) < 1e-6
    assert slope_bytes_per_h(levels[:1]) == 0.0
