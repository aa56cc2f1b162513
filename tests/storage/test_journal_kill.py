"""kill -9 of a writer, at every call and at random moments: claims are never untrue."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("way", ["mapped", "in place"])
@pytest.mark.parametrize(("mode", "rounds"), [("calls", 60), ("moments", 40)])
def test_d6_after_a_kill_every_claimed_byte_is_there(
    folder: Path, way: str, mode: str, rounds: int
) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.storage.killed_writer", str(folder), way, mode, str(rounds)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 0
