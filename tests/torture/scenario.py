"""One row of the torture table: a server that lies, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.engine.driving import Driver
from tests.support.fault_server import FaultServer, Resource, Script, check_file
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Assurance, Status

KIB = 1024
MIB = 1024 * KIB
SEVERAL = {"size": 6 * MIB, "rate_bps": 6 * MIB}
"""A resource that is worth several connections."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What the server does, and the one outcome that is right.

    ``script`` makes the behaviour anew for each run. ``seed`` is the version that the file
    must be in the end. ``code`` is the failure of a download that must not be done.
    """

    name: str
    traps: str
    """Numbers of the traps and, in brackets, the row of the table."""
    script: Callable[[], Script] = lambda: None
    resource: Mapping[str, Any] = field(default_factory=lambda: dict(SEVERAL))
    options: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 1
    final_size: int | None = None
    code: ErrorCode | None = None
    status: Status = Status.FAILED
    """Of a download with ``code``."""
    assurance: frozenset[Assurance] | None = None
    most_sent: float | None = 1.10
    """Body bytes of the server as a multiple of the size; ``None`` is not looked at."""
    deadline_s: float = 20.0

    @property
    def expectation(self) -> str:
        """What must come of it, in a few words."""
        if self.code is not None:
            return f"{self.status}: {self.code}"
        sure = "" if self.assurance is None else " " + "/".join(sorted(self.assurance))
        return f"version {self.seed} whole{sure}"


async def play(scenario: Scenario, server: FaultServer, driver: Driver) -> str:
    """Run a scenario and check its outcome; returns the outcome in words."""
    resource = Resource(path="/file.bin", **scenario.resource)
    url = server.add(resource, scenario.script())
    row = await driver.fetch(url, timeout_s=scenario.deadline_s, **scenario.options)
    said = row.failure.message if row.failure else ""
    log = await driver.log(row.id)
    if scenario.code is not None:
        assert row.failure is not None, f"{row.status} in place of {scenario.code}\n{log}"
        assert (row.status, row.failure.code) == (scenario.status, scenario.code), said
        assert said.endswith((".", "!", "?")), "a failure is a sentence"
        assert not any(
            p.suffix != ".part" and ".part" not in p.name for p in driver.folder.iterdir()
        )
        return f"{row.status}: {said}"
    assert row.status is Status.COMPLETED, f"{row.status}: {said}\n{log}"
    size = resource.length if scenario.final_size is None else scenario.final_size
    if resource.literal is None:
        check_file(driver.path(row), scenario.seed, size)
    else:
        assert driver.path(row).read_bytes() == resource.literal
    assert row.total_bytes == size
    if scenario.assurance is not None:
        assert row.assurance in scenario.assurance, f"{row.assurance}\n{log}"
    sent = server.bytes_sent("/file.bin")
    if scenario.most_sent is not None:
        allowed = scenario.most_sent * size + 64 * KIB
        assert sent <= allowed, f"{sent / max(size, 1):.2f} of the size was sent\n{log}"
    return f"{row.assurance}, {sent / max(size, 1):.2f} x sent"
