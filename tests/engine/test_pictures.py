"""Pictures of long lists: who moves up costs little, and pictures leave time for sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.driving import running
from tui_dl.domain.model import AddRequest
from tui_dl.engine import picture
from tui_dl.engine.press import LONGEST_REST_S, TICK_S, rest_s

MANY = 300


async def test_who_moves_up_in_the_queue_is_not_described_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0
    real = picture._row

    def counted(*args: object) -> object:
        nonlocal made
        made += 1
        return real(*args)  # type: ignore[arg-type] # handed on as it came

    async with running(tmp_path) as driver:
        urls = [f"http://127.0.0.1:9/{number}" for number in range(MANY)]
        requests = [
            AddRequest(url=url, directory=str(driver.folder), paused=number == 0)
            for number, url in enumerate(urls)
        ]
        await driver.service.set_schedule("00:00-24:00 pause")
        ids = [answer.id for answer in await driver.service.add(requests)]
        last = ids[-1]
        assert last is not None
        row = await driver.until(last, lambda row: row.queue_rank == MANY - 1)
        monkeypatch.setattr(picture, "_row", counted)
        await driver.service.pause([str(ids[1])])
        later = await driver.until(last, lambda row: row.queue_rank == MANY - 2)
    assert (later.url, later.name) == (row.url, row.name)
    assert later.version > row.version
    assert made < MANY / 2, "all of them changed their places only"


def test_a_picture_that_takes_long_comes_seldom() -> None:
    assert rest_s(0.0) == rest_s(0.01) == TICK_S
    assert rest_s(0.1) == pytest.approx(0.9)
    assert rest_s(5.0) == LONGEST_REST_S
