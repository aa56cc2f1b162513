"""Rows of the table that need more than one server, or an act in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine.driving import running
from tests.support.fault_server import (
    FaultServer,
    Resource,
    SignedLinks,
    after,
    check_file,
    cut_after,
    no_validators,
    redirect,
    redirect_in_turn,
    require_cookie,
    require_header,
    rst_before_head,
    set_cookie,
    status,
    swap,
    truncate_tls,
    weak_etag,
)
from tests.support.tls import Certificates
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Source, Status

MIB = 1024 * 1024
SIZE = 6 * MIB


@pytest.fixture
def second_server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


VERSIONS: dict[str, tuple[Resource, dict[str, Any]]] = {
    "strong tag": (Resource(path="/f", size=SIZE, rate_bps=2 * MIB), {}),
    "if-range ignored": (
        Resource(path="/f", size=SIZE, rate_bps=2 * MIB, honours_if_range=False),
        {"honours_if_range": False},
    ),
    "weak tag": (Resource(path="/f", size=SIZE, rate_bps=2 * MIB, etag='W/"1"'), {"etag": 'W/"2"'}),
    "date only": (Resource(path="/f", size=SIZE, rate_bps=2 * MIB, etag=None), {"etag": None}),
    "nothing": (
        Resource(path="/f", size=SIZE, rate_bps=2 * MIB, etag=None, last_modified=None),
        {"etag": None, "last_modified": None},
    ),
}


@pytest.mark.parametrize("kind", VERSIONS)
async def test_row_11_another_version_of_the_same_length_between_two_runs(
    fault_server: FaultServer, tmp_path: Path, kind: str
) -> None:
    """Trap H7: never a file of two versions."""
    resource, changes = VERSIONS[kind]
    url = fault_server.add(resource)
    async with running(tmp_path) as driver:
        record_id = await driver.add(url)
        await driver.until(record_id, lambda row: row.done_bytes > 2 * MIB)
    later = "Tue, 02 Jan 2024 00:00:00 GMT"
    new = Resource(path="/f", size=SIZE, seed=2, etag='"v2"', last_modified=later)
    fault_server.replace(replace(new, **changes))
    async with running(tmp_path) as driver:
        row = await driver.wait(record_id)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 2, SIZE)


async def test_row_34_a_signature_that_dies_is_renewed_once_for_all(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    """Trap H29."""
    target = fault_server.url("/target")
    links = SignedLinks(target, 0.3)
    fault_server.add(Resource(path="/target", size=SIZE, rate_bps=3 * MIB), links.target)
    url = fault_server.add(Resource(path="/origin"), links.origin)
    async with running(tmp_path) as driver:
        row = await driver.fetch(url)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, SIZE)
    assert links.issued == 2
    assert fault_server.bytes_sent("/target") <= 1.1 * SIZE


@pytest.mark.parametrize(("seed", "etag"), [(1, '"v1"'), (2, '"v2"')])
async def test_row_35_a_new_link_keeps_the_bytes_only_of_the_same_file(
    fault_server: FaultServer, tmp_path: Path, seed: int, etag: str
) -> None:
    links = SignedLinks(fault_server.url("/target"), 0.3)
    fault_server.add(Resource(path="/target", size=SIZE, rate_bps=3 * MIB), links.target)
    url = fault_server.add(Resource(path="/origin"), links.origin)
    async with running(tmp_path) as driver:
        record_id = await driver.add(url)
        await driver.until(record_id, lambda row: row.done_bytes > 0)
        links.issues = False
        row = await driver.wait(record_id)
        assert row.failure is not None
        assert row.failure.code is ErrorCode.NEEDS_NEW_LINK
        kept = row.done_bytes
        assert kept > MIB
        new = fault_server.add(Resource(path="/new", size=SIZE, seed=seed, etag=etag))
        assert (await driver.service.set_url(record_id, new)).failure is None
        row = await driver.finish(record_id)
        check_file(driver.path(row), seed, SIZE)
    sent = fault_server.bytes_sent("/new")
    assert (sent <= SIZE - kept + 512 * 1024) if seed == 1 else (sent >= SIZE)


async def test_row_33_a_dead_edge_is_left_for_another(
    fault_server: FaultServer, second_server: FaultServer, tmp_path: Path
) -> None:
    """Trap H33: the place that the redirects led to is gone, the link itself is well."""
    script = [after(1, rst_before_head), cut_after(MIB)]
    dead = fault_server.add(Resource(path="/edge", size=SIZE), script)
    alive = second_server.add(Resource(path="/edge", size=SIZE))
    url = fault_server.add(Resource(path="/f"), redirect_in_turn([dead, alive]))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, SIZE)
    assert second_server.bytes_sent("/edge") <= SIZE


async def test_row_31_a_link_that_is_off_for_a_while_costs_no_restart(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    """Trap D14."""
    url = fault_server.add(Resource(path="/f", size=SIZE, rate_bps=MIB))
    async with running(tmp_path, max_tries=0, retry_base_s=1.0, retry_max_s=2.0) as driver:
        record_id = await driver.add(url)
        await driver.until(record_id, lambda row: row.done_bytes > 2 * MIB)
        fault_server.link_down()
        row = await driver.until(record_id, lambda row: row.status is Status.RETRYING)
        assert row.failure is not None
        assert row.retry_in_s is not None
        fault_server.link_up()
        row = await driver.wait(record_id)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, SIZE)
    assert fault_server.bytes_sent("/f") < 1.2 * SIZE


async def test_row_37_secrets_stay_with_their_origin(
    fault_server: FaultServer, second_server: FaultServer, tmp_path: Path
) -> None:
    """Trap H31: another port is another origin, and so is another name."""
    target = second_server.add(Resource(path="/f", size=1000))
    url = fault_server.add(Resource(path="/gate"), redirect(target))
    async with running(tmp_path) as driver:
        row = await driver.fetch(
            url,
            headers=(
                ("X-Api-Key", "k"),
                ("Authorization", "Bearer t"),
                ("Cookie", "c=1"),
                ("Proxy-Authorization", "Basic eDp5"),
            ),
            referer="http://127.0.0.1/secret",
            http_user="u",
            http_password="p",
        )
        assert row.status is Status.COMPLETED, row.failure
    (asked,) = fault_server.requests("/gate")
    assert asked.header("x-api-key") == "k"
    assert asked.header("cookie") == "c=1"
    assert asked.header("proxy-authorization") == "Basic eDp5"
    (request,) = second_server.requests("/f")
    for name in ("x-api-key", "authorization", "cookie", "referer", "proxy-authorization"):
        assert request.header(name) is None, name


async def test_row_38_https_to_http_is_refused(
    tls_server: FaultServer, fault_server: FaultServer, certificates: Certificates, tmp_path: Path
) -> None:
    """Trap H32."""
    plain = fault_server.add(Resource(path="/f", size=10))
    url = tls_server.add(Resource(path="/gate"), redirect(plain))
    async with running(tmp_path, ca_certificate=str(certificates.ca_file)) as driver:
        row = await driver.fetch(url)
        assert row.failure is not None
        assert row.failure.code is ErrorCode.REDIRECT_REFUSED
    assert not fault_server.requests()


async def test_row_38_the_metadata_address_is_never_followed(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    """Trap S12."""
    url = fault_server.add(Resource(path="/gate"), redirect("http://169.254.169.254/latest"))
    async with running(tmp_path) as driver:
        row = await driver.wait(await driver.add(url, source=Source.API))
        assert row.failure is not None
        assert row.failure.code is ErrorCode.REDIRECT_REFUSED


async def test_row_70_a_cookie_gate_over_two_paths(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    """Trap H38: what the gate set goes along with every segment, and only there."""
    fault_server.add(
        Resource(path="/f", size=SIZE, rate_bps=4 * MIB), require_cookie("pass", "yes")
    )
    url = fault_server.add(Resource(path="/gate"), set_cookie("pass", "yes", "/f"))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, SIZE)
    assert len(fault_server.requests("/f")) > 1


@pytest.mark.parametrize(
    "target", ["/a%2Fb/c+d%7e|x.bin?sig=a%2bb&n=,", "/%2e%2e%2fetc/x", "/a//b/./c/../d"]
)
async def test_row_70_the_raw_target_arrives_untouched(
    fault_server: FaultServer, tmp_path: Path, target: str
) -> None:
    """Trap H39: signatures cover the exact bytes."""
    fault_server.add(Resource(path="/*", size=1000))
    async with running(tmp_path) as driver:
        row = await driver.fetch(fault_server.url(target))
        assert row.status is Status.COMPLETED, row.failure
        assert driver.path(row).parent == driver.folder
    assert fault_server.requests()[0].target == target


@pytest.mark.parametrize("fault", ["expired", "wrong_host", "self_signed", "unknown_ca"])
async def test_row_29_a_bad_certificate_is_final_before_any_byte(
    certificates: Certificates, tmp_path: Path, fault: str
) -> None:
    """Trap H25."""
    with FaultServer(tls=getattr(certificates, fault)) as server:
        url = server.add(Resource(path="/f", size=1000))
        async with running(tmp_path, ca_certificate=str(certificates.ca_file)) as driver:
            row = await driver.fetch(url)
            assert row.status is Status.FAILED
            assert row.failure is not None
            assert row.failure.code is ErrorCode.TLS
            assert not list(driver.folder.iterdir())
            opted_out = await driver.fetch(url, allow_duplicate=True, check_certificate=False)
            assert opted_out.status is Status.COMPLETED, opted_out.failure
        assert all(r.path == "/f" for r in server.requests())


async def test_row_29_tls_that_ends_without_a_goodbye_is_a_cut(
    tls_server: FaultServer, certificates: Certificates, tmp_path: Path
) -> None:
    url = tls_server.add(Resource(path="/f", size=SIZE), truncate_tls(2 * MIB))
    async with running(tmp_path, ca_certificate=str(certificates.ca_file)) as driver:
        row = await driver.fetch(url)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, SIZE)


async def test_row_17_sizes_beyond_what_floats_hold(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    """Trap H14: a declared size takes neither memory nor disk; it is told exactly."""
    url = fault_server.add(Resource(path="/f", size=2**53 + 1))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url)
        assert row.failure is not None
        assert row.failure.code is ErrorCode.DISK_FULL
        assert not list(driver.folder.iterdir())


async def test_row_17_more_than_four_gib(fault_server: FaultServer, tmp_path: Path) -> None:
    """5 GiB declared; stopped early, because the point is the arithmetic."""
    size = 5 * 2**30 + 1
    url = fault_server.add(Resource(path="/f", size=size, rate_bps=20 * MIB))
    async with running(tmp_path) as driver:
        record_id = await driver.add(url)
        row = await driver.until(record_id, lambda row: row.done_bytes > 4 * MIB)
        assert row.total_bytes == size
        part = driver.folder / "f.part"
        assert part.stat().st_size == size
        assert part.stat().st_blocks * 512 < 2**30
        await driver.service.remove([record_id], with_files=True)
        assert not list(driver.folder.iterdir())


async def test_the_same_header_is_sent_with_every_segment(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    resource = Resource(path="/f", size=SIZE, rate_bps=4 * MIB)
    url = fault_server.add(resource, require_header("X-Key", "v", status(401)))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, headers=(("X-Key", "v"),))
        assert row.status is Status.COMPLETED, row.failure
        assert (await driver.fetch(fault_server.url("/f"), allow_duplicate=True)).status is (
            Status.FAILED
        )


async def test_a_file_that_changes_all_the_time_is_told_as_such(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(
        Resource(path="/f", size=SIZE, rate_bps=4 * MIB),
        [swap(n, seed=n, etag=f'"v{n}"', size=SIZE + n) for n in range(2, 60)],
    )
    async with running(tmp_path) as driver:
        row = await driver.fetch(url)
        assert row.failure is not None
        assert row.failure.code is ErrorCode.RESOURCE_CHANGED


@pytest.mark.parametrize("script", [no_validators, weak_etag()], ids=["none", "weak"])
async def test_an_unverified_join_is_said_in_the_row(
    fault_server: FaultServer, tmp_path: Path, script: object
) -> None:
    url = fault_server.add(Resource(path="/f", size=SIZE, rate_bps=2 * MIB), script)  # type: ignore[arg-type] # a script of any kind
    async with running(tmp_path) as driver:
        record_id = await driver.add(url)
        await driver.until(record_id, lambda row: row.done_bytes > MIB)
        await driver.service.pause([record_id])
        await driver.wait(record_id)
        row = await driver.finish(record_id)
        assert row.assurance == "unverified"
        check_file(driver.path(row), 1, SIZE)


async def test_many_at_once_all_arrive(fault_server: FaultServer, tmp_path: Path) -> None:
    """Trap H40: no wait in line ever times out."""
    urls = [fault_server.add(Resource(path=f"/{n}", size=70_000 + n)) for n in range(60)]
    async with running(tmp_path, slots=20) as driver:
        ids = [await driver.add(url) for url in urls]
        rows = await asyncio.gather(*(driver.wait(i) for i in ids))
        for n, row in enumerate(rows):
            assert row.status is Status.COMPLETED, row.failure
            check_file(driver.path(row), 1, 70_000 + n)
