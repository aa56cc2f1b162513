"""P11: the port under load beside a download, with event readers that read and that stall."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.bench import Bench
from tests.benchmarks.engine_process import Errand
from tests.benchmarks.measuring import cpu_s_of, peak_bytes_of
from tests.benchmarks.results import MB, Goal, Report
from tests.support.nginx import Nginx

REQUESTS_PER_S = 1000
CALLERS = 20
READERS = 20
STALLED = 20
PHASE_S = 6.0
WARM_UP_S = 3.0
CONNECTIONS = 8
RATE_BPS = 12_000_000
"""Of each connection: a link of about 100 MB/s, on which a busy engine would show."""
WAITING = 8
"""Downloads in the queue behind the running one."""


def p11(bench: Bench) -> list[Report]:
    """Measure latency, the rate that is lost, and memory."""
    return [report(load_of(bench), PHASE_S)]


def load_of(bench: Bench, phase_s: float = PHASE_S, rate_bps: int = RATE_BPS) -> Load:
    """Run a download of 2 GiB alone and then under load, ``phase_s`` each."""
    ground = bench.ground
    ground.source("big.bin", 2048 * 1024 * 1024)
    ground.clear()
    with Nginx(ground.sources, rate_bps=rate_bps) as server:
        errand = Errand(
            state=str(ground.state),
            directory=str(ground.target),
            urls=tuple(server.url(f"/big.bin?{n}") for n in range(WAITING + 1)),
            names=tuple(f"big-{n}.bin" for n in range(WAITING + 1)),
            slots=1,
            connections=CONNECTIONS,
            fixed=True,
            with_api=True,
            waits_for_end=False,
        )
        with started(bench, errand) as (process, told):
            return asyncio.run(_measure(process.pid, place_of(told), phase_s))


@dataclass(slots=True)
class Load:
    """What was measured."""

    waits_s: list[float] = field(default_factory=list)
    wrong: int = 0
    frames: int = 0
    alone_bps: float = 0.0
    loaded_bps: float = 0.0
    alone_cpu: float = 0.0
    loaded_cpu: float = 0.0
    peak_before: int = 0
    peak_middle: int = 0
    peak_after: int = 0


def report(load: Load, phase_s: float) -> Report:
    """Return P11."""
    waits_s = sorted(load.waits_s)
    p50_s, p99_s = waits_s[len(waits_s) // 2], waits_s[int(len(waits_s) * 0.99)]
    lost = 1 - load.loaded_bps / load.alone_bps
    grown = (load.peak_after - load.peak_middle) / MB
    return Report(
        "P11",
        f"API: {REQUESTS_PER_S} requests/s, {READERS} event readers, {STALLED} that do not read",
        [
            f"{len(waits_s) / phase_s:.0f} answers/s to {CALLERS} connections, {load.wrong} wrong; "
            f"p50 {p50_s * 1000:.1f} ms, worst {waits_s[-1] * 1000:.0f} ms; "
            f"{load.frames / phase_s:.0f} frames/s delivered",
            f"download {load.alone_bps / MB:.0f} -> {load.loaded_bps / MB:.0f} MB/s; "
            f"CPU {load.alone_cpu:.0%} -> {load.loaded_cpu:.0%} of a core; peak memory MB "
            f"{load.peak_before / MB:.0f} alone, {load.peak_middle / MB:.0f} under load, "
            f"{load.peak_after / MB:.0f} at its end",
        ],
        [
            Goal("p99 of all answers", p99_s * 1000, 50, "ms"),
            Goal("answers that came", len(waits_s) / phase_s / REQUESTS_PER_S, 0.98, at_least=True),
            Goal("wrong answers", load.wrong, 0, ""),
            Goal("rate lost", lost * 100, 10, "%"),
            Goal("memory grown in the second half", grown, 8, "MB"),
        ],
    )


@contextmanager
def started(
    bench: Bench, errand: Errand
) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """Start the engine and read where its API is."""
    with subprocess.Popen(
        errand.argv(),
        env=bench.ground.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.terminate()


def place_of(told: dict[str, Any]) -> Place:
    """Return where an engine said that its API is."""
    host, _, port = told["api"].rpartition(":")
    return Place(host, int(port), told["token"])


async def _measure(pid: int, place: Place, phase_s: float) -> Load:
    load = Load()
    async with AsyncExitStack() as stack:
        asker = await stack.enter_async_context(Caller(place))
        await asyncio.sleep(WARM_UP_S)
        rows = json.loads(await asker.ask("GET", "/list"))
        running = next(row["id"] for row in rows if row["status"] == "downloading")
        waiting = [row["id"] for row in rows if row["id"] != running]
        load.peak_before = peak_bytes_of(pid)
        load.alone_bps, load.alone_cpu = await _rate(place, pid, running, phase_s)
        readers = [asyncio.create_task(_read_events(place, load)) for _ in range(READERS)]
        stalled = [await stalled_reader(place) for _ in range(STALLED)]
        callers = [await stack.enter_async_context(Caller(place)) for _ in range(CALLERS)]
        requests = _mixed(running, waiting)
        watching = asyncio.create_task(_rate(place, pid, running, phase_s))
        middle = asyncio.create_task(_peak_after(pid, phase_s / 2))
        await asyncio.gather(
            *(
                _call(caller, requests, load, number, phase_s)
                for number, caller in enumerate(callers)
            )
        )
        load.loaded_bps, load.loaded_cpu = await watching
        load.peak_middle, load.peak_after = await middle, peak_bytes_of(pid)
        for reader in readers:
            reader.cancel()
        await asyncio.wait(readers)
        for sock in stalled:
            sock.close()
    return load


@dataclass(frozen=True, slots=True)
class Place:
    """Where an API is."""

    host: str
    port: int
    token: str

    def head(self, method: str, path: str, size: int = 0) -> bytes:
        """Return the head of a request."""
        return (
            f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
            f"Authorization: Bearer {self.token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {size}\r\n\r\n"
        ).encode()


class Caller:
    """One kept connection."""

    def __init__(self, place: Place) -> None:
        self._place = place

    async def __aenter__(self) -> Caller:
        self._reader, self._writer = await asyncio.open_connection(
            self._place.host, self._place.port
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Send a request and return the body of its answer; empty unless it is a 200."""
        self._writer.write(self._place.head(method, path, len(body)) + body)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        answer = await self._reader.readexactly(size)
        return answer if head.startswith(b"http/1.1 200") else b""


async def _rate(place: Place, pid: int, record_id: str, seconds: float) -> tuple[float, float]:
    """Return bytes per second of a download, and the share of a core, over some time."""

    async def done() -> int:
        # A connection of its own: a kept one would be closed in a long phase.
        async with Caller(place) as asker:
            row = json.loads(await asker.ask("GET", f"/download?id={record_id}"))
        return int(row["downloaded"])

    before, before_s, cpu_s = await done(), time.perf_counter(), cpu_s_of(pid)
    await asyncio.sleep(seconds)
    after, took_s = await done(), time.perf_counter() - before_s
    return (after - before) / took_s, (cpu_s_of(pid) - cpu_s) / took_s


Call = tuple[str, str, bytes]


def _mixed(running: str, waiting: list[str]) -> Iterator[Call]:
    """Yield requests without end: most of them look, two in ten change something."""
    rpc = json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "aria2.tellActive", "params": []}
    ).encode()
    for number in itertools.count():
        record_id = waiting[number % len(waiting)]
        yield "GET", "/list", b""
        yield "GET", f"/download?id={running}", b""
        yield "GET", "/health", b""
        yield "POST", f"/pause?id={record_id}", b""
        yield "POST", "/jsonrpc", rpc
        yield "GET", "/v1/downloads", b""
        yield "GET", "/list", b""
        yield "GET", f"/download?id={running}", b""
        yield "POST", f"/resume?id={record_id}", b""
        yield "GET", "/history", b""


async def _call(
    caller: Caller, requests: Iterator[Call], load: Load, number: int, phase_s: float
) -> None:
    """Ask at this caller's share of the rate. A late answer delays its next request only."""
    loop = asyncio.get_running_loop()
    step_s = CALLERS / REQUESTS_PER_S
    began_s = loop.time()
    due_s = began_s + number * step_s / CALLERS
    while due_s < began_s + phase_s:
        await asyncio.sleep(due_s - loop.time())
        method, path, body = next(requests)
        asked_s = max(due_s, loop.time())
        answer = await caller.ask(method, path, body)
        load.waits_s.append(loop.time() - asked_s)
        load.wrong += not answer
        due_s += step_s


async def _peak_after(pid: int, seconds: float) -> int:
    await asyncio.sleep(seconds)
    return peak_bytes_of(pid)


async def _read_events(place: Place, load: Load) -> None:
    reader, writer = await asyncio.open_connection(place.host, place.port)
    try:
        writer.write(place.head("GET", "/events"))
        while piece := await reader.read(65536):
            load.frames += piece.count(b"\ndata:") + piece.startswith(b"data:")
    finally:
        writer.close()


async def stalled_reader(place: Place) -> socket.socket:
    """Open an event stream and never read from it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, (place.host, place.port))
    await loop.sock_sendall(sock, place.head("GET", "/events"))
    return sock
