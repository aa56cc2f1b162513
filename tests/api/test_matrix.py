"""Every route x every way to be nobody's friend (torture row 59, traps S1 to S6)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from tests.api.serving import Served, served
from tui_dl.api.native.routes import EVENTS as NATIVE_EVENTS
from tui_dl.api.native.routes import ROUTES as NATIVE_ROUTES
from tui_dl.api.surge.routes import EVENTS, ROUTES
from tui_dl.domain.model import Status

OPEN = {"/health"}
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD")


Line = tuple[str, str]
"""Method and target."""


def surge_lines() -> list[Line]:
    lines = [
        (method, "/" + "/".join(path))
        for path, route in ROUTES.items()
        for method in route.by_method
    ]
    return [*lines, ("GET", "/" + "/".join(EVENTS))]


NATIVE_LINES = [
    *((method, "/" + "/".join(path)) for path, (method, _) in NATIVE_ROUTES.items()),
    ("GET", "/" + "/".join(NATIVE_EVENTS)),
]
OTHER_LINES = [
    ("GET", "/unknown"),
    ("GET", "/openapi.json"),
    ("GET", "/folder?download=http://127.0.0.1:9/x"),
]
LINES = [*surge_lines(), *NATIVE_LINES, *OTHER_LINES]
CLOSED_LINES = [line for line in LINES if line[1] not in OPEN]

ABUSES: dict[str, tuple[dict[str, str | None], int]] = {
    "no token": ({"authorization": None}, 401),
    "wrong token": ({"authorization": "Bearer wrong"}, 401),
    "basic instead": ({"authorization": "Basic eDp5"}, 401),
    "foreign host": ({"host": "evil.test"}, 421),
    "rebinding host": ({"host": "evil.test:{port}"}, 421),
    "other port": ({"host": "127.0.0.1:1"}, 421),
    "foreign origin": ({"origin": "http://evil.test"}, 403),
    "null origin": ({"origin": "null"}, 403),
    "image of a page": ({"sec-fetch-site": "cross-site", "authorization": None}, 403),
}
"""Name -> fields that change (``None`` takes one away), and the status of the refusal."""


async def state(server: Served) -> tuple[list[tuple[str, Status]], int]:
    picture = server.driver.service.snapshot()
    return [(row.id, row.status) for row in picture.downloads], picture.limit_bps


async def ask(
    server: Served, line: tuple[str, str], changes: dict[str, str | None]
) -> httpx.Response:
    method, target = line
    fields: dict[str, str] = {"authorization": f"Bearer {server.token}"}
    port = server.host_and_port[1]
    for name, value in changes.items():
        if value is None:
            fields.pop(name, None)
        else:
            fields[name] = value.format(port=port)
    body = b'{"url":"http://127.0.0.1:9/x"}' if method in ("POST", "PUT") else None
    async with httpx.AsyncClient(base_url=server.base, trust_env=False, timeout=20) as http:
        return await http.request(method, target, headers=fields, content=body)


@pytest.mark.parametrize("abuse", sorted(ABUSES))
async def test_no_route_lets_strangers_in(tmp_path: Path, abuse: str) -> None:
    changes, status = ABUSES[abuse]
    async with served(tmp_path) as server:
        id_ = await server.driver.add("http://127.0.0.1:9/kept", paused=True)
        before = await state(server)
        lines = CLOSED_LINES if status == 401 else LINES
        asked = [(method, _with_id(target, id_)) for method, target in lines]
        replies = await asyncio.gather(*(ask(server, line, changes) for line in asked))
        others = {
            line: reply.status_code
            for line, reply in zip(lines, replies, strict=True)
            if reply.status_code != status
        }
        # Whether it lives may be known to an image of a page: nothing else comes with it.
        harmless = {(method, "/health"): 200 for method, target in lines if target == "/health"}
        assert others == (harmless if abuse == "image of a page" else {})
        assert await state(server) == before
        for reply in replies:
            assert "access-control-allow-origin" not in reply.headers


def _with_id(target: str, id_: str) -> str:
    mark = "&" if "?" in target else "?"
    return target if "download=" in target else f"{target}{mark}id={id_}&rate=5"


@pytest.mark.parametrize("path", sorted(ROUTES))
async def test_a_wrong_method_is_said(server: Served, path: tuple[str, ...]) -> None:
    allowed = ROUTES[path].by_method
    for method in METHODS:
        if method in allowed:
            continue
        reply = await server.http.request(method, "/" + "/".join(path))
        assert reply.status_code == 405, (method, path)
        assert reply.headers["content-type"] == "text/plain; charset=utf-8"
        if method != "HEAD":
            assert reply.text == "Method not allowed\n"
        assert set(reply.headers["allow"].split(", ")) == set(allowed)


WITH_ID = [
    line
    for line in surge_lines()
    if line[1]
    in (
        "/pause",
        "/resume",
        "/delete",
        "/purge",
        "/update-url",
        "/open-file",
        "/open-folder",
        "/rate-limit",
    )
]


@pytest.mark.parametrize("line", [*WITH_ID, ("GET", "/download")])
async def test_an_unknown_id_is_404_and_none_is_400(server: Served, line: Line) -> None:
    method, path = line
    body = b'{"url":"http://127.0.0.1:9/x"}'
    params = {"rate": "5"}
    none = await server.http.request(method, path, params=params, content=body)
    assert (none.status_code, none.text) == (400, "Missing id parameter\n")
    for id_ in ("550e8400-e29b-41d4-a716-446655440000", "x", "../../etc", "%00", "5"):
        reply = await server.http.request(method, path, params=params | {"id": id_}, content=body)
        assert reply.status_code == 404, (id_, reply.text)
        assert reply.text.startswith("download not found")
        assert reply.headers["content-type"] == "text/plain; charset=utf-8"
        assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/download", "/download/batch"])
@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b'{"url":5}', b'{"url":""}', b"\xff"])
async def test_a_bad_body_is_400(server: Served, path: str, body: bytes) -> None:
    reply = await server.http.post(path, content=body)
    assert reply.status_code == 400
    assert await server.listed() == []


async def test_a_simple_request_of_a_page_adds_nothing(server: Served) -> None:
    """S2: text/plain and forms need no preflight; without a token they are nobody's."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        reply = await server.http.post(
            "/download",
            content=b'{"url":"http://127.0.0.1:9/x"}',
            headers={"content-type": kind, "authorization": "", "origin": "http://evil.test"},
        )
        assert reply.status_code == 403
    assert await server.listed() == []


async def test_preflights_are_answered_for_friends_only(server: Served) -> None:
    """S3."""
    for method_line in LINES:
        asked = {
            "access-control-request-method": "POST",
            "access-control-request-private-network": "true",
        }
        path = method_line[1]
        async with httpx.AsyncClient(base_url=server.base, trust_env=False) as http:
            friend = await http.options(path, headers={"origin": "moz-extension://x"} | asked)
            plain = await http.options(path)
            page = await http.options(path, headers={"origin": "http://evil.test"} | asked)
        assert (friend.status_code, friend.content) == (200, b"")
        assert friend.headers["access-control-allow-origin"] == "moz-extension://x"
        assert friend.headers["access-control-allow-private-network"] == "true"
        assert "Authorization" in friend.headers["access-control-allow-headers"]
        assert (plain.status_code, plain.content) == (200, b"")
        assert "access-control-allow-origin" not in plain.headers
        assert page.status_code == 403
        assert "access-control-allow-private-network" not in page.headers


async def test_a_friend_reads_errors_too(server: Served) -> None:
    reply = await server.http.get("/nothing", headers={"origin": "chrome-extension://x"})
    assert reply.status_code == 404
    assert reply.headers["access-control-allow-origin"] == "chrome-extension://x"
    assert reply.headers["vary"] == "Origin"


async def test_without_auth_pages_are_still_strangers(tmp_path: Path) -> None:
    async with served(tmp_path, {"no_auth": True}) as server:
        assert (await server.http.get("/list")).status_code == 200
        for changes in (
            {"origin": "http://evil.test"},
            {"host": "evil.test"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
        ):
            reply = await server.http.post("/delete?id=x", headers=changes)
            assert reply.status_code in (403, 421)


async def test_guessing_is_locked_out(server: Served) -> None:
    """S20: and the refusal is of one size, whatever was guessed."""
    sizes = set()
    for number in range(20):
        reply = await server.http.get("/list", headers={"authorization": f"Bearer {number}"})
        sizes.add((reply.status_code, reply.text, reply.headers["content-length"]))
    assert sizes == {(401, "Unauthorized\n", "13")}
    locked = await server.http.get("/list")
    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) > 0
    assert (await server.http.get("/health")).status_code == 200
