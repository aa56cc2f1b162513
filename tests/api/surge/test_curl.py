"""The calls that Surge documents, run by curl itself, as the README prints them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.api.serving import Served
from tests.support.fault_server import FaultServer, Resource

ID = "550e8400-e29b-41d4-a716-446655440000"
SLOW = Resource(path="/a.iso", size=50_000_000, rate_bps=20_000)
README = Path(__file__).parents[3] / "README.md"

DOCUMENTED = (
    f'curl -X POST "http://localhost:1700/pause?id={ID}" \\\n'
    '  -H "Authorization: Bearer YOUR_TOKEN"',
    f'curl -X DELETE "http://localhost:1700/delete?id={ID}" \\\n'
    '  -H "Authorization: Bearer YOUR_TOKEN"',
    f'curl -X POST "http://localhost:1700/delete?id={ID}" \\\n'
    '  -H "Authorization: Bearer YOUR_TOKEN"',
)
"""As Surge's own documentation prints them."""


async def run(server: Served, line: str, url: str = "") -> Any:
    """Run a printed line in a shell, token and port filled in; return the JSON that it prints."""
    filled = line.replace("YOUR_TOKEN", server.token).replace("https://host/a.iso", url)
    filled = filled.replace("localhost:1700", f"localhost:{server.host_and_port[1]}")
    process = await asyncio.create_subprocess_shell(
        filled.replace("curl ", "curl -sS --fail ", 1),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err
    return json.loads(out)


def printed() -> dict[str, str]:
    """Return the lines of the README by their path."""
    text = README.read_text().partition("## Remote control")[2].partition("\n## ")[0]
    lines = re.findall(r"^curl (?:.+\\\n)?.+$", text, re.M)
    return {found[1]: line for line in lines if (found := re.search(r"1700(/[a-z]+)", line))}


async def test_the_readme_works_as_printed(server: Served, fault_server: FaultServer) -> None:
    lines = printed()
    assert set(lines) == {"/download", "/list", "/pause", "/resume", "/delete"}
    url = fault_server.add(SLOW)

    added = await run(server, lines["/download"], url)
    assert (added["id"], added["status"]) == (ID, "queued")
    await server.driver.until(ID, lambda row: row.done_bytes > 0)
    (row,) = await run(server, lines["/list"])
    assert (row["id"], row["status"]) == (ID, "downloading")
    assert await run(server, lines["/pause"]) == {"status": "paused", "id": ID}
    await fault_server.until(lambda s: s.open_connections("/a.iso") == 0)
    assert await run(server, lines["/resume"]) == {"status": "resumed", "id": ID}
    assert await run(server, lines["/delete"]) == {"status": "deleted", "id": ID}
    assert await run(server, lines["/list"]) == []
    assert [path.name for path in server.driver.folder.iterdir()] == ["a.iso.part"]


async def test_the_readmes_line_that_listens(server: Served) -> None:
    found = re.findall(r"`(curl -N [^`]+/events)`", README.read_text())
    assert len(found) == 1
    filled = found[0].replace("YOUR_TOKEN", server.token)
    process = await asyncio.create_subprocess_shell(
        "exec " + filled.replace("localhost:1700", f"localhost:{server.host_and_port[1]}"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            # It may not listen yet: each of these is told to who does.
            while True:
                id_ = await server.driver.add("http://127.0.0.1:9/x", paused=True)
                await server.driver.service.remove([id_], with_files=False)
                with contextlib.suppress(TimeoutError):
                    name = await asyncio.wait_for(process.stdout.readline(), 1)
                    # It may begin to listen between the two.
                    assert name in (b"event: queued\n", b"event: removed\n")
                    return
    finally:
        process.kill()
        await process.wait()


@pytest.mark.parametrize("line", DOCUMENTED)
async def test_the_documented_lines_work(
    server: Served, fault_server: FaultServer, line: str
) -> None:
    await server.http.post("/download", params={"id": ID}, json={"url": fault_server.add(SLOW)})
    await server.driver.until(ID, lambda row: row.done_bytes > 0)
    word = "paused" if "pause" in line else "deleted"
    assert await run(server, line) == {"status": word, "id": ID}


async def test_without_the_token_filled_in_it_fails(server: Served) -> None:
    with pytest.raises(AssertionError, match="401"):
        await run(server, DOCUMENTED[0].replace("YOUR_TOKEN", "MY_TOKEN"))
