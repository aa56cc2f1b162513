"""Digests of pieces: a bad one is fetched again, from elsewhere, and never reaches the file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.driving import running
from tests.support.fault_server import (
    Behaviour,
    Exchange,
    FaultServer,
    Resource,
    body_bytes,
    check_file,
    once,
    sha256_of,
    stall_after,
)
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Assurance, Digest, PieceHashes, Status

MIB = 1024 * 1024
SIZE = 8 * MIB + 5
PIECE = 512 * 1024


def pieces_of(algorithm: str = "sha1") -> PieceHashes:
    body = body_bytes(1, 0, SIZE)
    return PieceHashes(
        algorithm,
        PIECE,
        tuple(
            hashlib.new(algorithm, body[start : start + PIECE]).hexdigest()
            for start in range(0, SIZE, PIECE)
        ),
    )


@pytest.fixture
def mirror_server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


def resource(**changes: object) -> Resource:
    values: dict[str, object] = {"size": SIZE, "rate_bps": 2 * MIB, **changes}
    return Resource(path="/f", **values)  # type: ignore[arg-type] # fields by name


def spoilt(offset: int) -> Behaviour:
    """The reply has another byte at ``offset``, and the same tag."""

    async def run(x: Exchange) -> None:
        x.answer_for(replace(x.resource, patches=((offset, b"\x00\xff"),)))

    return run


async def test_good_pieces_are_as_good_as_a_digest(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(resource(rate_bps=0))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, pieces=pieces_of())
        assert row.status is Status.COMPLETED, row.failure
        assert row.assurance is Assurance.DIGEST
        check_file(driver.path(row), 1, SIZE)


@pytest.mark.parametrize("is_first_wrong", [False, True])
async def test_the_link_that_brings_a_bad_piece_is_left_out(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path, is_first_wrong: bool
) -> None:
    """Trap H9: same size, other tag, one byte in each piece is another one."""
    patches = tuple((start, b"\x00\xff") for start in range(7, SIZE - 2, PIECE))
    wrong, right = resource(patches=patches, etag='"other"'), resource()
    first, second = (wrong, right) if is_first_wrong else (right, wrong)
    url, mirror = fault_server.add(first), mirror_server.add(second)
    digest = Digest("sha256", sha256_of(1, SIZE))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, mirrors=(mirror,), pieces=pieces_of(), digests=(digest,))
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, SIZE)
        log = await driver.log(row.id)
        assert "has not the digest that was promised" in log
        assert "is left out" in log
        assert (await driver.details(row.id)).generation == 1, "nothing starts over"


async def test_one_bad_piece_costs_one_piece(fault_server: FaultServer, tmp_path: Path) -> None:
    """A server that spoils a byte once: only its piece is fetched again."""
    url = fault_server.add(resource(rate_bps=0), once(spoilt(3 * MIB + 9)))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, pieces=pieces_of("sha256"), connections=1)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, SIZE)
    fault_server.wait_idle()
    assert fault_server.bytes_sent("/f") <= SIZE + 2 * PIECE


async def test_a_piece_that_nobody_has_fails_the_file_and_leaves_none(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(resource(rate_bps=0, patches=((MIB, b"\x00\xff"),)))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, pieces=pieces_of())
        assert row.failure is not None
        assert row.failure.code is ErrorCode.DIGEST_MISMATCH
        assert f"Bytes {MIB} to {MIB + PIECE - 1}" in row.failure.message
        assert not (driver.folder / "f").exists()


async def test_pieces_of_another_file_are_told_before_bytes(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/f", size=SIZE + PIECE))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, pieces=pieces_of())
        assert row.failure is not None
        assert row.failure.code is ErrorCode.DIGEST_MISMATCH
        assert row.done_bytes == 0


async def test_what_an_earlier_run_left_is_checked_too(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    patches = ((100, b"\x00\xff"),)
    url = fault_server.add(resource(patches=patches, rate_bps=0), stall_after(3 * PIECE))
    async with running(tmp_path) as driver:
        record_id = await driver.add(url, connections=1)
        await driver.until(record_id, lambda row: row.done_bytes > 2 * PIECE)
        await driver.service.pause([record_id])
        await driver.wait(record_id)
    fault_server.add(resource(rate_bps=0))
    async with running(tmp_path) as driver:
        row = driver.row(record_id)
        await driver.service.set_options(record_id, replace(row.options, pieces=pieces_of()))
        await driver.service.resume([record_id])
        row = await driver.until(record_id, lambda row: row.status is Status.COMPLETED)
        check_file(driver.path(row), 1, SIZE)
        assert "an earlier run" in await driver.log(record_id)
