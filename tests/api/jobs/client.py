"""A client of the job queue for tests: submit, list, wait, and a gate that holds an origin."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import Any

import httpx

from tests.api.serving import Served
from tests.support.exchange import Exchange
from tests.support.fault_server import FaultServer, Resource

JobWire = dict[str, Any]
WAIT_S = 60.0
MIB = 1024 * 1024


class Gate:
    """A behaviour of the origin: no reply before ``release``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_open = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def __call__(self, exchange: Exchange) -> None:
        """Hold one request."""
        event = asyncio.Event()
        with self._lock:
            if self._is_open:
                return
            self._waiting.append((asyncio.get_running_loop(), event))
        await event.wait()

    def release(self) -> None:
        """Let all go on, now and from now on."""
        with self._lock:
            self._is_open = True
            waiting, self._waiting = self._waiting, []
        for loop, event in waiting:
            loop.call_soon_threadsafe(event.set)


def slow(origin: FaultServer, path: str = "/slow") -> str:
    """Return the URL of something that takes minutes."""
    return origin.add(Resource(path=path, size=16 * MIB, rate_bps=4096))


@dataclass
class Queue:
    """One server's queue."""

    server: Served

    async def submit(self, url: str, **fields: Any) -> list[JobWire]:
        """Submit, expect 202, and return the jobs."""
        reply = await self.server.http.post("/v1/jobs/download/submit", json={"url": url, **fields})
        assert reply.status_code == 202, reply.text
        body = reply.json()
        assert body.keys() == {"queued", "jobs"}
        assert body["queued"] is True
        jobs: list[JobWire] = body["jobs"]
        return jobs

    async def submit_one(self, url: str, **fields: Any) -> str:
        """Submit one URL and return the job's id."""
        [job] = await self.submit(url, **fields)
        id_: str = job["id"]
        return id_

    async def jobs(self) -> list[JobWire]:
        """Return the list."""
        reply = await self.server.http.get("/v1/jobs/queue")
        assert reply.status_code == 200, reply.text
        assert reply.json().keys() == {"jobs"}
        jobs: list[JobWire] = reply.json()["jobs"]
        return jobs

    async def job(self, id_: str) -> JobWire:
        """Return one job."""
        reply = await self.server.http.get("/v1/jobs/get", params={"id": id_})
        assert reply.status_code == 200, reply.text
        job: JobWire = reply.json()
        return job

    async def until(self, id_: str, *statuses: str) -> JobWire:
        """Wait until a job has one of these statuses."""
        async with asyncio.timeout(WAIT_S):
            while True:
                job = await self.job(id_)
                if job["status"] in statuses:
                    return job
                await asyncio.sleep(0.01)

    async def until_bytes(self, id_: str, *, least: int = 1) -> JobWire:
        """Wait until a job has received so many bytes."""
        async with asyncio.timeout(WAIT_S):
            while True:
                job = await self.job(id_)
                if job["progress"] >= least:
                    return job
                assert job["status"] not in ("failed", "completed", "cancelled"), job
                await asyncio.sleep(0.01)

    async def act(self, verb: str, id_: str) -> httpx.Response:
        """Ask for one deed, as ``mr job VERB ID`` does: no body, no Content-Type."""
        return await self.server.http.post(f"/v1/jobs/{verb}", params={"id": id_})

    async def done(self, verb: str, id_: str) -> None:
        """Ask for one deed and expect that it is taken."""
        reply = await self.act(verb, id_)
        words = {"cancel": "cancelled", "pause": "paused", "resume": "resumed", "retry": "retrying"}
        assert (reply.status_code, reply.json()) == (200, {"status": words[verb]})
