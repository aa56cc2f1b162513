"""aria2p 0.12 drives tui-dl unchanged: its library, its commands, its listener."""

from __future__ import annotations

import asyncio
import os
import queue
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import aria2p
import pytest

from tests.api.aria2.serving import TOKEN, Aria2Server, aria2_server
from tests.support.fault_server import FaultServer, Resource, check_file

NEVER = "http://127.0.0.1:9/never"
SIZE = 300_000
Result = TypeVar("Result")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Aria2Server]:
    async with aria2_server(tmp_path) as running:
        yield running


def client(server: Aria2Server) -> aria2p.API:
    return aria2p.API(aria2p.Client(host="http://127.0.0.1", port=server.port, secret=TOKEN))


async def in_thread(work: Callable[[], Result]) -> Result:
    """Run the blocking library beside the server."""
    return await asyncio.to_thread(work)


def wait_for(download: Any, *words: str) -> None:
    """Refresh until the download has one of these statuses."""
    for _ in range(3000):
        download.update()
        if download.status in words:
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"still {download.status}")


async def test_a_download_and_everything_that_it_shows(
    server: Aria2Server, fault_server: FaultServer
) -> None:
    url = fault_server.add(Resource(path="/file.bin", size=SIZE))

    def work() -> None:
        api = client(server)
        (download,) = api.add(url, {"out": "mine.bin"})
        wait_for(download, "complete")
        assert download.name == "mine.bin"
        assert (download.total_length, download.completed_length) == (SIZE, SIZE)
        assert download.progress == 100.0
        assert download.num_pieces == 1
        assert download.bitfield == "80"
        assert download.dir == server.driver.folder
        assert download.root_files_paths == [server.driver.folder / "mine.bin"]
        assert download.error_code == "0"
        assert download.files[0].uris[0]["uri"] == url
        assert download.is_complete
        assert api.get_stats().num_stopped == 1
        assert [one.gid for one in api.get_downloads()] == [download.gid]
        assert api.purge()
        assert api.get_downloads() == []

    await in_thread(work)
    check_file(server.driver.folder / "mine.bin", 1, SIZE)


async def test_pause_resume_remove(server: Aria2Server, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/slow", size=SIZE, rate_bps=2000))

    def work() -> None:
        api = client(server)
        first, second = api.add(url)[0], api.add(url)[0]
        wait_for(first, "active")
        assert first.pause()
        first.update()
        assert first.is_paused
        (refused,) = api.pause([first])
        assert isinstance(refused, aria2p.ClientException)
        assert refused.message == f"GID#{first.gid} cannot be paused now"
        assert api.pause_all()
        assert all(one.is_paused for one in api.get_downloads())
        assert api.resume_all()
        for one in (first, second):
            wait_for(one, "active")
        assert api.remove([first], force=True, files=True) == [True]
        with pytest.raises(aria2p.ClientException, match=f"GID {first.gid} is not found"):
            api.get_download(first.gid)
        assert second.remove()
        assert api.get_downloads() == []

    await in_thread(work)


async def test_move_in_the_queue(server: Aria2Server) -> None:
    def work() -> None:
        api = client(server)
        a, b, c, d = (api.add(f"{NEVER}{n}", {"pause": "true"})[0] for n in range(4))

        def line() -> list[str]:
            return [one.gid for one in api.get_downloads()]

        assert line() == [a.gid, b.gid, c.gid, d.gid]
        assert api.move(a, 1) == 1
        assert line() == [b.gid, a.gid, c.gid, d.gid]
        assert d.move_up() == 2
        assert d.move_to_top() == 0
        assert b.move_to_bottom() == 3
        assert line() == [d.gid, a.gid, c.gid, b.gid]
        assert api.move_to(b, 0) == 0
        assert api.move_down(b, 2) == 2
        assert line() == [d.gid, a.gid, b.gid, c.gid]

    await in_thread(work)


async def test_options(server: Aria2Server) -> None:
    def work() -> None:
        api = client(server)
        (download,) = api.add(NEVER, {"pause": "true", "split": "3", "header": ["A: 1", "B: 2"]})
        options = download.options
        assert options.split == 3
        assert options.max_download_limit == 0
        assert options.header == "A: 1\nB: 2\n"
        assert options.set("max-download-limit", "20K")
        options.user_agent = "mine/1"
        again = api.get_options([download])[0]
        assert (again.max_download_limit, again.user_agent) == (20480, "mine/1")
        everywhere = api.get_global_options()
        assert everywhere.max_concurrent_downloads == 3
        everywhere.max_concurrent_downloads = 4
        assert everywhere.set("max-overall-download-limit", "1M")
        told = api.get_global_options()
        assert (told.max_concurrent_downloads, told.max_overall_download_limit) == (4, 1048576)
        assert str(told.dir) == str(server.driver.folder)

    await in_thread(work)


async def test_a_failed_one_is_tried_again(server: Aria2Server, fault_server: FaultServer) -> None:
    url = fault_server.url("/later")

    def work() -> None:
        api = client(server)
        (download,) = api.add(url, {"out": "later.bin", "split": "2"})
        wait_for(download, "error")
        assert (download.error_code, download.has_failed) == ("3", True)
        fault_server.add(Resource(path="/later", size=SIZE))
        assert api.retry_downloads([download]) == [True]
        (fresh,) = api.get_downloads()
        assert fresh.gid != download.gid
        wait_for(fresh, "complete")
        assert fresh.options.split == 2

    await in_thread(work)
    check_file(server.driver.folder / "later.bin", 1, SIZE)


async def test_metalink_and_input_files(
    server: Aria2Server, fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/f", size=SIZE))
    metalink = tmp_path / "x.metalink"
    metalink.write_text(
        '<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="m.bin">'
        f"<url>{url}</url></file></metalink>"
    )
    listed = tmp_path / "list.txt"
    listed.write_text(f"{url}\n  out=l.bin\n")

    def work() -> None:
        api = client(server)
        for download in (*api.add(str(metalink)), *api.add(str(listed))):
            wait_for(download, "complete")

    await in_thread(work)
    for name in ("m.bin", "l.bin"):
        check_file(server.driver.folder / name, 1, SIZE)


async def test_it_listens(server: Aria2Server, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/f", size=SIZE))
    heard: queue.Queue[tuple[str, str]] = queue.Queue()

    def note(name: str) -> Callable[[aria2p.API, str], None]:
        return lambda _, gid: heard.put((name, gid))

    def work() -> None:
        api = client(server)
        api.listen_to_notifications(
            threaded=True,
            timeout=1,
            on_download_start=note("start"),
            on_download_complete=note("complete"),
        )
        hub = server.facade.rpc.desk.context.events
        while hub.reader_count == 0:
            threading.Event().wait(0.01)
        (download,) = api.add(url)
        assert heard.get(timeout=30) == ("start", download.gid)
        assert heard.get(timeout=30) == ("complete", download.gid)
        api.stop_listening()

    await in_thread(work)


async def run_command(server: Aria2Server, *arguments: str) -> tuple[int, str]:
    """Run the command that people type."""
    program = Path(sys.executable).with_name("aria2p")
    where = ["-p", str(server.port), "-s", TOKEN]
    process = await asyncio.create_subprocess_exec(
        *(str(program), *where, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "NO_COLOR": "1"},
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


async def test_its_commands(server: Aria2Server, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/slow", size=SIZE, rate_bps=2000))
    code, out = await run_command(server, "add", url, f"{url}?again")
    assert (code, out.count("Created download")) == (0, 2), out
    assert await run_command(server, "pause", "--all") == (0, "")
    code, out = await run_command(server, "show")
    assert code == 0
    gids = await server.line()
    assert len(gids) == 2
    assert all(gid in out and "paused" in out for gid in gids), out
    code, out = await run_command(server, "call", "tellStatus", "-P", gids[0])
    assert code == 0
    assert '"status": "paused"' in out
    code, out = await run_command(server, "pause", gids[0])
    assert f"GID#{gids[0]} cannot be paused now" in out
    assert code == 1
    assert (await run_command(server, "remove", "--all"))[0] == 0
    assert await server.line() == []
    assert (await run_command(server, "purge"))[0] == 0
    code, out = await run_command(server, "call", "getVersion")
    assert (code, "enabledFeatures" in out) == (0, True)
