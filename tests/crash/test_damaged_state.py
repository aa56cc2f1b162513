"""Row 54: damage anywhere in the state. It starts, loses one record at most, lies never (D10).

200 of the 500 cases; the other 300 hit the catalog alone (``tests/storage``).
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from tests.crash.damaged_state import DAMAGES, SIZE, Damage, State, build
from tests.engine.driving import running
from tests.support.fault_server import FaultServer, Resource, check_file
from tui_dl.api.history_file import HistoryFile
from tui_dl.api.tokens import OWNER_NAME, TOKEN_NAME, TokenStore
from tui_dl.config.store import load_settings
from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.model import Status

CASES = int(os.environ.get("CRASH_DAMAGES", "200")) // len(DAMAGES)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
async def test_damage_anywhere_costs_one_record_at_most(
    fault_server: FaultServer, memory_folder: Path, damage: Damage
) -> None:
    fault_server.add(Resource(path="/*", size=SIZE))
    hit: set[str] = set()
    for seed in range(CASES):
        rng = random.Random(f"{damage.__name__} {seed}")
        state = build(memory_folder / str(seed), lambda name: fault_server.url(f"/{name}"))
        victims = state.victims()
        victim = victims[seed % len(victims)]
        hit.add(victim.name)
        damage(victim, victims, rng)
        try:
            await start_and_finish(state)
        except Exception as error:  # whatever it is, the seed belongs to it
            raise AssertionError(f"seed {seed}, {victim.name}: {error}") from error
        shutil.rmtree(state.base)
    assert len(hit) >= 12, f"some files were spared: {hit}"


async def start_and_finish(state: State) -> None:
    """Start on a damaged state; raise unless it ends in right files."""
    look_at_small_files(state)
    async with running(state.base) as driver:
        rows = driver.service.snapshot().downloads
        assert len(rows) >= 2, f"lost: {rows}"
        for row in rows:
            if row.status is not Status.COMPLETED:
                await driver.service.resume([row.id])
                ended = await driver.wait(row.id)
                assert ended.status is Status.COMPLETED, ended.failure
                check_file(driver.path(ended), 1, SIZE)


def look_at_small_files(state: State) -> None:
    """Read what is beside the list as ``serve`` does: a value, a default or a sentence."""
    load_settings(state.settings_file)
    HistoryFile(state.data_dir / "history.jsonl").load()
    for name in (TOKEN_NAME, OWNER_NAME):
        try:
            TokenStore.open(state.data_dir / name)
        except TuiDlError as error:
            if name not in error.message:
                raise AssertionError(f"the sentence does not name the file: {error}") from error
