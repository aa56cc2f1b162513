"""The contract, on both forms of the service: what holds for one holds for the other."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.service.contract_kit import FORMS, Bench, code_of
from tests.support.fault_server import FaultServer, Resource, check_file
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import AddRequest, Assurance, DownloadOptions, Status
from tui_dl.domain.snapshot import EngineSnapshot, EventKind
from tui_dl.service.contract import AddOutcome, MoveTo, Preview, Recheck

SLOW = Resource(path="/slow.bin", size=50_000_000, rate_bps=200_000)
SMALL = Resource(path="/small.bin", size=100_000)
NOBODY = str(uuid.uuid4())


@pytest.fixture(params=sorted(FORMS))
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with FORMS[request.param](tmp_path) as bench:
        yield bench


async def test_a_download_is_told_from_its_addition_to_its_end(
    bench: Bench, fault_server: FaultServer
) -> None:
    id_ = await bench.add(fault_server.add(SMALL))
    ended = (await bench.event(EventKind.COMPLETED, id_)).download
    assert bench.kinds(id_) == [EventKind.ADDED, EventKind.STARTED, EventKind.COMPLETED]
    assert (ended.status, ended.total_bytes, ended.fraction) == (Status.COMPLETED, 100_000, 1.0)
    assert ended.assurance in (Assurance.SINGLE_REPLY, Assurance.VALIDATOR)
    row = await bench.row(id_, lambda row: row.status is Status.COMPLETED)
    check_file(Path(row.directory) / row.name, SMALL.seed, SMALL.size)


async def test_events_are_numbered_in_order(bench: Bench, fault_server: FaultServer) -> None:
    id_ = await bench.add(fault_server.add(SMALL))
    await bench.event(EventKind.COMPLETED, id_)
    numbers = [event.sequence for event in bench.events]
    assert numbers == sorted(set(numbers))


async def test_who_stops_listening_hears_no_more(bench: Bench, fault_server: FaultServer) -> None:
    bench.stop_listening()
    bench.stop_listening()
    other = Bench(bench.service, bench.folder)
    id_ = await bench.add(fault_server.add(SMALL))
    await other.event(EventKind.COMPLETED, id_)
    assert bench.events == []


async def test_answers_come_in_the_order_of_the_requests(bench: Bench) -> None:
    folder = str(bench.folder)
    answers = await bench.service.add(
        [
            AddRequest("http://127.0.0.1:9/a", folder, paused=True),
            AddRequest("ftp://127.0.0.1/b", folder),
            AddRequest("http://127.0.0.1:9/c", folder, paused=True),
            AddRequest("http://127.0.0.1:9/a", folder, paused=True),
        ]
    )
    assert [a.outcome for a in answers] == [
        AddOutcome.ADDED,
        AddOutcome.REFUSED,
        AddOutcome.ADDED,
        AddOutcome.DUPLICATE,
    ]
    assert answers[1].failure is not None
    assert answers[1].failure.code is ErrorCode.UNSUPPORTED_SCHEME
    assert answers[3].id == answers[0].id
    await bench.picture(lambda: len(bench.service.snapshot().downloads) == 2)


async def test_nothing_to_add_is_fine(bench: Bench) -> None:
    assert await bench.service.add([]) == []
    assert await bench.service.pause([]) == []


async def test_a_client_s_id_twice_is_one_download(bench: Bench) -> None:
    """S19: a request that is sent again after a timeout."""
    request = AddRequest("http://127.0.0.1:9/a", str(bench.folder), paused=True, id=NOBODY)
    first = await bench.service.add([request])
    second = await bench.service.add([request])
    assert (first[0].outcome, second[0].outcome) == (AddOutcome.ADDED, AddOutcome.DUPLICATE)
    assert first[0].id == second[0].id == NOBODY


async def test_a_duplicate_may_be_wanted(bench: Bench) -> None:
    request = AddRequest("http://127.0.0.1:9/a", str(bench.folder), paused=True)
    again = AddRequest("http://127.0.0.1:9/a", str(bench.folder), paused=True, allow_duplicate=True)
    answers = await bench.service.add([request, again])
    assert [a.outcome for a in answers] == [AddOutcome.ADDED, AddOutcome.ADDED]


async def test_options_arrive(bench: Bench) -> None:
    options = DownloadOptions(
        out="named.bin", connections=3, limit_bps=1000, mirrors=("http://127.0.0.1:9/m",)
    )
    request = AddRequest(
        "http://127.0.0.1:9/a", str(bench.folder), options, paused=True, gid="00000000000000ab",
        added_by="test",
    )  # fmt: skip
    (answer,) = await bench.service.add([request])
    row = await bench.row(str(answer.id), lambda row: True)
    assert row.options == options
    assert (row.name, row.limit_bps, row.gid) == ("named.bin", 1000, "00000000000000ab")
    assert (row.added_by, row.status, row.directory) == ("test", Status.PAUSED, str(bench.folder))


async def test_pause_and_resume(bench: Bench, fault_server: FaultServer) -> None:
    id_ = await bench.add(fault_server.add(SLOW), connections=2)
    await bench.row(id_, lambda row: row.done_bytes > 0)
    (paused,) = await bench.service.pause([id_])
    assert paused.failure is None
    await bench.event(EventKind.PAUSED, id_)
    kept = await bench.row(id_, lambda row: row.status is Status.PAUSED)
    assert kept.done_bytes > 0
    (resumed,) = await bench.service.resume([id_])
    assert resumed.failure is None
    await bench.event(EventKind.RESUMED, id_)
    now = await bench.row(id_, lambda row: row.status is Status.DOWNLOADING)
    assert now.done_bytes >= kept.done_bytes


async def test_cancel_keeps_the_record_and_the_part(
    bench: Bench, fault_server: FaultServer
) -> None:
    id_ = await bench.add(fault_server.add(SLOW))
    await bench.row(id_, lambda row: row.done_bytes > 0)
    (result,) = await bench.service.cancel([id_])
    assert result.failure is None
    await bench.event(EventKind.CANCELLED, id_)
    await bench.row(id_, lambda row: row.status is Status.CANCELLED)
    part = (await bench.details(id_)).part_path
    assert part is not None
    assert Path(part).exists()


@pytest.mark.parametrize("with_files", [False, True])
async def test_remove(bench: Bench, fault_server: FaultServer, with_files: bool) -> None:
    id_ = await bench.add(fault_server.add(SMALL))
    ended = (await bench.event(EventKind.COMPLETED, id_)).download
    path = Path(ended.directory) / ended.name
    (result,) = await bench.service.remove([id_], with_files=with_files)
    assert result.failure is None
    await bench.event(EventKind.REMOVED, id_)
    await bench.picture(lambda: bench.find(id_) is None)
    assert path.exists() is not with_files
    assert await bench.service.details(id_) is None


async def test_unknown_ids_are_said_one_by_one(bench: Bench) -> None:
    id_ = await bench.add("http://127.0.0.1:9/a", paused=True)
    service = bench.service
    for results in (
        await service.pause([NOBODY, id_]),
        await service.cancel([NOBODY, id_]),
        await service.resume([NOBODY, id_]),
        await service.remove([NOBODY, id_], with_files=False),
    ):
        assert [result.id for result in results] == [NOBODY, id_]
        assert [code_of(result) for result in results] == [ErrorCode.UNKNOWN_DOWNLOAD, None]
    singles = (
        await service.move_to_index(NOBODY, 0),
        await service.set_url(NOBODY, "http://127.0.0.1:9/b"),
        await service.set_limit(NOBODY, 5),
        await service.relocate(NOBODY, name="b"),
        await service.set_options(NOBODY, DownloadOptions()),
    )
    assert {code_of(result) for result in singles} == {ErrorCode.UNKNOWN_DOWNLOAD}
    assert await service.details(NOBODY) is None


async def test_what_the_status_forbids_is_said(bench: Bench, fault_server: FaultServer) -> None:
    id_ = await bench.add(fault_server.add(SMALL))
    await bench.event(EventKind.COMPLETED, id_)
    for results in (
        await bench.service.pause([id_]),
        await bench.service.resume([id_]),
        await bench.service.cancel([id_]),
        [await bench.service.set_url(id_, "http://127.0.0.1:9/b")],
    ):
        assert [code_of(result) for result in results] == [ErrorCode.NOT_ALLOWED_NOW]


async def test_limits_act_and_show(bench: Bench) -> None:
    id_ = await bench.add("http://127.0.0.1:9/a", paused=True)
    service = bench.service
    await service.set_global_limit(5_000_000)
    await service.set_default_limit(70_000)
    await service.set_slots(7)
    await bench.picture(lambda: service.snapshot().limit_bps == 5_000_000)
    await bench.picture(lambda: service.snapshot().slots == 7)
    await bench.row(id_, lambda row: row.limit_bps == 70_000)
    await service.set_limit(id_, 0)
    await bench.row(id_, lambda row: row.limit_bps == 0 and row.options.limit_bps == 0)
    await service.set_limit(id_, None)
    await bench.row(id_, lambda row: row.limit_bps == 70_000 and row.options.limit_bps is None)


async def test_moves_change_the_order(bench: Bench, fault_server: FaultServer) -> None:
    await bench.service.set_slots(1)
    running = await bench.add(fault_server.add(SLOW))
    await bench.row(running, lambda row: row.status is Status.DOWNLOADING)
    ids = [await bench.add(fault_server.url(f"/slow.bin?{n}")) for n in range(3)]

    def order() -> list[str]:
        return [row.id for row in bench.service.snapshot().downloads if row.queue_rank]

    await bench.picture(lambda: order() == ids)
    (moved,) = await bench.service.move([ids[2]], MoveTo.TOP)
    assert moved.failure is None
    await bench.picture(lambda: order() == [ids[2], ids[0], ids[1]])
    assert (await bench.service.move_to_index(ids[2], 1)).failure is None
    await bench.picture(lambda: order() == [ids[0], ids[2], ids[1]])


async def test_a_new_link_is_taken_while_stopped(bench: Bench) -> None:
    id_ = await bench.add("http://127.0.0.1:9/a", paused=True)
    assert (await bench.service.set_url(id_, "http://127.0.0.1:9/b")).failure is None
    await bench.row(id_, lambda row: row.url.endswith("/b"))
    assert code_of(await bench.service.set_url(id_, "no url")) is ErrorCode.INVALID_URL


async def test_a_preview_tells_name_and_size_and_fetches_nothing(
    bench: Bench, fault_server: FaultServer
) -> None:
    """A link that works once must still work afterwards: it is asked by HEAD."""
    url = fault_server.add(SMALL)
    folder = str(bench.folder)
    assert await bench.service.preview(AddRequest(url, folder)) == Preview("small.bin", 100_000)
    fault_server.wait_idle()
    assert fault_server.bytes_sent(SMALL.path) == 0
    missing = await bench.service.preview(AddRequest(fault_server.url("/none.bin"), folder))
    assert missing == Preview("none.bin")
    dead = await bench.service.preview(AddRequest("http://127.0.0.1:9/a.bin", folder))
    assert dead.failure is not None
    assert (dead.name, dead.failure.code) == ("a.bin", ErrorCode.CONNECT_REFUSED)
    assert bench.service.snapshot().downloads == ()
    assert list(bench.folder.iterdir()) == []


async def test_a_download_gets_another_folder_and_name(bench: Bench) -> None:
    id_ = await bench.add("http://127.0.0.1:9/a", paused=True)
    folder = bench.folder / "other"
    done = await bench.service.relocate(id_, directory=str(folder), name="b.bin")
    assert done.failure is None
    await bench.row(id_, lambda row: (row.directory, row.name) == (str(folder), "b.bin"))


async def test_options_can_change_without_losing_secrets(
    bench: Bench, fault_server: FaultServer
) -> None:
    """S7: a remote side cannot see headers, so it must not be able to lose them."""
    url = fault_server.add(SMALL)
    id_ = await bench.add(url, paused=True, headers=(("X-Key", "secret"),))
    row = await bench.row(id_, lambda row: True)
    changed = replace(row.options, connections=2, referer="http://example.test/")
    assert (await bench.service.set_options(id_, changed)).failure is None
    await bench.row(id_, lambda row: row.options.connections == 2)
    await bench.service.resume([id_])
    await bench.event(EventKind.COMPLETED, id_)
    (request, *_) = fault_server.requests("/small.bin")
    assert request.header("x-key") == "secret"
    assert request.header("referer") == "http://example.test/"


async def test_details_tell_where_and_how(bench: Bench, fault_server: FaultServer) -> None:
    id_ = await bench.add(fault_server.add(SLOW), connections=2)
    await bench.row(id_, lambda row: row.done_bytes > 0)
    details = await bench.details(id_)
    assert details.download.id == id_
    assert details.ranges_supported is True
    assert details.validators.etag == '"v1"'
    assert details.workers
    assert details.segments
    assert details.part_path is not None


async def test_a_finished_file_can_be_checked_again(
    bench: Bench, fault_server: FaultServer
) -> None:
    id_ = await bench.add(fault_server.add(SMALL))
    await bench.event(EventKind.COMPLETED, id_)
    assert await bench.service.recheck(id_) is Recheck.SAME


async def test_the_same_number_is_the_same_picture(bench: Bench, fault_server: FaultServer) -> None:
    id_ = await bench.add(fault_server.add(SMALL))
    await bench.event(EventKind.COMPLETED, id_)
    await bench.row(id_, lambda row: row.status is Status.COMPLETED)
    seen: dict[int, EngineSnapshot] = {}
    for _ in range(50):
        picture = bench.service.snapshot()
        assert seen.setdefault(picture.version, picture) == picture
    assert bench.service.snapshot().stale_s == 0


async def test_closing_twice_is_fine(bench: Bench) -> None:
    await bench.service.close()
    await bench.service.close()


async def test_priorities_go_before_places(bench: Bench, fault_server: FaultServer) -> None:
    await bench.service.set_slots(1)
    running = await bench.add(fault_server.add(SLOW))
    await bench.row(running, lambda row: row.status is Status.DOWNLOADING)
    ids = [await bench.add(fault_server.url(f"/slow.bin?{n}")) for n in range(4)]

    def order() -> list[str]:
        return [row.id for row in bench.service.snapshot().downloads if row.queue_rank]

    results = await bench.service.set_priority([ids[3], NOBODY, ids[1]], 5)
    assert [result.id for result in results] == [ids[3], NOBODY, ids[1]]
    assert [code_of(result) for result in results] == [None, ErrorCode.UNKNOWN_DOWNLOAD, None]
    await bench.picture(lambda: order() == [ids[1], ids[3], ids[0], ids[2]])
    await bench.row(ids[3], lambda row: row.options.priority == 5)
    await bench.service.move([ids[2]], MoveTo.TOP)
    await bench.picture(lambda: order() == [ids[1], ids[3], ids[2], ids[0]])
    await bench.service.set_options(ids[1], DownloadOptions(priority=-1))
    await bench.picture(lambda: order() == [ids[3], ids[2], ids[0], ids[1]])
    assert (await bench.row(running, lambda row: True)).status is Status.DOWNLOADING


@pytest.mark.parametrize("priority", [-101, 101])
async def test_a_priority_has_bounds(bench: Bench, priority: int) -> None:
    id_ = await bench.add("http://127.0.0.1:9/a", paused=True)
    (result,) = await bench.service.set_priority([id_], priority)
    assert code_of(result) is ErrorCode.INVALID_OPTION
    request = AddRequest(
        "http://127.0.0.1:9/b", str(bench.folder), DownloadOptions(priority=priority)
    )
    (answer,) = await bench.service.add([request])
    assert answer.outcome is AddOutcome.REFUSED
    assert answer.failure is not None
    assert f"The priority {priority} is not from -100 to 100." in answer.failure.message
    assert (await bench.row(id_, lambda row: True)).options.priority == 0
