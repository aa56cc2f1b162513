"""Whole downloads behind a login, against real servers: lighttpd's Digest, nginx's cookies."""

from __future__ import annotations

import asyncio
import re
import stat
from pathlib import Path

import pytest

from tests.engine.driving import WAIT_S, running
from tests.support.daemon import lighttpd_with_digest
from tests.support.daemon import running as daemon
from tests.support.nginx import Nginx
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Status

SIZE = 4 * 1024 * 1024


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "file.bin").write_bytes(bytes(range(251)) * (SIZE // 251))
    return folder


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
async def test_digest_over_parallel_ranges(source: Path, tmp_path: Path, algorithm: str) -> None:
    config = lighttpd_with_digest(source, "me", "p:w", algorithm=algorithm, kib_per_s=512)
    with daemon("lighttpd", config) as server:
        async with running(tmp_path) as driver:
            row = await driver.fetch(
                f"http://127.0.0.1:{server.port}/file.bin",
                http_user="me",
                http_password="p:w",
                auth_challenge=True,
                connections=8,
            )
            assert row.status is Status.COMPLETED, row.failure
            assert driver.path(row).read_bytes() == (source / "file.bin").read_bytes()
        server.stop()
        lines = server.log().splitlines()
    assert [line for line in lines if line.startswith("401")] == ["401 -"], "asked once for all"
    counts = re.findall(r"nc=([0-9a-f]{8})", "\n".join(lines))
    assert len(counts) > 1
    assert len(set(counts)) == len(counts), "no count goes out twice under one nonce"
    assert f"algorithm={algorithm}" in lines[-1]
    assert "Basic" not in "".join(lines)


async def test_a_wrong_login_says_what_to_give(source: Path, tmp_path: Path) -> None:
    with daemon("lighttpd", lighttpd_with_digest(source, "me", "pw")) as server:
        async with running(tmp_path) as driver:
            url = f"http://127.0.0.1:{server.port}/file.bin"
            row = await driver.fetch(url, http_user="me", http_password="s3cret")
            log = await driver.log(row.id)
    assert row.status is Status.FAILED
    assert row.failure is not None
    assert row.failure.code is ErrorCode.NEEDS_LOGIN
    assert "--http-user" in row.failure.message
    assert "netrc" in row.failure.message
    assert "s3cret" not in log + repr(row)


async def test_secrets_lie_in_private_files_only(source: Path, tmp_path: Path) -> None:
    """S7: also the files that SQLite keeps beside its own."""
    with Nginx(source) as server:
        async with running(tmp_path) as driver:
            row = await driver.fetch(
                server.url("/file.bin"), http_user="me", http_password="s3cret", bearer="s3cret"
            )
            assert row.status is Status.COMPLETED, row.failure
            state = tmp_path / "state"
            for path in (path for path in state.rglob("*") if path.is_file()):
                mode = stat.S_IMODE(path.stat().st_mode)
                assert mode & 0o077 == 0 or b"s3cret" not in path.read_bytes(), path
            assert stat.S_IMODE((state / "catalog.sqlite3").stat().st_mode) == 0o600


async def test_cookies_are_saved_for_their_owner(source: Path, tmp_path: Path) -> None:
    saved = tmp_path / "cookies.txt"
    with Nginx(source, extra='add_header Set-Cookie "sid=s3cret; Path=/";') as server:
        async with running(tmp_path) as driver:
            row = await driver.fetch(server.url("/file.bin"), save_cookies=str(saved))
            assert row.status is Status.COMPLETED, row.failure
        assert stat.S_IMODE(saved.stat().st_mode) == 0o600
        assert "sid\ts3cret" in saved.read_text()
        async with running(tmp_path / "again") as driver:
            row = await driver.fetch(
                server.url("/file.bin"), cookie_file=str(saved), save_cookies="/proc/no/where"
            )
            assert row.status is Status.COMPLETED, row.failure
            # They are written as the job leaves, which is after it is completed.
            async with asyncio.timeout(WAIT_S):
                while True:
                    if "cookies cannot be saved" in await driver.log(row.id):
                        break
                    await asyncio.sleep(0.01)
