"""One row a route of the whole port: a route without a row turns this red (row 59, trap S16).

What strangers get is in ``test_matrix.py`` and its twin, whose lines are compared here; this
table is about friends who make a mistake.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from tests.api.serving import Served
from tests.api.test_matrix import LINES as LINES_A
from tests.api.test_matrix import Line
from tests.api.test_matrix_jobs_files import LINES as LINES_B
from tests.api.test_matrix_jobs_files import everything
from tui_dl.api.aria2 import routes as aria2
from tui_dl.api.dispatch import CLOSED_PREFIXES, DOCUMENT, FILES_KEYS, SURGE_PATHS
from tui_dl.api.jobs import routes as jobs
from tui_dl.api.native import routes as native
from tui_dl.api.surge import routes as surge

NOBODY = "550e8400-e29b-41d4-a716-446655440000"


@dataclass(frozen=True)
class Row:
    """The statuses of three mistakes. ``None``: this cannot be got wrong here."""

    method: int | None = 405
    """Of PATCH, which nobody has."""
    body: int | None = None
    """Of half a JSON object."""
    id: int | None = None
    """Of an id that nobody has."""


READS = Row()
BY_ID = Row(id=404)
BY_BODY = Row(body=400)
ANY_METHOD = Row(method=None)

TABLE: dict[Line, Row] = {
    **dict.fromkeys(
        [(method, "/health") for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")],
        ANY_METHOD,
    ),
    ("GET", "/list"): READS,
    ("GET", "/history"): READS,
    ("GET", "/events"): READS,
    ("GET", "/download"): BY_ID,
    ("POST", "/download"): BY_BODY,
    ("POST", "/download/batch"): BY_BODY,
    ("POST", "/pause"): BY_ID,
    ("POST", "/resume"): BY_ID,
    ("POST", "/delete"): BY_ID,
    ("DELETE", "/delete"): BY_ID,
    ("POST", "/purge"): BY_ID,
    ("DELETE", "/purge"): BY_ID,
    # The id is looked for first.
    ("PUT", "/update-url"): Row(body=404, id=404),
    ("POST", "/open-file"): BY_ID,
    ("POST", "/open-folder"): BY_ID,
    ("POST", "/clear-completed"): READS,
    ("POST", "/clear-failed"): READS,
    ("POST", "/rate-limit"): BY_ID,
    ("POST", "/rate-limit/global"): READS,
    ("POST", "/rate-limit/default"): READS,
    ("GET", "/tui-dl/snapshot"): READS,
    ("GET", "/tui-dl/events"): READS,
    ("GET", "/tui-dl/details"): BY_ID,
    ("POST", "/tui-dl/add"): BY_BODY,
    ("POST", "/tui-dl/preview"): BY_BODY,
    ("POST", "/tui-dl/act"): BY_BODY,
    ("POST", "/tui-dl/dials"): BY_BODY,
    ("POST", "/tui-dl/recheck"): BY_ID,
    ("POST", "/v1/jobs/download/submit"): BY_BODY,
    ("POST", "/v1/download/submit"): BY_BODY,
    ("GET", "/v1/jobs/queue"): READS,
    ("GET", "/v1/download/queue"): READS,
    ("POST", "/v1/jobs/cancel"): BY_ID,
    ("POST", "/v1/download/cancel"): BY_ID,
    ("POST", "/v1/jobs/pause"): BY_ID,
    ("POST", "/v1/download/pause"): BY_ID,
    ("POST", "/v1/jobs/resume"): BY_ID,
    ("POST", "/v1/download/resume"): BY_ID,
    ("POST", "/v1/jobs/retry"): BY_ID,
    ("POST", "/v1/download/retry"): BY_ID,
    ("GET", "/v1/jobs/get"): BY_ID,
    ("POST", "/v1/jobs/clearCompleted"): READS,
    ("POST", "/v1/jobs/events/ticket"): READS,
    ("GET", "/v1/jobs/events"): READS,
    ("GET", "/v1/download/events"): READS,
    ("GET", "/v1/downloads"): READS,
    # Its ids are in the body: numbers, and half a body has none.
    ("POST", "/v1/downloads/retry"): BY_BODY,
    ("POST", "/v1/downloads/delete"): BY_BODY,
    ("GET", "/?download="): READS,
    ("GET", "/?downloads="): READS,
    ("GET", "/?download_history="): READS,
    ("GET", "/api/v1/downloads"): READS,
    ("DELETE", "/api/v1/downloads/ID"): BY_ID,
    # aria2 answers what it cannot parse with 500 and has no 405.
    ("GET", "/jsonrpc"): Row(method=404),
    ("POST", "/jsonrpc"): Row(method=404, body=500),
    ("GET", "/"): READS,
    ("GET", "/openapi.json"): READS,
}


def path_of(segments: tuple[str, ...]) -> str:
    return "/" + "/".join(segments)


def known_routes() -> set[Line]:
    """Return what the port has, asked of the port's own tables."""
    found = {
        (method, path_of(p)) for p, route in surge.ROUTES.items() for method in route.by_method
    }
    found |= {("GET", path_of(surge.EVENTS)), ("GET", path_of(native.EVENTS))}
    found |= {(method, path_of(path)) for path, (method, _) in native.ROUTES.items()}
    found |= {(method, path_of(path)) for path, (method, _) in jobs.ROUTES.items()}
    found |= {("GET", path_of(path)) for path in jobs.EVENTS}
    found |= {("GET", f"/?{key}=") for key in FILES_KEYS}
    found |= {("GET", "/api/v1/downloads"), ("DELETE", "/api/v1/downloads/ID")}
    found |= {(method, path_of(aria2.PATH)) for method in aria2.METHODS}
    return found | {("GET", "/"), ("GET", path_of(DOCUMENT))}


def test_each_route_has_its_row_and_each_row_its_route() -> None:
    assert set(TABLE) == known_routes()
    of_surge = {path for _, path in TABLE} & {path_of(path) for path in SURGE_PATHS}
    assert of_surge == {path_of(path) for path in SURGE_PATHS}
    first = {path.strip("/").partition("/")[0] for _, path in TABLE}
    # "rpc" is aria2's XML-RPC, which is closed.
    assert set(CLOSED_PREFIXES) - {"rpc"} <= first


def test_strangers_are_sent_to_each_route() -> None:
    asked = {(method, path.partition("?")[0]) for method, path in [*LINES_A, *LINES_B]}
    # Their strangers speak with the token inside: aria2/test_http.py has them; "/" is open.
    elsewhere = {("GET", "/jsonrpc"), ("POST", "/jsonrpc"), ("GET", "/")}
    missing = {(method, path) for method, path in TABLE if "?" not in path} - elsewhere - asked
    assert missing == set()


def lines(column: str) -> list[Line]:
    return [line for line, row in TABLE.items() if getattr(row, column) is not None]


async def answers(
    server: Served, column: str, method: str | None = None, body: bytes | None = None
) -> dict[Line, int]:
    """Make one mistake at each route that has it; return what differs from the table."""

    async def ask(line: Line) -> int:
        verb, path = line
        mark = "&" if "?" in path else "?"
        target = path.replace("ID", NOBODY) + f"{mark}rate=5&id={NOBODY}"
        target = path if column == "method" else target
        kind = {"content-type": "application/json"}
        return (
            await server.http.request(method or verb, target, content=body, headers=kind)
        ).status_code

    asked = lines(column)
    found = await asyncio.gather(*map(ask, asked))
    return {
        line: status
        for line, status in zip(asked, found, strict=True)
        if status != getattr(TABLE[line], column)
    }


@pytest.mark.parametrize(
    ("column", "method", "body"),
    [
        ("method", "PATCH", None),
        ("body", None, b"{"),
        ("body", None, b"[" * 100_000),
        ("body", None, b'"\xff'),
        ("id", None, None),
        ("id", None, b'{"url":"http://127.0.0.1:9/x"}'),
    ],
)
async def test_a_mistake_is_said_and_changes_nothing(
    server: Served, column: str, method: str | None, body: bytes | None
) -> None:
    await server.driver.add("http://127.0.0.1:9/kept", paused=True)
    before = await everything(server)
    assert await answers(server, column, method, body) == {}
    assert await everything(server) == before
