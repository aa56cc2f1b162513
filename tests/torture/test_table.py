"""The torture table. Each row runs against a real server and a real engine.

``pytest tests/torture -rA`` prints scenario, expectation and outcome.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.driving import running
from tests.support.fault_server import FaultServer
from tests.torture import network, policy, ranges
from tests.torture.scenario import Scenario, play

TABLE = [*ranges.SCENARIOS, *network.SCENARIOS, *policy.SCENARIOS]


def test_names_are_unique() -> None:
    names = [scenario.name for scenario in TABLE]
    assert len(names) == len(set(names))


@pytest.fixture
def frugal_server() -> Iterator[FaultServer]:
    """Yield a server that counts little more than what the client took."""
    with FaultServer(sndbuf_bytes=32 * 1024) as server:
        yield server


@pytest.mark.parametrize("scenario", TABLE, ids=lambda s: s.name)
async def test_scenario(scenario: Scenario, frugal_server: FaultServer, tmp_path: Path) -> None:
    async with running(tmp_path, **scenario.config) as driver:
        outcome = await play(scenario, frugal_server, driver)
    print(f"{scenario.traps:12} {scenario.name} | {scenario.expectation} | {outcome}")
