"""Every request line reaches exactly one dialect of a real server, and is worded by it.

The four dialects share names: /download, /history, /events, /downloads. The lines go out
byte by byte, because libraries tidy paths up.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.api.raw import connect
from tests.engine.driving import quick_config
from tui_dl.api.facade import Dialect, Facade
from tui_dl.api.server import ApiServer
from tui_dl.api.start import ApiSettings, build_context, build_facades
from tui_dl.service.local import LocalService

S, A, J, F, N = Dialect.SURGE, Dialect.ARIA2, Dialect.JOBS, Dialect.FILES, Dialect.NATIVE

LINES: list[tuple[str, Dialect | None, int]] = [
    # 1: names of Surge against folders
    ("GET /health", S, 200),
    ("GET /list", S, 200),
    ("GET /history", S, 200),
    ("GET /history?download_history=", F, 404),
    ("GET /list?downloads=", F, 200),
    ("GET /events?downloads=", F, 200),
    ("GET /download?id=0", S, 404),
    ("GET /download", S, 400),
    ("GET /download?download=no-url", F, 400),
    ("GET /download?downloads=", F, 200),
    ("GET /download?id=0&download=no-url", S, 404),
    ("GET /download?download=no-url&id=", S, 400),
    ("POST /download", S, 400),
    ("POST /download?download=no-url", S, 400),
    ("POST /download/batch", S, 400),
    ("GET /download/batch", S, 405),
    ("GET /download/batch?downloads=", F, 200),
    ("GET /Download", F, 404),
    ("GET /list/", S, 200),
    ("GET //list", S, 200),
    ("GET /%6Cist", S, 200),
    ("GET /list%2F", F, 404),
    ("GET /list/more", F, 404),
    # 2: closed prefixes
    ("POST /jsonrpc", A, 500),
    ("GET /jsonrpc?method=aria2.getVersion&id=1", A, 200),
    ("GET /jsonrpc?download=no-url", A, 400),
    ("GET /%6Asonrpc?downloads=", A, 400),
    ("GET /jsonrpc/x?downloads=", A, 404),
    ("POST /rpc", A, 404),
    ("GET /v1?downloads=", J, 404),
    ("GET /%76%31?downloads=", J, 404),
    ("GET /%2Fv1?downloads=", F, 200),
    ("GET /v1%2Fjobs?downloads=", F, 200),
    ("GET /api?downloads=", F, 404),
    ("GET /%2Fapi?downloads=", F, 200),
    ("GET /tui-dl/snapshot", N, 200),
    ("GET /tui-dl?downloads=", N, 404),
    ("GET /%2Ftui-dl?downloads=", F, 200),
    # 3: methods of reserved names
    ("GET /pause", S, 405),
    ("PUT /pause", S, 405),
    ("GET /pause?downloads=", F, 200),
    ("DELETE /health", S, 200),
    ("PATCH /unknown", F, 404),
    # 4: the root
    ("GET /?downloads=", F, 200),
    ("GET /?downloads", F, 200),
    ("GET /?download_history=", F, 200),
    ("GET /?download_history=&download_history=", F, 200),
    ("GET /?download=no-url", F, 400),
    ("GET /?id=1&downloads=", None, 200),
    ("GET /", None, 200),
    ("POST /", None, 405),
    # 5: the word downloads
    ("GET /v1/downloads", J, 200),
    ("GET /api/v1/downloads", F, 200),
    ("GET /downloads", F, 404),
    ("GET /downloads?downloads=", F, 200),
    ("DELETE /api/v1/downloads/x", F, 404),
    ("POST /v1/downloads/delete", J, 400),
    # 6: events
    ("PUT /events", S, 405),
    ("POST /v1/jobs/events", J, 405),
    ("GET /v1/jobs/queue", J, 200),
    ("GET /v1/download/queue", J, 200),
    ("POST /v1/download/submit", J, 400),
    ("GET /v1/jobs/queue?downloads=", J, 200),
    # folders that try to leave, or only look odd
    ("GET /..%2F..?downloads=", F, 400),
    ("GET /../list", F, 404),
    ("GET /%2e%2e?downloads=", F, 400),
    ("GET /Downloads?download=&download=no-url", F, 400),
    ("GET /%2Fhome%2Fuser?downloads=&downloads=", F, 200),
    ("GET /a+b%20c?downloads=", F, 200),
]


class Recorder:
    """A dialect with a list of what reached it, or was worded by it."""

    def __init__(self, facade: Facade, log: list[Dialect]) -> None:
        self._facade = facade
        self._log = log

    @property
    def name(self) -> Dialect:
        """Which dialect this is."""
        return self._facade.name

    @property
    def body_limit_bytes(self) -> int:
        """Largest body that is read."""
        return self._facade.body_limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        self._log.append(self.name)
        await self._facade(scope, receive, send)

    def refuse(self, status: int, code: str, message: str) -> Response:
        """Pass on."""
        self._log.append(self.name)
        return self._facade.refuse(status, code, message)

    def needs_token(self, scope: Scope) -> bool:
        """Pass on."""
        return self._facade.needs_token(scope)


@dataclass
class Crossing:
    """A server and which dialects its requests reached."""

    address: tuple[str, int]
    token: str
    log: list[Dialect]

    async def ask(
        self, line: str, *fields: str, token: str | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request line as it stands."""
        host, port = self.address
        shown = self.token if token is None else token
        async with connect(self.address) as peer:
            await peer.send(
                f"{line} HTTP/1.1",
                f"Host: {host}:{port}",
                *([f"Authorization: Bearer {shown}"] if shown else []),
                "Content-Length: 0",
                *fields,
            )
            return await peer.reply()


@asynccontextmanager
async def crossing(base: Path) -> AsyncIterator[Crossing]:
    """Serve all dialects, each with a recorder around it."""
    config = quick_config(base)
    service = LocalService(config)
    await service.start()
    try:
        settings = ApiSettings(
            data_dir=config.data_dir,
            settings_file=base / "config" / "settings.toml",
            directory=str(config.directory),
        )
        context = build_context(service, settings)
        log: list[Dialect] = []
        facades: dict[Dialect, Facade] = {
            dialect: Recorder(facade, log)
            for dialect, facade in build_facades(context, settings).items()
        }
        server = ApiServer(context, facades, port=0, strict_port=True)
        host, _, port = server.bind().rpartition(":")
        await service.attach(server.run)
        assert context.token is not None
        yield Crossing((host, int(port)), context.token.text, log)
    finally:
        await service.close()


async def test_each_request_line_reaches_exactly_one_dialect(tmp_path: Path) -> None:
    assert len({line for line, _, _ in LINES}) == len(LINES) >= 39
    found = []
    async with crossing(tmp_path) as server:
        for line, _, _ in LINES:
            server.log.clear()
            status, _, _ = await server.ask(line)
            # The landing page is nobody's; Surge words what is refused there.
            reached = set(server.log)
            assert len(reached) <= 1, (line, reached)
            is_landing = line.split(" ")[1].partition("?")[0] == "/" and reached <= {S}
            found.append((line, None if is_landing else next(iter(reached), None), status))
    assert found == LINES


SHAPES = {
    "GET /list": b"Unauthorized\n",
    "GET /v1/jobs/queue": b'{"error":"authentication required"}',
    "GET /Downloads?downloads=": b'{"success":false,"error":"UNAUTHORIZED"}',
    "GET /api/v1/downloads": b'{"success":false,"error":"UNAUTHORIZED"}',
}


@pytest.mark.parametrize("token", ["", "wrong"])
async def test_each_dialect_words_its_own_refusals(tmp_path: Path, token: str) -> None:
    """7: the dialect is chosen before anybody is refused."""
    async with crossing(tmp_path) as server:
        for line, body in SHAPES.items():
            assert (await server.ask(line, token=token))[::2] == (401, body)
        status, _, body = await server.ask("POST /jsonrpc", token=token)
        assert status == 500
        assert json.loads(body)["error"]["code"] == -32700, "it looks for a body first"


FOREIGN = {
    "GET /list": b"Pages of that origin may not call.\n",
    "GET /v1/jobs/queue": b'{"error":"Pages of that origin may not call."}',
    "GET /Downloads?downloads=": b'{"success":false,"error":"ACCESS_FORBIDDEN"}',
}


async def test_pages_are_refused_in_every_dialect_and_preflights_answered(tmp_path: Path) -> None:
    """9: preflights stand outside of authorization, foreign origins are nobody's."""
    async with crossing(tmp_path) as server:
        for line, body in FOREIGN.items():
            refused = await server.ask(line, "Origin: http://evil.test")
            assert refused[::2] == (403, body)
            target = line.split(" ")[1]
            status, fields, _ = await server.ask(
                f"OPTIONS {target}", "Origin: moz-extension://x", token=""
            )
            assert status == 200
            assert fields["access-control-allow-origin"] == "moz-extension://x"


async def test_ids_of_both_kinds_are_known_everywhere(tmp_path: Path) -> None:
    """10: a UUID and 16 hex digits; parts of them only in aria2."""
    async with crossing(tmp_path) as server:
        _, _, body = await server.ask("GET /d?download=http%3A%2F%2F127.0.0.1%3A9%2Ff")
        uuid = json.loads(body)["download_id"]
        _, _, body = await server.ask("GET /v1/jobs/queue")
        gid = json.loads(body)["jobs"][0]["id"]
        for id_ in (uuid, gid, gid.upper()):
            for line in (f"GET /download?id={id_}", f"GET /v1/jobs/get?id={id_}"):
                status, _, body = await server.ask(line)
                assert status == 200, (line, body)
        for id_ in (uuid[:8], gid[:8]):
            for line in (
                f"GET /download?id={id_}",
                f"GET /v1/jobs/get?id={id_}",
                f"DELETE /api/v1/downloads/{id_}",
            ):
                assert (await server.ask(line))[0] == 404, line
        status, _, _ = await server.ask(f"DELETE /api/v1/downloads/{gid}")
        assert status in (202, 404), "cancelled, or it failed before"


async def test_a_socket_is_for_aria2_only(tmp_path: Path) -> None:
    async with crossing(tmp_path) as server:
        upgrade = (
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        )
        for path in ("/v1/jobs/events", "/events", "/Downloads?downloads="):
            async with connect(server.address) as peer, asyncio.timeout(20):
                host, port = server.address
                await peer.send(f"GET {path} HTTP/1.1", f"Host: {host}:{port}", *upgrade)
                status, _ = await peer.head()
            assert status == 403, path
