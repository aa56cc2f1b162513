"""Whole downloads by HTTP/2: nginx, and a server that breaks off (H23, row 28)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.driving import running
from tests.support.h2_server import H2Server, serving_h2
from tests.support.nginx import Nginx
from tests.support.tls import Certificates, make_certificates
from tui_dl.domain.model import Assurance, Status

SIZE = 4 * 1024 * 1024


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


async def test_parallel_ranges_of_nginx(certificates: Certificates, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    data = bytes(range(256)) * (SIZE // 256)
    (source / "file.bin").write_bytes(data)
    chain = certificates.good_chain_file
    # After two requests nginx says GOAWAY on a connection.
    with Nginx(
        source, rate_bps=512 * 1024, chain_file=chain, http2=True, extra="keepalive_requests 2;"
    ) as server:
        async with running(tmp_path) as driver:
            row = await driver.fetch(
                server.url("/file.bin"),
                http2=True,
                connections=8,
                ca_certificate=str(certificates.ca_file),
            )
            assert row.status is Status.COMPLETED, row.failure
            assert row.assurance is Assurance.VALIDATOR
            assert driver.path(row).read_bytes() == data
        requests = server.requests
        assert {request.request.rpartition(" ")[2] for request in requests} == {"HTTP/2.0"}
        assert len({request.connection_id for request in requests}) > 1
        assert (
            max(
                sum(1 for other in requests if other.connection_id == request.connection_id)
                for request in requests
            )
            <= 2
        )


@pytest.mark.parametrize(
    "breaks",
    [{1: "goaway", 2: "goaway"}, {1: "early", 2: "refused", 3: "reset"}, {1: "short"}],
    ids=lambda breaks: "+".join(breaks.values()),
)
async def test_broken_off(
    certificates: Certificates, tmp_path: Path, breaks: dict[int, str]
) -> None:
    server = H2Server(bytes(range(256)) * (SIZE // 256), breaks)
    async with serving_h2(server, certificates.good), running(tmp_path) as driver:
        row = await driver.fetch(
            server.url, http2=True, ca_certificate=str(certificates.ca_file), connections=4
        )
        assert row.status is Status.COMPLETED, row.failure
        assert driver.path(row).read_bytes() == server.body
    assert server.together == 1
    assert server.replies > len(breaks)
