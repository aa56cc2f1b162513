"""A real browser's EventSource on the stream, with both documented ways past the token."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.api.jobs.client import Queue
from tests.api.serving import Served, served
from tests.support.fault_server import FaultServer, Resource
from tui_dl.api.jobs.reader import MOST_FRAMES
from tui_dl.domain.model import AddRequest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    # A browser is too large a thing to ask of everybody who runs the tests.
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
    pytest.mark.slow,
]

PAGE = """<!doctype html><title>queue</title><script>
const api = "http://API", token = "TOKEN";
let number = 0;
const report = (name, data) => fetch("/report", {method: "POST", body: JSON.stringify(
    {number: number++, name, data: data === undefined ? null : JSON.parse(data)})});
async function listen() {
    let url = api + "/v1/jobs/events";
    if (token) {
        const reply = await fetch(url + "/ticket",
            {method: "POST", headers: {Authorization: "Bearer " + token}});
        url += "?ticket=" + (await reply.json()).ticket;
    }
    const source = new EventSource(url);
    for (const name of ["init", "added", "updated", "removed"])
        source.addEventListener(name, event => report(name, event.data));
    source.onerror = () => {
        report(source.readyState === EventSource.CLOSED ? "closed" : "error");
        if (source.readyState === EventSource.CLOSED) listen();
    };
}
listen().catch(problem => report("problem: " + problem));
</script>
"""


@dataclass
class Page:
    """A page of its own origin, and what it reports of the stream."""

    origin: str = ""
    html: str = ""
    reports: dict[int, tuple[str, Any]] = field(default_factory=dict)
    """By number: they travel side by side and may overtake each other."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, name: str, times: int = 1) -> Any:
        """Wait for the ``times``-th report of that name and return its data."""
        async with asyncio.timeout(90):
            while True:
                hits = [data for one, data in self.told() if one == name]
                if len(hits) >= times:
                    return hits[times - 1]
                await self.news()

    def told(self) -> list[tuple[str, Any]]:
        """Return the reports in the order in which the page made them."""
        return [self.reports[number] for number in sorted(self.reports)]

    async def news(self) -> None:
        """Wait for one more report."""
        self._news.clear()
        await self._news.wait()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve the page, or take a report."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        except asyncio.IncompleteReadError:  # browsers open connections on suspicion
            writer.close()
            return
        body = b""
        if head.startswith("post"):
            length = int(head.partition("content-length:")[2].split()[0])
            report = json.loads(await reader.readexactly(length))
            self.reports[report["number"]] = (report["name"], report["data"])
            self._news.set()
        else:
            body = self.html.encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)
        )
        writer.write(body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def browsed(base: Path, *, no_auth: bool) -> AsyncIterator[tuple[Served, Page]]:
    """Open a page in a browser on a served engine that knows the page's origin."""
    page = Page()
    pages = await asyncio.start_server(page.answer, "127.0.0.1", 0)
    page.origin = f"http://localhost:{pages.sockets[0].getsockname()[1]}"
    settings = {"no_auth": no_auth, "origins": frozenset({page.origin})}
    async with pages, served(base, settings) as server:
        page.html = PAGE.replace("API", server.address)
        page.html = page.html.replace("TOKEN", "" if no_auth else server.token)
        assert CHROMIUM is not None
        browser = await asyncio.create_subprocess_exec(
            CHROMIUM,
            "--headless=new",
            "--no-sandbox",  # the tests may run as root, where it does not start otherwise
            "--disable-gpu",
            "--no-first-run",
            f"--user-data-dir={base / 'browser'}",
            page.origin,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield server, page
        finally:
            browser.terminate()
            await browser.wait()


@pytest.mark.parametrize("no_auth", [True, False], ids=["no-auth", "ticket"])
async def test_a_page_sees_the_queue_and_comes_back_when_it_was_dropped(
    tmp_path: Path, fault_server: FaultServer, no_auth: bool
) -> None:
    url = fault_server.add(Resource(path="/f", size=5))
    async with browsed(tmp_path, no_auth=no_auth) as (server, page):
        assert await page.until("init") == {"jobs": [], "actionJobs": []}
        id_ = await Queue(server).submit_one(url)
        added = await page.until("added")
        assert (added["type"], added["job"]["id"]) == ("added", id_)
        async with asyncio.timeout(90):
            while "completed" not in (words := updates(page)):
                await page.news()
        assert list(dict.fromkeys(words)) == ["downloading", "processing", "completed"]

        # More at one moment than any reader's queue holds: all readers are dropped.
        many = [
            AddRequest(f"http://127.0.0.1:9/{number}", str(server.driver.folder), paused=True)
            for number in range(MOST_FRAMES + 10)
        ]
        await server.driver.service.add(many)
        again = await page.until("init", 2)
        assert len(again["jobs"]) == len(many) + 1
        names = {name for name, _ in page.told()}
        assert not [name for name in names if name.startswith("problem")]
        assert ("closed" in names) is not no_auth, "a ticket is good once"


def updates(page: Page) -> list[str]:
    """Return the statuses of all updates so far."""
    return [data["job"]["status"] for name, data in page.told() if name == "updated"]
