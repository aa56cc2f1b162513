"""Rows of the table again, through real proxies: another path must judge replies as well.

SOCKS5 connections are our own from the handshake on; those through an HTTP proxy are
httpx's (trap H27). A proxy's buffers hide how much the server sent, so that is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.driving import running
from tests.support.daemon import Daemon, microsocks, tinyproxy
from tests.support.daemon import running as daemon
from tests.support.fault_server import FaultServer
from tests.torture import network, policy, ranges
from tests.torture.scenario import Scenario, play

NAMES = (
    "200 to every range",
    "first 206 shifted by 1",
    "206 without Content-Range, later",
    "total changes once",
    "another version from reply 2 on",
    "another version, If-Range ignored",
    "weak ETag that changes",
    "no validators, another version after the break",
    "gzip although identity was asked",
    "reset every 256 KiB",
    "length ten too high",
    "login page in place of reply 2",
)
ROWS = {
    scenario.name: scenario
    for scenario in (*ranges.SCENARIOS, *network.SCENARIOS, *policy.SCENARIOS)
}


@pytest.fixture(scope="module")
def proxies() -> Iterator[dict[str, str]]:
    with daemon("microsocks", microsocks()) as socks, daemon("tinyproxy", tinyproxy()) as http:
        yield {"socks5": url_of("socks5", socks), "http": url_of("http", http)}


def url_of(scheme: str, server: Daemon) -> str:
    return f"{scheme}://127.0.0.1:{server.port}"


PAIRS = [(name, "http") for name in NAMES] + [(name, "socks5") for name in NAMES[::3]]
"""httpx's path whole; behind the handshake the other one is that of the table itself."""


@pytest.mark.parametrize(("name", "kind"), PAIRS)
async def test_scenario(
    name: str, kind: str, proxies: dict[str, str], fault_server: FaultServer, tmp_path: Path
) -> None:
    scenario: Scenario = replace(ROWS[name], most_sent=None, deadline_s=60.0)
    async with running(tmp_path, proxy=proxies[kind], **scenario.config) as driver:
        outcome = await play(scenario, fault_server, driver)
    print(f"{scenario.traps:12} {name}, {kind} | {scenario.expectation} | {outcome}")
