"""One secret in each place that may hold one, and a look at every byte that leaves (row 66).

Whole links go out in three places, and are asked for there: aria2's replies, Surge's /list
(without the login), tui-dl's own dialect.
"""

from __future__ import annotations

import asyncio
import json
import stat
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import websockets

from tests.cli.processes import LIMIT_S
from tests.cli.stages import Home
from tests.support.behaviours.policy import redirect, status
from tests.support.resource import Resource
from tests.support.server import FaultServer

USER, PASSWORD = "Zq1user", "Zq2pass"
QUERY = ("token", "X-Amz-Signature", "sig", "key", "password", "access_token", "sign")
LINK_SECRETS = [f"Zq3{name}" for name in QUERY]
INNER, MIRROR, FINAL = "Zq4inner", "Zq5mirror", "Zq6final"
HEADER, COOKIE, BEARER, REFERER = "Zq7header", "Zq8cookie", "Zq9bearer", "Zq10referer"
LOGIN, PROXY, NETRC, BODY = "Zq11login", "Zq12proxy", "Zq13netrc", "Zq14body"
ANY = b"Zq"
"""What each of them begins with."""

STREAMS = ("/events", "/v1/jobs/events", "/tui-dl/events")
ENDED = {"completed", "error"}


def signed(url: str) -> str:
    """Return the link with a login and one of each secret parameter."""
    pairs = [f"{name}=Zq3{name}" for name in QUERY]
    pairs.append(f"next=https%3A%2F%2Fu%3A{INNER}%40h%2Fx%3Fsig%3D{INNER}")
    login = url.replace("://", f"://{USER}:{PASSWORD}@")
    return f"{login}?plain=yes&" + "&".join(pairs)


def hits(data: bytes | str, *, allowed: tuple[str, ...] = ()) -> list[str]:
    """Return the secrets in it that may not be there."""
    text = data if isinstance(data, str) else data.decode("utf-8", "replace")
    found = [piece.split("&")[0].split('"')[0] for piece in text.split(ANY.decode())[1:]]
    return [f"Zq{one[:20]}" for one in found if not any(f"Zq{one}".startswith(a) for a in allowed)]


class Talk:
    """A running server and what has been heard of it."""

    def __init__(self, base: str, token: str) -> None:
        self.base, self.token = base, token
        self.http = httpx.AsyncClient(
            base_url=base,
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=LIMIT_S,
        )
        self.heard: dict[str, bytearray] = {}

    async def rpc(self, method: str, *params: object) -> httpx.Response:
        """Call one method of aria2's."""
        body = {"jsonrpc": "2.0", "id": "1", "method": f"aria2.{method}"}
        return await self.http.post(
            "/jsonrpc", json=body | {"params": [f"token:{self.token}", *params]}
        )

    async def listen(self, path: str, ready: asyncio.Event) -> None:
        """Keep every byte of a stream."""
        kept = self.heard.setdefault(path, bytearray())
        async with self.http.stream("GET", path) as reply:
            ready.set()
            async for piece in reply.aiter_raw():
                kept.extend(piece)

    async def listen_to_rpc(self, ready: asyncio.Event) -> None:
        """Keep every notification of aria2's."""
        kept = self.heard.setdefault("websocket", bytearray())
        async with websockets.connect(self.base.replace("http", "ws") + "/jsonrpc") as socket:
            await socket.send(json.dumps(self._hello()))
            async for message in socket:
                ready.set()
                kept.extend(message.encode() if isinstance(message, str) else message)

    def _hello(self) -> dict[str, object]:
        return {"id": 1, "method": "aria2.getVersion", "params": [f"token:{self.token}"]}

    async def until_over(self, count: int) -> None:
        """Wait until ``count`` downloads have ended."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                rows = (await self.http.get("/list")).json()
                if sum(row["status"] in ENDED for row in rows) >= count:
                    return
                await asyncio.sleep(0.1)  # there is no event for "all": a look costs nothing


@asynccontextmanager
async def talking(base: str, token: str) -> AsyncIterator[Talk]:
    talk = Talk(base, token)
    readies = [asyncio.Event() for _ in range(len(STREAMS) + 1)]
    tasks = [asyncio.create_task(talk.listen_to_rpc(readies[0]))]
    tasks += [
        asyncio.create_task(talk.listen(path, ready))
        for path, ready in zip(STREAMS, readies[1:], strict=True)
    ]
    try:
        async with asyncio.timeout(LIMIT_S):
            for ready in readies:
                await ready.wait()
        yield talk
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await talk.http.aclose()


def put_files(server: FaultServer) -> dict[str, str]:
    """Put files of every fate on the server and return their links, with secrets."""
    good = server.add(Resource(path="/good.bin", size=20_000))
    final = f"{good}?X-Amz-Signature={FINAL}"
    server.add(Resource(path="/moved.bin"), redirect(final))
    server.add(Resource(path="/gone.bin"), status(404))
    server.add(Resource(path="/to-ftp.bin"), redirect(f"ftp://u:{FINAL}@h/x?sig={FINAL}"))
    server.add(Resource(path="/shut.bin"), status(403, body=f"token={FINAL}".encode()))
    paths = ("good", "moved", "gone", "to-ftp", "shut")
    links = {path: signed(server.url(f"/{path}.bin")) for path in paths}
    links["nobody"] = signed("http://127.0.0.1:9/nobody.bin")
    links["nameless"] = signed("http://no-such-host.invalid/x.bin")
    return links


async def add_by_all(talk: Talk, links: dict[str, str]) -> int:
    """Add each link through each dialect, with every secret that it takes."""
    fields = {
        "X-Api-Key": HEADER,
        "Cookie": f"id={COOKIE}",
        "Authorization": f"Bearer {BEARER}",
        "Referer": f"https://r/?token={REFERER}",
    }
    count = 0
    for name, link in links.items():
        mirrors = [f"http://127.0.0.1:9/{name}?sig={MIRROR}"]
        body = {"url": link, "headers": fields, "mirrors": mirrors, "path": f"surge-{name}"}
        assert (await talk.http.post("/download", json=body)).status_code == 200
        options = {
            "header": [f"X-Api-Key: {HEADER}", f"Cookie: id={COOKIE}"],
            "http-passwd": LOGIN,
            "http-user": "me",
            "referer": f"https://r/?token={REFERER}",
            "out": f"aria2-{name}",
            "max-tries": "1",
        }
        assert "result" in (await talk.rpc("addUri", [link, *mirrors], options)).json()
        reply = await talk.http.post("/v1/jobs/download/submit", json={"URL": link})
        assert reply.status_code == 202
        assert not hits(reply.content)
        reply = await talk.http.get(f"/files-{name}", params={"download": link})
        assert reply.status_code == 201
        assert not hits(reply.content)
        count += 4
    proxy = {"all-proxy": f"http://u:{PROXY}@127.0.0.1:9", "max-tries": "1", "out": "proxied"}
    assert "result" in (await talk.rpc("addUri", [links["good"]], proxy)).json()
    for path in ("/download", "/v1/jobs/download/submit", "/tui-dl/add", "/jsonrpc"):
        await talk.http.post(path, content=f'{{"url": "{BODY}", '.encode())
    return count + 1


async def test_no_secret_leaves(home: Home, fault_server: FaultServer) -> None:
    hook = home.folder / "hook"
    hook.write_text(f"#!/bin/sh\nenv | grep ^TUI_DL_ >> {home.folder}/hook.txt\n")
    hook.chmod(0o755)
    netrc = home.folder / "netrc"
    netrc.write_text(f"machine localhost login me password {NETRC}\n")
    netrc.chmod(0o600)
    settings = (
        *("--set", f"after.on_complete={hook}", "--set", f"after.on_failure={hook}"),
        *("--set", f"network.netrc_path={netrc}", "--set", "downloads.max_tries=1"),
        *("--set", f"network.proxy_rules=*.corp=http://u:{PROXY}@p:1", "--set"),
        *("downloads.slots=20", "--debug"),
    )
    process, base = home.serve(*settings)
    token = home.ok("token").strip()
    links = put_files(fault_server)
    async with talking(base, token) as talk:
        count = await add_by_all(talk, links)
        await talk.http.post("/download", json={"url": fault_server.url("/good.bin", "localhost")})
        await talk.until_over(count + 1)
        await check_replies(talk)
        for path, data in talk.heard.items():
            assert data, path
            whole = (USER, PASSWORD, *LINK_SECRETS, INNER, MIRROR) if "tui-dl" in path else ()
            assert not hits(bytes(data), allowed=whole), path
    check_commands(home, settings)
    process.terminate()
    out, err = process.communicate(timeout=LIMIT_S)
    assert not hits(out + err)
    hooks = (home.folder / "hook.txt").read_text()
    assert "TUI_DL_URL=" in hooks
    assert not hits(hooks)
    check_folder(home, token)


async def check_replies(talk: Talk) -> None:
    """Look at what is told of all that has ended."""
    reply = await talk.http.get("/list")
    assert LINK_SECRETS[0] in reply.text, "the extension compares links"
    assert not hits(reply.content, allowed=(*LINK_SECRETS, INNER))
    ids = [row["id"] for row in reply.json()]
    lines = [f"/download?id={id_}" for id_ in ids]
    lines += ["/history", "/v1/jobs/queue", "/v1/downloads", "/?download_history="]
    lines += ["/?downloads=", "/api/v1/downloads", "/openapi.json", "/health", "/"]
    for line in lines:
        reply = await talk.http.get(line)
        assert reply.status_code == 200, line
        assert not hits(reply.content), line
    keys = ["gid", "status", "errorCode", "errorMessage", "dir"]
    reply = await talk.rpc("tellStopped", 0, 1000, keys)
    assert len(reply.json()["result"]) == len(ids)
    assert not hits(reply.content)
    whole = (USER, PASSWORD, *LINK_SECRETS, INNER, MIRROR)
    for line in ("/tui-dl/snapshot", *(f"/tui-dl/details?id={id_}" for id_ in ids)):
        reply = await talk.http.get(line)
        assert LINK_SECRETS[0] in reply.text or "localhost" in reply.text
        assert not hits(reply.content, allowed=whole), line


def check_commands(home: Home, settings: tuple[str, ...]) -> None:
    """Look at what the commands print, and at the bundle for those who help."""
    for line in (["ls"], ["ls", "--json"], ["history"], ["history", "--json"], ["export"]):
        done = home.ask(*line)
        assert done.returncode == 0, done.stderr
        assert not hits(done.stdout + done.stderr), line
    id_ = json.loads(home.ok("ls", "--json").splitlines()[0])["id"]
    assert not hits(home.ok("ls", id_))
    bundle = home.folder / "bundle.zip"
    done = home.ask("doctor", *settings[:-1], "--bundle", str(bundle))
    assert not hits(done.stdout + done.stderr)
    with zipfile.ZipFile(bundle) as opened:
        assert any("log/" in name for name in opened.namelist())
        for name in opened.namelist():
            assert not hits(opened.read(name)), name
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600


def check_folder(home: Home, token: str) -> None:
    """Look at the log, and at who may read the state."""
    state = home.folder / "state"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    logs = list((state / "log").iterdir())
    assert logs
    for log in logs:
        data = log.read_bytes()
        assert data
        assert not hits(data), log
        assert token.encode() not in data
    for path in state.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0, f"{path} has the mode {mode:o}"
