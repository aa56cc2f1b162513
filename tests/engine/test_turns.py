"""Small files from afar: the next request does not wait until a whole burst is worked off."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.engine.driving import running
from tests.engine.test_landing import add_list
from tests.support.fault_server import FaultServer, Resource
from tests.support.netproxy import NetProxy, Network
from tui_dl.domain.model import Status
from tui_dl.engine import opening, run, turns
from tui_dl.engine.telling import Teller
from tui_dl.engine.turns import Turns

AT_ONCE = 8


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody go before the turn comes, however busy the machine is."""
    monkeypatch.setattr(turns, "LONGEST_S", 60.0)


async def started(waits: Sequence[asyncio.Task[None]]) -> list[bool]:
    """Let everything happen that can; return who is through."""
    for _ in range(5):
        await asyncio.sleep(0)
    return [wait.done() for wait in waits]


@pytest.mark.usefixtures("patient")
async def test_one_goes_after_the_other_and_those_who_were_let_go_hold_up_the_rest() -> None:
    turn = Turns()
    waits = [asyncio.create_task(turn.take(name)) for name in "abc"]
    assert await started(waits) == [True, False, False]
    turn.hold("d")  # the slot of "a" serves "d" now
    turn.give_back("a")
    assert await started(waits) == [True, False, False]
    turn.give_back("d")
    turn.give_back("d")
    assert await started(waits) == [True, True, False]
    turn.give_back("b")
    assert await started(waits) == [True, True, True]
    turn.give_back("c")
    await asyncio.wait_for(turn.take("e"), 10)


@pytest.mark.usefixtures("patient")
async def test_who_leaves_the_line_or_has_just_been_called_passes_the_turn_on() -> None:
    turn = Turns()
    await turn.take("a")
    waits = [asyncio.create_task(turn.take(name)) for name in "bcd"]
    await started(waits)
    waits[0].cancel()
    await started(waits)
    turn.give_back("a")
    waits[1].cancel()  # called a moment ago
    await started(waits)
    assert waits[2].done()
    assert not waits[2].cancelled()


async def test_nobody_waits_for_long_and_not_twice_for_the_same() -> None:
    turn = Turns()
    turn.hold("slow")  # for ever
    async with asyncio.timeout(20):
        await asyncio.gather(*(turn.take(name) for name in "abc"))
        for name in "abc":
            turn.give_back(name)
    wait = asyncio.create_task(turn.take("d"))
    assert await started([wait]) == [True]


@pytest.mark.usefixtures("patient")
async def test_of_a_burst_of_replies_each_is_followed_by_a_request(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    tell, make_part = Teller.on_asking, opening.make_part

    def on_asking(teller: Teller) -> None:
        order.append("request")
        tell(teller)

    async def make(*args: Any, **more: Any) -> None:
        order.append("reply")
        await make_part(*args, **more)

    monkeypatch.setattr(Teller, "on_asking", on_asking)
    monkeypatch.setattr(run, "make_part", make)
    paths = [f"/f{number}" for number in range(2 * AT_ONCE)]
    for path in paths:
        fault_server.add(Resource(path=path, size=20_000))
    with NetProxy(fault_server.port, Network(rtt_s=0.1)) as link:
        async with running(tmp_path, slots=AT_ONCE) as driver:
            for record_id in await add_list(driver, [link.url(path) for path in paths]):
                row = await driver.wait(record_id)
                assert row.status is Status.COMPLETED, row.failure
    assert order[:AT_ONCE] == ["request"] * AT_ONCE
    in_a_row = [len(list(same)) for what, same in groupby(order[AT_ONCE:-1]) if what == "reply"]
    assert in_a_row[: AT_ONCE - 1] == [1] * (AT_ONCE - 1), order
