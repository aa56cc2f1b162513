"""Mirrors and documents that a server names in Link fields (RFC 6249)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.driving import running
from tests.support.fault_server import (
    FaultServer,
    Resource,
    check_file,
    right_digest,
    sha256_of,
    write_body,
)
from tests.support.nginx import Nginx
from tui_dl.domain.model import Assurance, Status

MIB = 1024 * 1024
SIZE = 8 * MIB


@pytest.fixture
def mirror_server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


def resource(*links: str, etag: str | None = '"v1"', **changes: object) -> Resource:
    values: dict[str, object] = {"size": SIZE, "rate_bps": 2 * MIB, **changes}
    return Resource(
        path="/f",
        etag=etag,
        headers=tuple(("Link", link) for link in links),
        **values,  # type: ignore[arg-type] # fields by name
    )


def metalink(urls: list[str], *, digest: str, size: int = SIZE) -> bytes:
    body = Resource(path="/", size=SIZE).body
    hashes = "".join(
        f"<hash>{hashlib.sha256(body.read(at, min(SIZE, at + MIB))).hexdigest()}</hash>"
        for at in range(0, SIZE, MIB)
    )
    lines = "".join(f"<url>{url}</url>" for url in urls)
    return (
        '<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="f">'
        f'<size>{size}</size><hash type="sha-256">{digest}</hash>'
        f'<pieces type="sha-256" length="{MIB}">{hashes}</pieces>{lines}</file></metalink>'
    ).encode()


async def test_a_named_mirror_joins_under_the_same_tag(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path
) -> None:
    mirror = mirror_server.add(resource())
    url = fault_server.add(resource(f"<{mirror}>; rel=duplicate; pri=1"))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, headers=(("X-Key", "secret"),))
        assert row.assurance is Assurance.VALIDATOR, row.failure
        check_file(driver.path(row), 1, SIZE)
        assert "names 1 mirror." in await driver.log(row.id)
    assert mirror_server.bytes_sent("/f") > MIB
    assert {request.header("x-key") for request in mirror_server.requests()} == {None}


async def test_a_digest_of_the_server_lets_mirrors_with_other_tags_join(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path
) -> None:
    mirror = mirror_server.add(resource(etag='"other"'))
    url = fault_server.add(resource(f"<{mirror}>; rel=duplicate"), right_digest())
    async with running(tmp_path) as driver:
        row = await driver.fetch(url)
        assert row.assurance is Assurance.DIGEST, row.failure
        check_file(driver.path(row), 1, SIZE)
    assert mirror_server.bytes_sent("/f") > MIB


@pytest.mark.parametrize("connections", [1, None])
async def test_a_named_mirror_without_proof_is_not_used_not_even_in_need(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path, connections: int | None
) -> None:
    """Trap H9: it differs by one byte, and nothing but its tag tells."""
    mirror = mirror_server.add(resource(etag='"other"', patches=((5, b"x"),)))
    url = fault_server.add(resource(f"<{mirror}>; rel=duplicate"))
    async with running(tmp_path, max_tries=2) as driver:
        record_id = await driver.add(url, connections=connections)
        await driver.until(record_id, lambda row: row.done_bytes > MIB)
        fault_server.link_down()
        row = await driver.wait(record_id)
        assert row.status is Status.FAILED
        assert row.name == "f"
        assert not driver.path(row).exists()


async def test_nginx_names_a_document_whose_mirrors_and_pieces_are_used(
    mirror_server: FaultServer, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    write_body(root / "f", 1, SIZE)
    spoilt = mirror_server.add(resource(etag='"other"', patches=((3 * MIB + 9, b"\x00\xff"),)))
    (root / "f.meta4").write_bytes(metalink([spoilt], digest=sha256_of(1, SIZE)))
    digest = Resource(path="/", size=SIZE)
    stated = hashlib.sha256(digest.body.read(0, SIZE)).digest()
    extra = (
        """add_header Link '<f.meta4>; rel=describedby; type="application/metalink4+xml"';"""
        f"add_header Repr-Digest 'sha-256=:{_base64(stated)}:';"
    )
    with Nginx(root, rate_bps=MIB, extra=extra) as server:
        async with running(tmp_path) as driver:
            row = await driver.fetch(server.url("/f"))
            assert row.assurance is Assurance.DIGEST, row.failure
            check_file(driver.path(row), 1, SIZE)
            assert "names 1 mirror." in await driver.log(row.id)
    assert mirror_server.bytes_sent("/f") > 0


@pytest.mark.parametrize("wrong", ["digest", "size", "xml"])
async def test_a_document_that_does_not_agree_is_not_believed(
    fault_server: FaultServer, mirror_server: FaultServer, tmp_path: Path, wrong: str
) -> None:
    mirror = mirror_server.add(resource())
    body = metalink(
        [mirror],
        digest="0" * 64 if wrong == "digest" else sha256_of(1, SIZE),
        size=SIZE + (wrong == "size"),
    )
    fault_server.add(Resource(path="/f.meta4", literal=body[: 40 if wrong == "xml" else None]))
    link = "</f.meta4>; rel=describedby; type=application/metalink4+xml"
    url = fault_server.add(resource(link), right_digest())
    async with running(tmp_path) as driver:
        row = await driver.fetch(url)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, SIZE)
        assert "The Metalink document" in await driver.log(row.id)
    assert mirror_server.requests() == []


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
