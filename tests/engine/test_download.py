"""Whole downloads through a real engine from a server that behaves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.engine.driving import running
from tests.support.fault_server import (
    FaultServer,
    Resource,
    check_file,
    chunked,
    close_delimited,
    ignore_range,
)
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Assurance, Status
from tui_dl.domain.snapshot import EventKind, SegmentState

MIB = 1024 * 1024

ON_THE_NETWORK = frozenset({Status.PROBING, Status.DOWNLOADING, Status.RETRYING})
"""Statuses that need a slot; a small file that only waits for the disk has given it back."""


async def test_a_file_arrives_whole_and_nothing_else_stays(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/data.bin", size=20 * MIB, rate_bps=8 * MIB))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url)
        assert row.status is Status.COMPLETED, row.failure
        assert row.assurance is Assurance.VALIDATOR
        assert [p.name for p in driver.folder.iterdir()] == ["data.bin"]
        check_file(driver.path(row), 1, 20 * MIB)
    first, *others = fault_server.requests("/data.bin")
    assert first.header("range") == "bytes=0-"
    assert others, "several connections were used"
    assert all(r.header("if-range") == '"v1"' for r in others)
    assert not list((tmp_path / "state" / "journal").glob("*"))


@pytest.mark.parametrize("size", [0, 1, 2, 65535, 65536, 65537])
async def test_small_sizes(fault_server: FaultServer, tmp_path: Path, size: int) -> None:
    """Trap H13: an empty file is a file."""
    url = fault_server.add(Resource(path="/small", size=size))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, size)
        assert row.total_bytes == size
    assert len(fault_server.requests()) == 1, "one request is enough for a small file"


async def test_without_ranges_one_stream_is_used(fault_server: FaultServer, tmp_path: Path) -> None:
    url = fault_server.add(Resource(path="/x", size=3 * MIB, rate_bps=6 * MIB), ignore_range())
    async with running(tmp_path) as driver:
        row = await driver.fetch(url)
        assert row.status is Status.COMPLETED, row.failure
        assert row.assurance is Assurance.SINGLE_REPLY
        check_file(driver.path(row), 1, 3 * MIB)
    assert len(fault_server.requests()) == 1


@pytest.mark.parametrize(
    ("script", "assurance"),
    [
        (chunked(hide_ranges=True), Assurance.SINGLE_REPLY),
        (close_delimited(), Assurance.UNVERIFIED),
    ],
    ids=["chunked", "close"],
)
async def test_an_unknown_length(
    fault_server: FaultServer, tmp_path: Path, script: object, assurance: Assurance
) -> None:
    """Trap H16: the end of the body is the end of the file, and the record says how sure."""
    url = fault_server.add(Resource(path="/x", size=MIB + 7, accept_ranges=False), script)  # type: ignore[arg-type] # a script of any kind
    async with running(tmp_path) as driver:
        row = await driver.fetch(url)
        assert row.status is Status.COMPLETED, row.failure
        assert row.total_bytes == MIB + 7
        assert row.assurance is assurance
        details = await driver.service.details(row.id)
        assert details is not None
        is_sure = assurance is not Assurance.UNVERIFIED
        expected = SegmentState.VERIFIED if is_sure else SegmentState.DONE
        assert [segment.state for segment in details.segments] == [expected]
        check_file(driver.path(row), 1, MIB + 7)


async def test_pause_closes_connections_and_resume_goes_on_from_there(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/x", size=12 * MIB, rate_bps=MIB))
    async with running(tmp_path) as driver:
        record_id = await driver.add(url, connections=2)
        await driver.until(record_id, lambda row: row.done_bytes > 2 * MIB)
        await driver.service.pause([record_id])
        await fault_server.until(lambda s: s.open_connections() == 0)
        row = await driver.wait(record_id)
        assert row.status is Status.PAUSED
        before = len(fault_server.requests())
        fault_server.replace(Resource(path="/x", size=12 * MIB))
        row = await driver.finish(record_id)
        check_file(driver.path(row), 1, 12 * MIB)
    resumed = fault_server.requests()[before:]
    assert all(r.range is not None and r.header("if-range") for r in resumed)
    assert sum(r.range[1] - r.range[0] for r in resumed if r.range and r.range[1]) <= 11 * MIB


async def test_a_new_engine_goes_on_with_what_the_last_one_left(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/x", size=8 * MIB, rate_bps=2 * MIB))
    async with running(tmp_path) as driver:
        record_id = await driver.add(url)
        await driver.until(record_id, lambda row: row.done_bytes > 2 * MIB)
    sent = fault_server.bytes_sent("/x")
    fault_server.replace(Resource(path="/x", size=8 * MIB))
    async with running(tmp_path) as driver:
        row = await driver.wait(record_id)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, 8 * MIB)
        assert row.assurance is Assurance.VALIDATOR
    assert fault_server.bytes_sent("/x") - sent < 6.2 * MIB


async def test_three_slots_are_never_exceeded(fault_server: FaultServer, tmp_path: Path) -> None:
    urls = [
        fault_server.add(Resource(path=f"/{n}", size=300_000, rate_bps=900_000)) for n in range(10)
    ]
    async with running(tmp_path) as driver:
        ids = [await driver.add(url) for url in urls]
        most = 0
        while any(driver.row(i).status is not Status.COMPLETED for i in ids):
            rows = driver.service.snapshot().downloads
            running_now = [row for row in rows if row.status in ON_THE_NETWORK]
            most = max(most, len(running_now))
            await asyncio.sleep(0.01)
        assert most == 3
        for n, record_id in enumerate(ids):
            check_file(driver.path(driver.row(record_id)), 1, 300_000)
            assert driver.row(record_id).name == str(n)


async def test_a_taken_name_gets_a_number(fault_server: FaultServer, tmp_path: Path) -> None:
    url = fault_server.add(Resource(path="/a.iso", size=1000))
    async with running(tmp_path) as driver:
        (driver.folder / "a.iso").write_text("mine")
        row = await driver.fetch(url)
        assert row.name == "a (1).iso"
        assert (driver.folder / "a.iso").read_text() == "mine"


async def test_remove_keeps_or_deletes_files_as_told(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/a", size=8 * MIB, rate_bps=MIB))
    async with running(tmp_path) as driver:
        kept = await driver.add(url)
        await driver.until(kept, lambda row: row.done_bytes > 0)
        await driver.service.remove([kept], with_files=False)
        assert [p.name for p in driver.folder.iterdir()] == ["a.part"]
        dropped = await driver.add(url)
        await driver.until(dropped, lambda row: row.done_bytes > 0)
        (driver.folder / "b").write_text("not ours")
        await driver.service.remove([dropped], with_files=True)
        assert sorted(p.name for p in driver.folder.iterdir()) == ["a.part", "b"]
        assert driver.service.snapshot().downloads == () or not any(
            r.id == dropped for r in driver.service.snapshot().downloads
        )


@pytest.mark.parametrize(
    ("path", "code"),
    [("/missing", ErrorCode.NOT_FOUND), ("/forbidden", ErrorCode.FORBIDDEN)],
)
async def test_a_refusal_is_a_sentence_and_a_record_that_can_be_retried(
    fault_server: FaultServer, tmp_path: Path, path: str, code: ErrorCode
) -> None:
    from tests.support.fault_server import status

    fault_server.add(Resource(path="/forbidden", size=10), status(403))
    async with running(tmp_path) as driver:
        row = await driver.fetch(fault_server.url(path))
        assert row.status is Status.FAILED
        assert row.failure is not None
        assert row.failure.code is code
        assert row.failure.message.endswith(".")
        assert not list(driver.folder.iterdir())
        fault_server.add(Resource(path=path, size=10))
        await driver.service.resume([row.id])
        assert (await driver.wait(row.id)).status is Status.COMPLETED


async def test_each_step_is_told_once(fault_server: FaultServer, tmp_path: Path) -> None:
    url = fault_server.add(Resource(path="/long", size=4 * MIB, rate_bps=4096))
    async with running(tmp_path, slots=1) as driver:
        blocker = await driver.add(url)
        other = await driver.add(url + "?2")
        for act in (driver.service.pause, driver.service.resume, driver.service.cancel):
            (result,) = await act([other])
            assert result.failure is None
        await driver.service.remove([other, blocker], with_files=True)
        kinds = {
            id_: [event.kind for event in driver.events if event.download.id == id_]
            for id_ in (other, blocker)
        }
    assert kinds[other] == ["added", "paused", "resumed", "cancelled", "removed"]
    assert kinds[blocker].count(EventKind.CANCELLED) == 1
