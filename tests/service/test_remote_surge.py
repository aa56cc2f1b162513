"""The app on a Surge server: ours without our own dialect, and an old one out of a script."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.serving import served
from tests.service.contract_kit import Bench, code_of
from tests.support.fault_server import FaultServer, Resource, check_file
from tests.support.surge_server import TOKEN as SURGE_TOKEN
from tests.support.surge_server import SurgeServer
from tui_dl.api import dispatch
from tui_dl.domain.errors import ErrorCode, UsageError
from tui_dl.domain.model import AddRequest, Assurance, Digest, DownloadOptions, Status
from tui_dl.domain.snapshot import EventKind
from tui_dl.service import remote_surge
from tui_dl.service.contract import AddOutcome, MoveTo, Recheck
from tui_dl.service.remote import RemoteService
from tui_dl.service.remote_surge_codec import progress_row, row_of

SMALL = Resource(path="/small.bin", size=100_000)
SLOW = Resource(path="/slow.bin", size=50_000_000, rate_bps=300_000)
CLOSED = "http://127.0.0.1:9/closed.bin"


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    """Yield a client of a server that speaks Surge only."""
    prefixes = {k: v for k, v in dispatch.CLOSED_PREFIXES.items() if k != "tui-dl"}
    monkeypatch.setattr(dispatch, "CLOSED_PREFIXES", prefixes)
    monkeypatch.setattr(remote_surge, "LOOK_S", 0.3)
    async with served(tmp_path) as server:
        service = RemoteService(server.base, server.token)
        await service.start()
        assert isinstance(service._link, remote_surge.SurgeLink)
        try:
            yield Bench(service, server.driver.folder)
        finally:
            await service.close()


async def test_a_download_from_its_addition_to_its_end(
    bench: Bench, fault_server: FaultServer
) -> None:
    id_ = await bench.add(fault_server.add(SMALL), out="named.bin")
    await bench.event(EventKind.COMPLETED, id_)
    row = await bench.row(id_, lambda row: row.status is Status.COMPLETED)
    assert (row.name, row.total_bytes, row.fraction) == ("named.bin", 100_000, 1.0)
    assert row.assurance is Assurance.UNVERIFIED, "Surge does not say how sure it is"
    check_file(Path(row.directory) / row.name, SMALL.seed, SMALL.size)
    details = await bench.details(id_)
    assert details.final_path == str(bench.folder / "named.bin")


async def test_the_keys_of_the_app_work(bench: Bench, fault_server: FaultServer) -> None:
    service = bench.service
    id_ = await bench.add(fault_server.add(SLOW), connections=2)
    moving = await bench.row(id_, lambda row: row.rate_bps > 0)
    assert moving.total_bytes == SLOW.size
    assert (await service.pause([id_]))[0].failure is None
    await bench.event(EventKind.PAUSED, id_)
    await bench.row(id_, lambda row: row.status is Status.PAUSED)
    assert (await service.set_url(id_, fault_server.url("/slow.bin?new"))).failure is None
    assert (await service.set_limit(id_, 70_000)).failure is None
    await bench.row(id_, lambda row: row.url.endswith("new") and row.options.limit_bps == 70_000)
    assert (await service.set_limit(id_, None)).failure is None
    await bench.row(id_, lambda row: row.options.limit_bps is None)
    assert (await service.resume([id_]))[0].failure is None
    await bench.row(id_, lambda row: row.status is Status.DOWNLOADING)
    await service.set_global_limit(1_000_000)
    await service.set_default_limit(1_000_000)
    assert (await service.remove([id_], with_files=True))[0].failure is None
    await bench.event(EventKind.REMOVED, id_)
    await bench.picture(lambda: bench.find(id_) is None)
    assert list(bench.folder.iterdir()) == []


async def test_what_surge_cannot_do_is_said(bench: Bench) -> None:
    id_ = await bench.add(CLOSED)
    await bench.service.pause([id_])
    refused = (
        *await bench.service.cancel([id_]),
        *await bench.service.move([id_], MoveTo.TOP),
        await bench.service.move_to_index(id_, 0),
        await bench.service.set_options(id_, DownloadOptions()),
    )
    assert {code_of(result) for result in refused} == {ErrorCode.NOT_ALLOWED_NOW}
    with pytest.raises(UsageError):
        await bench.service.set_slots(4)
    assert await bench.service.recheck(id_) is Recheck.UNKNOWN
    (unknown,) = await bench.service.pause(["550e8400-e29b-41d4-a716-446655440000"])
    assert code_of(unknown) is ErrorCode.UNKNOWN_DOWNLOAD
    (answer,) = await bench.service.add([AddRequest("ftp://x/", str(bench.folder))])
    assert answer.outcome is AddOutcome.REFUSED


async def test_what_goes_with_an_addition_and_what_does_not() -> None:
    """A checksum that is dropped without a word would be a promise that nobody keeps."""
    with SurgeServer() as surge:
        service = RemoteService(f"http://{surge.address}", SURGE_TOKEN)
        await service.start()
        try:
            digest = Digest("sha256", "0" * 64)
            wanted = (
                AddRequest("http://h/a", "", DownloadOptions(digests=(digest,), max_tries=3)),
                AddRequest("http://h/b", "", DownloadOptions(limit_bps=5000), paused=True),
                AddRequest("http://h/c", "sub", DownloadOptions(out="d")),
            )
            refused, first, second = await service.add(wanted)
            assert refused.failure is not None
            assert refused.failure.message.endswith("for a download: digests, max tries.")
            assert first.id is not None
            assert second.id is not None
            rows = surge.rows
            assert rows.keys() == {first.id, second.id}
            assert (rows[first.id]["status"], rows[first.id]["rate_limit"]) == ("paused", 5000)
            assert surge.added[first.id]["path"] == ""
            assert not surge.added[first.id]["relative_to_default_dir"]
            assert surge.added[second.id]["relative_to_default_dir"]
            assert surge.added[second.id]["path"] == "sub"
        finally:
            await service.close()


OLD_STATUS: dict[str, Any] = {
    "id": "550e8400-e29b-41d4-a716-446655440000",
    "url": "https://example.test/f.iso",
    "filename": "f.iso",
    "dest_path": "/home/me/f.iso",
    "total_size": 2**60 + 1,
    "downloaded": 2**60,
    "progress": 50.0,
    "speed": 10.5,
    "status": "downloading",
    "eta": 0,
    "connections": 4,
    "added_at": 0,
    "time_taken": 1500,
    "avg_speed": 9.0,
}


def test_sizes_beyond_two_to_the_53_stay_exact() -> None:
    """H14."""
    row = row_of(OLD_STATUS, 0, 1)
    assert (row.total_bytes, row.done_bytes) == (2**60 + 1, 2**60)
    assert (row.directory, row.elapsed_s, row.eta_s) == ("/home/me", 1.5, None)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("queued", Status.QUEUED),
        ("downloading", Status.DOWNLOADING),
        ("pausing", Status.PAUSING),
        ("paused", Status.PAUSED),
        ("completed", Status.COMPLETED),
        ("complete", Status.COMPLETED),
        ("error", Status.FAILED),
        ("something new", Status.QUEUED),
    ],
)
def test_status_words(word: str, status: Status) -> None:
    assert row_of(OLD_STATUS | {"status": word, "error": "x"}, 0, 1).status is status


def test_whatever_a_server_sends_makes_a_row() -> None:
    odd: tuple[object, ...] = (None, "text", -5, 1.5, True, [], {})
    for value in odd:
        row_of(dict.fromkeys(OLD_STATUS, value), 0, 1)
    assert row_of({}, 0, 1).url == ""


@pytest.mark.parametrize(
    "frame",
    [
        {"downloaded": 5, "total": 9, "speed": 2.5, "connections": 3, "elapsed": 2_000_000_000},
        {"Downloaded": 5, "Total": 9, "Speed": 2.5, "ActiveConnections": 3, "Elapsed": 2e9},
    ],
)
def test_progress_of_old_and_new_surges(frame: dict[str, Any]) -> None:
    row = progress_row(row_of(OLD_STATUS, 0, 1), frame, 7)
    assert (row.done_bytes, row.total_bytes, row.rate_bps) == (5, 9, 2.5)
    assert (row.connections, row.elapsed_s, row.version) == (3, 2.0, 7)


async def test_a_surge_that_says_null_for_nothing(fault_server: FaultServer) -> None:
    """Surge 0.12 sends null for an empty list."""
    for path, text in (("/list", "null"), ("/events", ": quiet\n\n")):
        fault_server.add(
            Resource(path=path, literal=text.encode(), content_type="text/event-stream")
        )
    service = RemoteService(fault_server.url("").removesuffix("/"), "x")
    await service.start()
    assert service.snapshot().downloads == ()
    await service.close()
