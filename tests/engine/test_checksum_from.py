"""Digests out of a list that the user named: who gets secrets, and what a list must say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.driving import running
from tests.support.fault_server import FaultServer, Resource, check_file, once, sha256_of, status
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Assurance, Status

SIZE = 300_000


def listed(server: FaultServer, text: str, path: str = "/SHA256SUMS") -> str:
    return server.add(Resource(path=path, literal=text.encode(), content_type="text/plain"))


async def test_a_listed_file_is_checked(fault_server: FaultServer, tmp_path: Path) -> None:
    url = fault_server.add(Resource(path="/d/a%20b.iso", size=SIZE))
    sums = listed(fault_server, f"{'0' * 64}  other.iso\n{sha256_of(1, SIZE)} *./d/a b.iso\n")
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, checksum_from=sums, out="mine.iso")
        assert row.status is Status.COMPLETED, row.failure
        assert row.assurance is Assurance.DIGEST
        assert row.digest is not None
        assert row.digest.hex == sha256_of(1, SIZE)
        check_file(driver.path(row), 1, SIZE)


async def test_a_list_that_says_otherwise_fails_the_file(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/a.iso", size=SIZE))
    sums = listed(fault_server, f"SHA256 (a.iso) = {'0' * 64}\n")
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, checksum_from=sums)
        assert row.failure is not None
        assert row.failure.code is ErrorCode.DIGEST_MISMATCH
        assert "0" * 64 in row.failure.message
        assert sha256_of(1, SIZE) in row.failure.message
        assert not driver.path(row).exists()


@pytest.mark.parametrize("body", ["", "<html>no such page</html>", "ab" * 32 + "  b.iso"])
async def test_a_list_without_the_file_stops_it_before_its_bytes(
    fault_server: FaultServer, tmp_path: Path, body: str
) -> None:
    url = fault_server.add(Resource(path="/a.iso", size=SIZE))
    sums = listed(fault_server, body or "\n")
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, checksum_from=sums)
        assert row.status is Status.FAILED
        assert row.failure is not None
        assert row.failure.code is ErrorCode.INVALID_OPTION
        assert sums in row.failure.message
        assert row.done_bytes == 0
        assert list(driver.folder.iterdir()) == []


async def test_a_list_that_is_not_there_is_said_with_its_address(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/a.iso", size=SIZE))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, checksum_from=fault_server.url("/none?token=secret"))
        assert row.failure is not None
        assert "404" in row.failure.message
        assert "/none?token=***" in row.failure.message
    assert [request.path for request in fault_server.requests()] == ["/none"]


async def test_a_list_is_asked_for_again_when_the_server_stumbles(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/a.iso", size=SIZE))
    text = f"{sha256_of(1, SIZE)}  a.iso\n".encode()
    sums = fault_server.add(Resource(path="/SUMS", literal=text), once(status(503)))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, checksum_from=sums)
        assert row.assurance is Assurance.DIGEST, row.failure


async def test_secrets_go_to_a_list_of_the_same_origin_only(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    """Trap H31: another port is another origin."""
    url = fault_server.add(Resource(path="/a.iso", size=SIZE))
    text = f"{sha256_of(1, SIZE)}  a.iso\n"
    with FaultServer() as other:
        here, there = listed(fault_server, text), listed(other, text)
        async with running(tmp_path) as driver:
            for number, sums in enumerate((here, there)):
                row = await driver.fetch(
                    url,
                    checksum_from=sums,
                    out=f"{number}.iso",
                    headers=(("X-Api-Key", "secret"),),
                    http_user="u",
                    http_password="p",
                )
                assert row.assurance is Assurance.DIGEST, row.failure
        assert fault_server.requests("/SHA256SUMS")[0].header("x-api-key") == "secret"
        (asked,) = other.requests()
        assert asked.header("x-api-key") is None
        assert asked.header("authorization") is None
