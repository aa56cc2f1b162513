"""Places in the line, session files, Metalink uploads, the end of the process."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.aria2.serving import Aria2Server, aria2_server
from tests.support.fault_server import FaultServer, Resource, body_bytes, check_file
from tui_dl.api.aria2.adding import Place
from tui_dl.api.aria2.desk import Aria2Settings
from tui_dl.api.aria2.methods import system
from tui_dl.api.aria2.options import Defaults
from tui_dl.api.aria2.session import session_requests
from tui_dl.domain.model import Digest, Source

NEVER = "http://127.0.0.1:9/"
PAUSED = {"pause": "true"}
SIZE = 300_000
PIECE = 262_144


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Aria2Server]:
    async with aria2_server(tmp_path) as running:
        yield running


async def five(server: Aria2Server) -> list[str]:
    return [await server.call("addUri", [f"{NEVER}{n}"], PAUSED) for n in range(5)]


async def test_offsets(server: Aria2Server) -> None:
    a, b, c, d, e = await five(server)

    async def told(offset: int, length: int) -> list[str]:
        return [one["gid"] for one in await server.call("tellWaiting", offset, length)]

    assert await told(0, 10) == [a, b, c, d, e]
    assert await told(-1, 2) == [e, d]
    assert await told(-3, 10) == [c, b, a]
    assert await told(-99, 5) == []
    assert await told(100, 5) == []
    assert await told(0, 0) == []


async def test_places_of_paused_downloads(server: Aria2Server) -> None:
    a, b, c, d, e = await five(server)
    assert await server.call("changePosition", e, 0, "POS_SET") == 0
    assert await server.line() == [e, a, b, c, d]
    assert await server.call("changePosition", e, 99, "POS_SET") == 4
    assert await server.call("changePosition", b, -1, "POS_CUR") == 0
    assert await server.line() == [b, a, c, d, e]
    assert await server.call("changePosition", b, -1, "POS_END") == 3
    assert await server.line() == [a, c, d, b, e]
    assert await server.refusal("changePosition", a, 0, "POS_X") == "Illegal argument."
    first = await server.call("addUri", [NEVER], PAUSED, 1)
    assert await server.line() == [a, first, c, d, b, e]
    last = await server.call("addUri", [NEVER], PAUSED, 99)
    assert await server.line() == [a, first, c, d, b, e, last]


@pytest.fixture
async def busy(fault_server: FaultServer, tmp_path: Path) -> AsyncIterator[Aria2Server]:
    """One slot, taken by a download that does not end."""
    async with aria2_server(tmp_path, slots=1) as running:
        url = fault_server.add(Resource(path="/slow", size=SIZE, rate_bps=2000))
        gid = await running.call("addUri", [url], {"gid": "00000000000000ff"})
        await running.wait(gid, "active")
        yield running


async def test_places_of_queued_and_paused_downloads(busy: Aria2Server) -> None:
    active = "00000000000000ff"
    refusal = await busy.refusal("changePosition", active, 0, "POS_SET")
    assert refusal == f"GID#{active} not found in the waiting queue."
    a = await busy.call("addUri", [f"{NEVER}a"])
    b = await busy.call("addUri", [f"{NEVER}b"], PAUSED)
    c = await busy.call("addUri", [f"{NEVER}c"])
    d = await busy.call("addUri", [f"{NEVER}d"], {}, 0)
    assert await busy.line() == [d, a, b, c]
    assert await busy.call("changePosition", c, 0, "POS_SET") == 0
    assert await busy.line() == [c, d, a, b]
    assert await busy.call("changePosition", d, 1, "POS_CUR") == 2
    assert await busy.line() == [c, a, d, b]
    queue = [row.gid for row in busy.driver.service.snapshot().downloads if row.queue_rank]
    ranked = sorted(
        (row.queue_rank, row.gid)
        for row in busy.driver.service.snapshot().downloads
        if row.queue_rank is not None
    )
    assert len(queue) == 3
    assert [gid for _, gid in ranked] == [c, a, d], "the engine will run them in this order"
    assert await busy.call("changePosition", b, 1, "POS_SET") == 1
    assert await busy.call("unpause", b) == b
    assert (await busy.status(b))["status"] == "waiting"
    assert await busy.line() == [c, b, a, d], "it keeps its place"
    assert await busy.call("pause", a) == a
    assert await busy.line() == [c, b, a, d]


async def test_a_download_that_starts_again_keeps_its_slot(
    busy: Aria2Server, fault_server: FaultServer
) -> None:
    active, next_url = "00000000000000ff", fault_server.add(Resource(path="/next", size=10))
    waiting = await busy.call("addUri", [next_url])
    for change in ({"split": "2"}, {"user-agent": "other/1"}):
        assert await busy.call("changeOption", active, change) == "OK"
        await busy.wait(active, "active")
        assert (await busy.status(waiting))["status"] == "waiting"
    assert fault_server.requests("/next") == []


async def test_a_session_file_holds_what_is_not_done(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    path = tmp_path / "session"
    done_url = fault_server.add(Resource(path="/done", size=10))
    bad_url = fault_server.url("/missing")
    async with aria2_server(tmp_path, settings=Aria2Settings(session_path=path)) as server:
        options = {"pause": "true", "header": ["A: 1", "B: 2"], "out": "n", "retry-wait": "3"}
        paused = await server.call("addUri", [f"{NEVER}a", f"{NEVER}b?x=1&y='2'"], options)
        done = await server.call("addUri", [done_url])
        failed = await server.call("addUri", [bad_url])
        await server.wait(done, "complete")
        await server.wait(failed, "error")
        assert await server.call("saveSession") == "OK"
        folder = server.driver.folder
    assert path.read_text() == (
        f"{NEVER}a\t{NEVER}b?x=1&y='2'\t\n gid={paused}\n pause=true\n dir={folder}\n out=n\n"
        " header=A: 1\n header=B: 2\n retry-wait=3\n"
        f"{bad_url}\t\n gid={failed}\n dir={folder}\n"
    )
    place = Place(lambda wanted: wanted or "/", Defaults(), Source.LOCAL)
    first, second = session_requests(path.read_text(), place)
    assert (first.gid, first.paused, first.options.out) == (paused, True, "n")
    assert (first.url, first.options.mirrors) == (f"{NEVER}a", (f"{NEVER}b?x=1&y='2'",))
    assert (second.gid, second.url, second.directory) == (failed, bad_url, str(folder))


async def test_a_session_file_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "session"
    async with aria2_server(tmp_path, settings=Aria2Settings(session_path=path)) as server:
        refusal = await server.refusal("saveSession")
        assert refusal == f"Failed to serialize session to '{path}'."


def document(url: str, name: str = "from-metalink.bin", digest: str | None = None) -> str:
    found = digest or hashlib.sha256(body_bytes(1, 0, SIZE)).hexdigest()
    bounds = [(start, min(start + PIECE, SIZE)) for start in range(0, SIZE, PIECE)]
    pieces = [hashlib.sha1(body_bytes(1, *bound)).hexdigest() for bound in bounds]
    text = (
        '<metalink xmlns="urn:ietf:params:xml:ns:metalink">'
        f'<file name="{name}"><size>{SIZE}</size><hash type="sha-256">{found}</hash>'
        f'<pieces length="{PIECE}" type="sha-1">'
        + "".join(f"<hash>{piece}</hash>" for piece in pieces)
        + "</pieces>"
        f'<url priority="2">http://127.0.0.1:9/mirror</url><url priority="1">{url}</url></file>'
        f'<file name="second.bin"><url>{url}</url></file></metalink>'
    )
    return base64.b64encode(text.encode()).decode()


async def test_a_metalink_upload(server: Aria2Server, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/m", size=SIZE))
    gids = await server.call("addMetalink", document(url), PAUSED)
    assert len(gids) == 2
    told = await server.status(gids[0])
    assert (told["totalLength"], told["files"][0]["length"]) == ("0", str(SIZE))
    assert told["files"][0]["path"] == str(server.driver.folder / "from-metalink.bin")
    assert [one["uri"] for one in told["files"][0]["uris"]] == [url, "http://127.0.0.1:9/mirror"]
    first, _ = server.driver.service.snapshot().downloads
    assert [digest.algorithm for digest in first.options.digests] == ["sha256"]
    assert first.options.mirrors == ("http://127.0.0.1:9/mirror",)
    pieces = server.facade.rpc.desk.ledger.extra(first.id).pieces
    assert pieces is not None
    assert (pieces.algorithm, pieces.length_bytes) == ("sha1", PIECE)
    await server.call("unpauseAll")
    for gid in gids:
        done = await server.wait(gid, "complete", "error")
        assert done["status"] == "complete", done
    check_file(server.driver.folder / "from-metalink.bin", 1, SIZE)
    check_file(server.driver.folder / "second.bin", 1, SIZE)


async def test_a_metalink_with_another_digest(
    server: Aria2Server, fault_server: FaultServer
) -> None:
    url = fault_server.add(Resource(path="/m", size=SIZE))
    (gid, _) = await server.call("addMetalink", document(url, digest="0" * 64), [])
    told = await server.wait(gid, "complete", "error")
    assert told["errorCode"] == "32", told


async def test_metalinks_that_are_none(server: Aria2Server) -> None:
    parse = "Could not parse Metalink XML document."
    for text in ("!!", "aGFsbG8=", "", "ü", base64.b64encode(b"<!DOCTYPE x><x/>").decode()):
        assert await server.refusal("addMetalink", text) == parse
    refusal = await server.refusal("addMetalink", document(NEVER, "../evil"))
    assert refusal == "Specification violation: Bad file@name"
    assert await server.call("addMetalink", base64.b64encode(b"<x/>").decode()) == []
    assert server.driver.service.snapshot().downloads == ()


async def test_the_name_of_the_only_file_may_be_chosen(server: Aria2Server) -> None:
    text = base64.b64decode(document(NEVER)).decode().replace("second.bin", "s")
    one = text[: text.index('<file name="s">')] + "</metalink>"
    packed = base64.b64encode(one.encode()).decode()
    options = {"out": "mine", "checksum": "md5=" + "0" * 32, **PAUSED}
    (gid,) = await server.call("addMetalink", packed, options, 0)
    assert (await server.call("getOption", gid))["out"] == "mine"
    (row,) = server.driver.service.snapshot().downloads
    assert row.options.digests != (Digest("md5", "0" * 32),)


async def test_the_process_is_ended_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "SHUTDOWN_S", 0)
    ends: list[str] = []
    settings = Aria2Settings(shut_down=lambda: ends.append("end"))
    async with aria2_server(tmp_path, settings=settings) as server:
        assert await server.call("shutdown") == "OK"
        assert await server.call("forceShutdown") == "OK"
        # Whatever the calls before left to the loop has run by now.
        assert await server.call("getVersion")
    assert ends == ["end"]


async def test_an_app_is_not_ended_by_its_clients(server: Aria2Server) -> None:
    assert await server.refusal("shutdown") == "This program is not ended by its clients."


async def test_the_session_id_is_new_at_each_start(tmp_path: Path) -> None:
    seen = set()
    for name in ("a", "b"):
        async with aria2_server(tmp_path / name) as server:
            info = await server.call("getSessionInfo")
            assert info == await server.call("getSessionInfo")
            seen.add(info["sessionId"])
    assert len(seen) == 2
    assert all(len(one) == 40 and int(one, 16) for one in seen)


async def test_places_beside_priorities_are_those_where_it_stands(busy: Aria2Server) -> None:
    """This dialect has no priorities, so the answer is where the download came to stand."""
    a, b, c = [await busy.call("addUri", [f"{NEVER}{name}"]) for name in "abc"]
    service = busy.driver.service
    ids = {row.gid: row.id for row in service.snapshot().downloads}
    await service.set_priority([ids[c]], 5)
    assert await busy.line() == [c, a, b]
    assert await busy.call("changePosition", b, 0, "POS_SET") == 1
    assert await busy.line() == [c, b, a]
    assert await busy.call("changePosition", c, 0, "POS_END") == 0
    assert await busy.line() == [c, b, a]
    d = await busy.call("addUri", [f"{NEVER}d"], {}, 0)
    assert await busy.line() == [c, d, b, a]
    assert await busy.call("changeOption", c, {"split": "3"}) == "OK"
    assert await busy.line() == [c, d, b, a], "options of this dialect leave the priority alone"
