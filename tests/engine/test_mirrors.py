"""Mirrors join only when they prove to have the same file (traps H9, H33)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.driving import running
from tests.support.fault_server import (
    FaultServer,
    Resource,
    check_file,
    rst_every,
    sha256_of,
    status,
)
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Assurance, Digest, Status

MIB = 1024 * 1024
SIZE = 8 * MIB


@pytest.fixture
def mirror_server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


def resource(seed: int = 1, etag: str | None = '"v1"', **changes: object) -> Resource:
    values: dict[str, object] = {"size": SIZE, "rate_bps": 2 * MIB, **changes}
    return Resource(path="/f", seed=seed, etag=etag, **values)  # type: ignore[arg-type] # fields by name


async def test_a_mirror_with_the_same_tag_shares_the_work(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path
) -> None:
    url, mirror = fault_server.add(resource()), mirror_server.add(resource())
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, mirrors=(mirror,))
        assert row.status is Status.COMPLETED, row.failure
        assert row.assurance is Assurance.VALIDATOR
        check_file(driver.path(row), 1, SIZE)
    assert mirror_server.bytes_sent("/f") > MIB // 4


async def test_a_mirror_that_differs_by_one_byte_never_reaches_the_file(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(resource())
    mirror = mirror_server.add(resource(etag='"other"', patches=((SIZE - 5, b"x"),)))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, mirrors=(mirror,))
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, SIZE)
        assert "left out" in await driver.log(row.id)


@pytest.mark.parametrize("right", [True, False])
async def test_with_a_digest_other_tags_may_join_and_the_digest_decides(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path, right: bool
) -> None:
    url = fault_server.add(resource())
    patches = () if right else ((SIZE - 5, b"x"),)
    mirror = mirror_server.add(resource(etag='"other"', patches=patches, rate_bps=8 * MIB))
    async with running(tmp_path) as driver:
        row = await driver.fetch(
            url, mirrors=(mirror,), digests=(Digest("sha256", sha256_of(1, SIZE)),)
        )
        assert row.status is Status.COMPLETED, row.failure
        assert row.assurance is Assurance.DIGEST
        check_file(driver.path(row), 1, SIZE)
    assert mirror_server.bytes_sent("/f") > MIB


async def test_a_mirror_of_another_size_is_left_out(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(resource())
    mirror = mirror_server.add(resource(size=SIZE + 1))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, mirrors=(mirror,))
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, SIZE)


async def test_a_mirror_takes_over_when_the_first_link_dies(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path
) -> None:
    url, mirror = fault_server.add(resource(), status(404)), mirror_server.add(resource())
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, mirrors=(mirror,))
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, SIZE)


async def test_a_mirror_that_takes_over_keeps_bytes_of_the_same_tag(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path
) -> None:
    url, mirror = fault_server.add(resource()), mirror_server.add(resource())
    async with running(tmp_path, max_tries=2) as driver:
        record_id = await driver.add(url, mirrors=(mirror,), connections=1)
        await driver.until(record_id, lambda row: row.done_bytes > 4 * MIB)
        fault_server.link_down()
        row = await driver.wait(record_id)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, SIZE)
    assert mirror_server.bytes_sent("/f") < 5 * MIB


async def test_secrets_of_the_first_link_are_not_for_mirrors(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path
) -> None:
    """Trap H31: another port is another origin."""
    url, mirror = fault_server.add(resource()), mirror_server.add(resource())
    async with running(tmp_path) as driver:
        await driver.fetch(
            url,
            mirrors=(mirror,),
            headers=(("X-Api-Key", "secret"),),
            http_user="u",
            http_password="p",
            referer="http://127.0.0.1/private",
        )
    assert all(r.header("x-api-key") == "secret" for r in fault_server.requests())
    assert mirror_server.requests()
    for request in mirror_server.requests():
        for name in ("x-api-key", "authorization", "referer"):
            assert request.header(name) is None, name


async def test_the_faster_mirror_gets_the_larger_share(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(resource(rate_bps=MIB))
    mirror = mirror_server.add(resource(rate_bps=3 * MIB))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, mirrors=(mirror,), connections=2)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, SIZE)
    assert mirror_server.bytes_sent("/f") > 1.5 * fault_server.bytes_sent("/f")


async def test_a_first_link_that_dies_midway_costs_no_restart(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path
) -> None:
    """The mirror has other tags; a digest has let it join, and will decide."""
    url = fault_server.add(resource())
    # Its breaks leave moments in which nobody works: then it has to lead.
    mirror = mirror_server.add(resource(etag='"other"'), rst_every(512 * 1024))
    digest = Digest("sha256", sha256_of(1, SIZE))
    async with running(tmp_path, max_tries=2) as driver:
        record_id = await driver.add(url, mirrors=(mirror,), connections=2, digests=(digest,))
        await driver.until(record_id, lambda row: row.done_bytes > 2 * MIB)
        assert mirror_server.bytes_sent("/f") > 0
        fault_server.link_down()
        row = await driver.wait(record_id)
        assert row.status is Status.COMPLETED, row.failure
        assert row.assurance is Assurance.DIGEST
        assert (await driver.details(record_id)).generation == 1
        check_file(driver.path(row), 1, SIZE)
    assert mirror_server.bytes_sent("/f") < SIZE


async def test_an_equal_date_is_no_proof(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path
) -> None:
    """Trap H9: two builds of one day have one date."""
    url = fault_server.add(resource(etag=None))
    mirror = mirror_server.add(resource(etag=None, patches=((SIZE - 5, b"x"),), rate_bps=8 * MIB))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, mirrors=(mirror,))
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, SIZE)


@pytest.mark.parametrize("wrong", ["mirror", "first link"])
async def test_after_a_wrong_digest_each_link_is_asked_alone(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path, wrong: str
) -> None:
    """Trap H37: one tag for two files; the user's digest tells which link is right."""
    patches = ((SIZE - 5, b"x"),)
    url = fault_server.add(resource(patches=patches if wrong == "first link" else ()))
    mirror = mirror_server.add(resource(patches=patches if wrong == "mirror" else ()))
    async with running(tmp_path) as driver:
        row = await driver.fetch(
            url, mirrors=(mirror,), digests=(Digest("sha256", sha256_of(1, SIZE)),)
        )
        assert row.status is Status.COMPLETED, row.failure
        assert row.assurance is Assurance.DIGEST
        check_file(driver.path(row), 1, SIZE)
        assert [path.name for path in driver.folder.iterdir()] == ["f"]


async def test_a_digest_that_no_link_agrees_with_is_told(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path
) -> None:
    url, mirror = fault_server.add(resource(rate_bps=0)), mirror_server.add(resource(rate_bps=0))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, mirrors=(mirror,), digests=(Digest("sha256", "0" * 64),))
        assert row.failure is not None
        assert row.failure.code is ErrorCode.DIGEST_MISMATCH
    assert mirror_server.bytes_sent("/f") >= SIZE
    assert fault_server.bytes_sent("/f") >= SIZE


async def test_a_mirror_that_gives_nothing_does_not_hide_a_wrong_digest(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path
) -> None:
    """Trap H37: what is told is why the file was refused, not that a mirror was dead too."""
    url = fault_server.add(resource(rate_bps=0))
    dead = mirror_server.add(resource(), status(404))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, mirrors=(dead,), digests=(Digest("sha256", "0" * 64),))
        assert row.failure is not None
        assert row.failure.code is ErrorCode.DIGEST_MISMATCH
    assert mirror_server.requests("/f"), "it was asked"
