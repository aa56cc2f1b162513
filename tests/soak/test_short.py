"""The short form of the soak (L6): a few seeded rounds on both engines, and its table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.bench import Bench
from tests.benchmarks.results import Goal, Report
from tests.soak import __main__ as command
from tests.soak import crowds
from tests.soak.levels import Level, excess, slope
from tests.soak.report import l6
from tests.soak.run import Tally, soak

SEED = 20261122


async def test_random_faults_leave_right_files_and_nothing_else(tmp_path: Path) -> None:
    tally = await soak(tmp_path, 0.0, SEED)
    assert tally.wrong == []
    assert tally.hung == []
    assert tally.lost == []
    assert tally.rounds == 2
    assert tally.done > tally.failed
    assert sum(tally.ends.values()) + tally.clock_jumps >= 1
    assert tally.levels[-1].journals == 0
    text = l6(tally, SEED).text
    assert f"L6  random faults, seed {SEED}" in text
    assert "met     wrong files: 0" in text


def test_the_table_misses_what_went_wrong() -> None:
    levels = [_level(float(at_s), descriptors=20 + at_s // 500) for at_s in range(0, 4000, 100)]
    tally = Tally(rounds=40, wrong=["/1.bin resets"], lost=["/2.bin"], levels=levels)
    report = l6(tally, 1)
    missed = {goal.what for goal in report.goals if not goal.is_met}
    assert missed == {
        "wrong files",
        "lost downloads",
        "descriptors above the start",
        "memory slope",
    }
    assert not tally.is_good


def test_the_slope_is_that_of_a_line_after_the_warm_up() -> None:
    warm = [_level(float(at_s), resident_bytes=10**9) for at_s in range(0, 100, 10)]
    line = [_level(float(s), resident_bytes=1000 + 5 * s) for s in range(100, 400, 10)]
    found = slope([*warm, *line], "resident_bytes")
    assert abs(found.by_hour - 5 * 3600) < 1e-3
    assert found.error < 1e-3
    assert slope(line[:2], "resident_bytes").by_hour == 0.0


def test_an_excess_is_over_the_highest_of_the_warm_up() -> None:
    counts = (7, 9, 8, 8, 8, 8, 8, 11)
    levels = [_level(float(at_s), tasks=count) for at_s, count in enumerate(counts)]
    assert excess(levels, "tasks") == 2
    assert excess(levels[:-1], "tasks") == 8 - 7


def test_a_row_that_breaks_takes_no_other_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def hang(_: Bench) -> Report:
        raise ExceptionGroup("several", [TimeoutError("no first frame")])

    def miss(_: Bench) -> Report:
        return Report("L8", "a large one", [], [Goal("peak memory", 200, 150, "MB")])

    monkeypatch.setattr(crowds, "l1", hang)
    monkeypatch.setattr(crowds, "l8", miss)

    arguments = ["--dir", str(tmp_path), "--only", "L1,L8"]
    assert command.main(arguments) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "L1  BROKE: TimeoutError: no first frame"
    assert told[1] == "L8  a large one"
    assert told[-3:] == [
        "all rows",
        "    L1  BROKE: TimeoutError: no first frame",
        "    L8  MISSED: peak memory",
    ]
    assert command.main([*arguments[:-1], "L8"]) == 0
    assert command.main([*arguments[:-1], "L8", "--check"]) == 1


def test_a_row_that_is_stopped_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(_: Bench) -> Report:
        raise SystemExit(143)

    monkeypatch.setattr(crowds, "l1", stop)

    with pytest.raises(SystemExit):
        command.main(["--dir", str(tmp_path), "--only", "L1,L8"])
    assert capsys.readouterr().out == "all rows\n    L1  STOPPED\n"


def test_a_soak_that_breaks_tells_what_it_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def begun(*_: object, tally: Tally) -> None:
        tally.done = 7
        tally.levels.append(_level(1.0))
        raise RuntimeError("the engine ended by itself")

    monkeypatch.setattr(command, "soak", begun)

    assert command.main(["--dir", str(tmp_path), "--only", "L6"]) == 1
    told = capsys.readouterr().out
    assert "completed 7, failed with a reason 0" in told
    assert told.endswith("    L6  BROKE: RuntimeError: the engine ended by itself\n")


def _level(at_s: float, **figures: int) -> Level:
    usual = {
        "resident_bytes": int(10**8 + 1000 * at_s),
        "descriptors": 20,
        "tasks": 5,
        "threads": 5,
        "objects": 1000,
    }
    return Level(at_s=at_s, **{**usual, **figures})
