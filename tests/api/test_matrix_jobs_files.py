"""Every route of the queue and of the files x every way to be nobody's friend (row 59)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.api.serving import Served, served
from tests.api.test_matrix import ABUSES, ask, state
from tests.support.fault_server import FaultServer, Resource
from tui_dl.api.jobs.routes import EVENTS, ROUTES

JOBS_LINES = [
    *((method, "/" + "/".join(path)) for path, (method, _) in ROUTES.items()),
    *(("GET", "/" + "/".join(path)) for path in EVENTS),
]
FILES_LINES = [
    ("GET", "/d?download=http%3A%2F%2F127.0.0.1%3A9%2Fx"),
    ("GET", "/?download=http%3A%2F%2F127.0.0.1%3A9%2Fx"),
    ("GET", "/d?downloads="),
    ("GET", "/?downloads="),
    ("GET", "/?download_history="),
    ("GET", "/api/v1/downloads"),
    ("DELETE", "/api/v1/downloads/ID"),
]
LINES = [*JOBS_LINES, *FILES_LINES]


@pytest.mark.parametrize("abuse", sorted(ABUSES))
async def test_no_route_lets_strangers_in(
    tmp_path: Path, fault_server: FaultServer, abuse: str
) -> None:
    changes, status = ABUSES[abuse]
    async with served(tmp_path) as server:
        done = await server.driver.fetch(fault_server.add(Resource(path="/done", size=5)))
        id_ = await server.driver.add("http://127.0.0.1:9/kept", paused=True)
        before = await everything(server)
        asked = [(method, with_id(target, id_)) for method, target in LINES]
        replies = await asyncio.gather(*(ask(server, line, changes) for line in asked))
        found = {line: reply.status_code for line, reply in zip(LINES, replies, strict=True)}
        assert found == dict.fromkeys(LINES, status)
        assert await everything(server) == before
        for line, reply in zip(LINES, replies, strict=True):
            assert "access-control-allow-origin" not in reply.headers
            shape = ["error"] if line in JOBS_LINES else ["success", "error"]
            assert list(reply.json()) == shape
        assert done.id in str(before)


def with_id(target: str, id_: str) -> str:
    if target.startswith("/v1/"):
        return f"{target}?id={id_}&ids=1&url=http://127.0.0.1:9/x"
    return target.replace("ID", id_)


async def everything(server: Served) -> tuple[object, ...]:
    """Return what strangers must not change: downloads, limits, history and queue."""
    past = (await server.http.get("/?download_history=")).json()
    queue = (await server.http.get("/v1/jobs/queue")).json()
    rows = (await server.http.get("/v1/downloads")).json()
    return await state(server), past, queue, rows


@pytest.mark.parametrize("size", [2 << 20, 50 << 20])
async def test_a_body_that_is_too_large(server: Served, size: int) -> None:
    """Trap S13."""
    for path, limit_is_small in (("/v1/jobs/download/submit", False), ("/d?download=x", True)):
        method = "GET" if limit_is_small else "POST"
        reply = await server.http.request(method, path, content=b"x" * size)
        assert reply.status_code == 413
    assert server.driver.service.snapshot().downloads == ()


async def test_deep_json_is_a_bad_request(server: Served) -> None:
    for path in ("/v1/jobs/download/submit", "/v1/downloads/retry"):
        reply = await server.http.post(
            path, content=b"[" * 500_000, headers={"content-type": "application/json"}
        )
        assert (reply.status_code, list(reply.json())) == (400, ["error"])
