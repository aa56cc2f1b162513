"""Take each protection out and see its test turn red.

A test that stays green without the protection that it is for proves nothing. Here each
protection is replaced by what a careless downloader does, and the row that guards it must
fail. ``pytest tests/torture/test_protections.py -v`` lists the pairs.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.driving import running
from tests.support.fault_server import (
    Exchange,
    FaultServer,
    Resource,
    Script,
    changed,
    check_file,
    redirect,
)
from tests.torture import network, ranges
from tests.torture.scenario import Scenario, play
from tui_dl.domain.model import Status
from tui_dl.engine.facts import Facts
from tui_dl.engine.plan import Claim
from tui_dl.engine.source import LinkSource
from tui_dl.engine.worker import Worker
from tui_dl.net import client, credentials, identity
from tui_dl.net.identity import Asked, Head, Judgement, Known, Verdict
from tui_dl.net.request import HttpRequest
from tui_dl.storage import claim, part_file

MIB = 1024 * 1024
Removal = Callable[[pytest.MonkeyPatch], None]


def scenario_named(name: str) -> Scenario:
    """Return a row of the table."""
    return next(s for s in (*ranges.SCENARIOS, *network.SCENARIOS) if s.name == name)


def silent_swap() -> Script:
    """From request 2 on another version whose parts do not name it: only If-Range tells."""

    async def run(x: Exchange) -> None:
        if x.nth >= 2:
            x.answer_for(changed(x.resource, 2))
            if x.reply.status == 206:
                x.reply.drop("etag", "last-modified")

    return run


SILENT_SWAP = Scenario(
    name="another version that its parts do not name",
    traps="H7",
    script=silent_swap,
    seed=2,
    most_sent=2.1,
)


def without_if_range(patch: pytest.MonkeyPatch) -> None:
    original = LinkSource.request

    def request(self: LinkSource, *args: object) -> HttpRequest:
        return replace(original(self, *args), if_range=None)  # type: ignore[arg-type] # as given

    patch.setattr(LinkSource, "request", request)


def without_content_range_check(patch: pytest.MonkeyPatch) -> None:
    def believe(head: Head, asked: Asked, known: Known) -> Judgement:
        end = known.total if asked.end is None else asked.end
        span = head.content_range
        total = span.total if span is not None else None
        return Judgement(Verdict.PART, start=asked.start, end=end or total, total=total)

    patch.setattr(identity, "_judge_part", believe)


def without_byte_account(patch: pytest.MonkeyPatch) -> None:
    def end_is_success(self: Worker, claim: Claim, *_: object) -> None:
        self.owner.plan.advance(claim, claim.remaining)  # type: ignore[attr-defined] # a transfer

    patch.setattr(Worker, "_check_span", end_is_success)


def without_generation_switch(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(identity, "same_version", lambda *_, **__: True)


def without_overlap(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Facts, "needs_overlap", property(lambda _: False))


TABLE: list[tuple[str, Removal, Scenario]] = [
    ("If-Range", without_if_range, SILENT_SWAP),
    ("Content-Range check", without_content_range_check, scenario_named("206 shifted by 1")),
    (
        "span byte account",
        without_byte_account,
        scenario_named("each chunked 206 ends early"),
    ),
    (
        "generation switch",
        without_generation_switch,
        scenario_named("another version, If-Range ignored"),
    ),
    (
        "overlap re-read",
        without_overlap,
        scenario_named("no validators, another version after the break"),
    ),
]


@pytest.mark.parametrize(
    ("removal", "scenario"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
async def test_turns_red_without(
    fault_server: FaultServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    removal: Removal,
    scenario: Scenario,
) -> None:
    removal(monkeypatch)
    async with running(tmp_path) as driver:
        with pytest.raises(AssertionError):
            await play(scenario, fault_server, driver)


@pytest.mark.parametrize("scenario", [SILENT_SWAP], ids=lambda s: s.name)
async def test_green_with(scenario: Scenario, fault_server: FaultServer, tmp_path: Path) -> None:
    async with running(tmp_path) as driver:
        await play(scenario, fault_server, driver)


async def leaked(fault_server: FaultServer, tmp_path: Path) -> bool:
    """Follow a redirect to another origin and tell whether the key went along."""
    with FaultServer() as other:
        target = other.add(Resource(path="/f", size=1000))
        url = fault_server.add(Resource(path="/gate"), redirect(target))
        async with running(tmp_path) as driver:
            await driver.fetch(url, headers=(("X-Api-Key", "k"),))
        (request,) = other.requests("/f")
        return request.header("x-api-key") is not None


async def test_credential_scoping(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not await leaked(fault_server, tmp_path / "with")
    original = credentials.fields_for

    def for_everybody(request: HttpRequest, url: object, **rest: object) -> object:
        return original(request, url, **{**rest, "owner": url.origin})  # type: ignore[arg-type,attr-defined] # as given

    monkeypatch.setattr(client, "fields_for", for_everybody)
    assert await leaked(fault_server, tmp_path / "without")


async def overwritten(fault_server: FaultServer, tmp_path: Path) -> bool:
    """Put a file under the final name meanwhile; tell whether it was replaced."""
    url = fault_server.add(Resource(path="/f", size=4 * MIB, rate_bps=3 * MIB))
    async with running(tmp_path) as driver:
        record_id = await driver.add(url)
        await driver.until(record_id, lambda row: row.done_bytes > 0)
        (driver.folder / "f").write_text("mine")
        row = await driver.wait(record_id)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, 4 * MIB)
        return (driver.folder / "f").read_bytes() != b"mine"


async def overwritten_at_landing(server: FaultServer, tmp_path: Path) -> bool:
    """Put a file under the name of a small one before it lands; tell whether it was replaced."""
    url = server.add(Resource(path="/small", size=50_000, rate_bps=100_000))
    async with running(tmp_path) as driver:
        record_id = await driver.add(url)
        await driver.until(record_id, lambda row: row.done_bytes > 0)
        (driver.folder / "small").write_text("mine")
        row = await driver.wait(record_id)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, 50_000)
        return (driver.folder / "small").read_bytes() != b"mine"


async def test_no_replace_landing(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not await overwritten_at_landing(fault_server, tmp_path / "with")

    def replace_it(dir_fd: int, fd: int, name: str) -> str:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=dir_fd)
        return claim.give_free_name(dir_fd, fd, name)

    monkeypatch.setattr(part_file, "give_free_name", replace_it)
    assert await overwritten_at_landing(fault_server, tmp_path / "without")


async def test_no_replace_publish(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not await overwritten(fault_server, tmp_path / "with")

    def replace_it(dir_fd: int, part_name: str, name: str) -> str:
        os.replace(part_name, name, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
        return name

    monkeypatch.setattr(part_file, "publish_no_replace", replace_it)
    assert await overwritten(fault_server, tmp_path / "without")
