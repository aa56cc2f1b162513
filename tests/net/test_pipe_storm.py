"""Many bodies at once through one pipe: servers leave, sinks change their minds."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import Awaitable
from pathlib import Path

import pytest

from tests.net.scripted import Peer, serving
from tests.net.sinks import IDLE_S
from tests.net.test_pipes import open_pipes, twofold_sockets
from tui_dl.domain.errors import DiskError, ErrorCode, TransferError
from tui_dl.net import connection
from tui_dl.net.client import ClientConfig, HttpClient
from tui_dl.net.reply import Feed, PipeSink
from tui_dl.net.request import HttpRequest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has splice")

BODY = random.Random(9).randbytes(1_500_000)
ROUNDS, AT_ONCE = 30, 8
ENDS = {"whole", "stopped", "cancelled", "disk_full", "truncated", "connection_lost"}
ROOMS = (0, 1, 4096, 300_000, 1 << 30, 1 << 30, 1 << 30)


class MoodySink(PipeSink):
    """Takes bytes at once, later, from pipes, not at all; stops or fails somewhere, perhaps."""

    def __init__(self, path: Path, dice: random.Random) -> None:
        self.taken = self.piped = 0
        self.is_over = False
        self.is_left = False
        """The pump has ended."""
        self.came_late = 0
        self._is_busy = False
        self._dice = dice
        self._fails_at, self._stops_at = (
            dice.choice((1 << 30, 1 << 30, dice.randrange(len(BODY)))) for _ in "ab"
        )
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT)

    def feed(self, data: memoryview) -> Feed | Awaitable[None]:
        """Write ``data``."""
        self._check()
        os.pwrite(self._fd, data, self.taken)
        self.taken += len(data)
        if self.taken >= self._stops_at:
            self.is_over = True
            return Feed.STOP
        return self._rest() if self._dice.random() < 0.15 else Feed.GO_ON

    async def _rest(self) -> None:
        self._is_busy = True
        await asyncio.sleep(0)
        self._is_busy = False

    @property
    def pipe_room(self) -> int:
        """Whatever comes to its mind."""
        return 0 if self._is_busy or self.is_over else self._dice.choice(ROOMS)

    def feed_pipe(self, pipe: int, count: int) -> None:
        """Write what is in ``pipe``, or leave some of it there."""
        self._check()
        if self._dice.random() < 0.01:
            self._fail()
        self.piped += count
        while count:
            moved = os.splice(pipe, self._fd, count, offset_dst=self.taken)
            self.taken += moved
            count -= moved

    def _check(self) -> None:
        self.came_late += self.is_left
        assert not self._is_busy, "more came before the last was dealt with"
        assert not self.is_over, "more came after it had enough"
        if self.taken >= self._fails_at:
            self._fail()

    def _fail(self) -> None:
        self.is_over = True
        raise DiskError("no room", code=ErrorCode.DISK_FULL)

    def close(self) -> bytes:
        """Close the file and return what is in it."""
        data = os.pread(self._fd, self.taken, 0)
        os.close(self._fd)
        return data


async def fetch(client: HttpClient, url: str, sink: MoodySink, dice: random.Random) -> str:
    """Fetch ``url``, or cancel it in the middle; return how it ended."""

    async def work() -> None:
        reply = await client.open(HttpRequest(url, use_netrc=False))
        try:
            await reply.pump(sink, idle_timeout_s=IDLE_S)
        finally:
            await reply.aclose()
            sink.is_left = True

    task = asyncio.create_task(work())
    if dice.random() < 0.2:
        for _ in range(dice.randrange(60)):
            await asyncio.sleep(0)
        task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return "cancelled"
    except (DiskError, TransferError) as error:
        return error.code.value
    return "stopped" if sink.is_over else "whole"


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_byte_is_lost_or_shifted_and_nothing_is_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    dice = random.Random(seed)

    async def leave_at_times(peer: Peer) -> None:
        while await peer.request():
            await peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(BODY)}\r\n\r\n")
            end = dice.choice((len(BODY), len(BODY), dice.randrange(len(BODY))))
            at = 0
            while at < end:
                step = min(end - at, dice.choice((1, 1000, 30_000, 200_000, 1_000_000)))
                await peer.send(BODY[at : at + step])
                at += step
            if end < len(BODY):
                peer.close() if dice.random() < 0.5 else peer.reset()
                return

    monkeypatch.setattr(connection, "SMALL_BUFFER_BYTES", 4096)
    monkeypatch.setattr(connection, "DIVERSIONS", 5)
    client, before = HttpClient(ClientConfig(env_proxies=False)), open_pipes()
    ends, given = Counter[str](), list[MoodySink]()
    async with serving(leave_at_times) as server:
        for _ in range(ROUNDS):
            sinks = [MoodySink(tmp_path / f"{n}", dice) for n in range(AT_ONCE)]
            ends.update(
                await asyncio.gather(*(fetch(client, server.url(), s, dice) for s in sinks))
            )
            for sink in sinks:
                data = sink.close()
                assert data == BODY[: len(data)]
            given += sinks
        memory = client._parts[2]._memory
        await client.aclose()
    assert sum(sink.piped for sink in given) > 0
    assert sum(sink.came_late for sink in given) == 0, "a claim that was left got bytes"
    assert set(ends) <= ENDS
    assert min(ends["whole"], ends["truncated"], ends["connection_lost"]) > 0
    assert memory.diversions_left == 5
    assert memory.large_left == connection.LARGE_BUFFERS
    assert (twofold_sockets(), open_pipes() <= before) == (0, True)
