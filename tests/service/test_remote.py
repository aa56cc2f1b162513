"""The remote form where it is not like the local one: losing the other side and coming back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.api.serving import served
from tests.service.contract_kit import Bench
from tests.support.fault_server import FaultServer, Resource
from tests.support.netproxy import NetProxy
from tests.support.ports import free_port
from tui_dl.domain.errors import ErrorCode, StateError, TransferError
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadEvent, EventKind
from tui_dl.service import remote_link
from tui_dl.service.remote import RemoteService

SMALL = Resource(path="/small.bin", size=100_000)
SLOW = Resource(path="/slow.bin", size=50_000_000, rate_bps=300_000)
CLOSED = "http://127.0.0.1:9/closed.bin"


async def test_nobody_there_is_said(tmp_path: Path) -> None:
    service = RemoteService("http://127.0.0.1:9", "x")
    with pytest.raises(StateError) as caught:
        await service.start()
    assert caught.value.code is ErrorCode.CONNECT_FAILED
    assert "127.0.0.1:9" in caught.value.message
    await service.close()


async def test_a_refused_token_is_said(tmp_path: Path) -> None:
    async with served(tmp_path) as server:
        for token in (None, "wrong"):
            service = RemoteService(server.base, token)
            with pytest.raises(StateError) as caught:
                await service.start()
            assert caught.value.code is ErrorCode.NEEDS_LOGIN
            await service.close()


async def test_a_web_server_is_no_engine(fault_server: FaultServer) -> None:
    service = RemoteService(fault_server.url("").rstrip("/"), "x")
    with pytest.raises(StateError, match="no tui-dl and no Surge"):
        await service.start()
    await service.close()


async def test_before_the_start_everything_is_refused() -> None:
    service = RemoteService("http://127.0.0.1:9", "x")
    with pytest.raises(StateError):
        await service.pause(["x"])
    assert service.snapshot().downloads == ()
    await service.close()


async def test_the_other_side_dies_and_comes_back(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    url = fault_server.add(SLOW)
    async with served(tmp_path) as server:
        port = server.host_and_port[1]
        service = RemoteService(server.base, server.token)
        await service.start()
        bench = Bench(service, server.driver.folder)
        id_ = await bench.add(url)
        paused = await bench.add(CLOSED, paused=True)
        await bench.row(id_, lambda row: row.done_bytes > 0)
    try:
        await bench.picture(lambda: service.snapshot().stale_s > 1)
        stale = service.snapshot()
        assert {row.id for row in stale.downloads} == {id_, paused}, "the last picture stays"
        assert any(event.kind is EventKind.CHANGED for event in bench.events), "nobody was woken"
        with pytest.raises(TransferError):
            await service.pause([id_])
        async with served(tmp_path, {"port": port}) as server:
            await bench.picture(lambda: service.snapshot().stale_s == 0)
            await bench.row(id_, lambda row: row.status is Status.DOWNLOADING)
            (result,) = await service.pause([id_])
            assert result.failure is None
            await bench.event(EventKind.PAUSED, id_)
    finally:
        await service.close()


async def test_what_happened_meanwhile_is_told(tmp_path: Path, fault_server: FaultServer) -> None:
    async with served(tmp_path) as server:
        port, key = server.host_and_port[1], server.token
        service = RemoteService(server.base, key)
        await service.start()
        bench = Bench(service, server.driver.folder)
        kept = await bench.add(CLOSED, paused=True)
        removed = await bench.add(f"{CLOSED}?2", paused=True)
        finished = await bench.add(fault_server.add(SMALL), paused=True)
        await bench.row(finished, lambda row: True)
    try:
        await bench.picture(lambda: service.snapshot().stale_s > 0)
        bench.events.clear()
        async with served(tmp_path, {"port": 0}) as server:  # out of the client's sight
            await server.driver.service.remove([removed], with_files=False)
            await server.driver.service.resume([finished])
            await server.driver.wait(finished)
            added = await server.driver.add(f"{CLOSED}?3", paused=True)
        async with served(tmp_path, {"port": port}):
            await bench.event(EventKind.REMOVED, removed)
            await bench.event(EventKind.COMPLETED, finished)
            await bench.event(EventKind.ADDED, added)
            assert bench.find(kept) is not None
            assert bench.find(removed) is None
    finally:
        await service.close()


async def test_a_line_that_falls_silent_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D14, H19: nothing says that the other side has gone; after a while it answers again."""
    monkeypatch.setattr(remote_link, "SILENCE_S", 0.5)
    monkeypatch.setattr("tui_dl.api.native.streams.HEARTBEAT_S", 0.1)
    port = free_port()
    with NetProxy(port) as proxy:
        host = f"127.0.0.1:{proxy.port}"
        settings = {"port": port, "hosts": frozenset({host})}
        async with served(tmp_path, settings) as server:
            service = RemoteService(f"http://{host}", server.token)
            await service.start()
            bench = Bench(service, server.driver.folder)
            quiet = await bench.add(CLOSED, paused=True)
            await bench.row(quiet, lambda row: True)
            await asyncio.sleep(1.0)  # heartbeats alone keep the line
            assert service.snapshot().stale_s == 0
            proxy.freeze()
            await bench.picture(lambda: service.snapshot().stale_s > 0)
            proxy.thaw()
            await bench.picture(lambda: service.snapshot().stale_s == 0)
            await bench.service.remove([quiet], with_files=False)
            await bench.event(EventKind.REMOVED, quiet)
            await service.close()


async def test_a_listener_that_fails_stops_nobody(tmp_path: Path) -> None:
    async with served(tmp_path) as server:
        service = RemoteService(server.base, server.token)
        await service.start()

        def broken(_: DownloadEvent) -> None:
            raise RuntimeError("a front end's mistake")

        service.subscribe(broken)
        bench = Bench(service, server.driver.folder)
        id_ = await bench.add(CLOSED, paused=True)
        await bench.event(EventKind.ADDED, id_)
        await service.close()
