"""Each certificate is wrong in its own way only (H25)."""

from __future__ import annotations

import ssl
import subprocess

import pytest

from tests.support.fault_server import FaultServer, Resource, body_bytes, stall_after, truncate_tls
from tests.support.tls import Certificates
from tests.support_tests.raw_client import connect, parse, request_head

FILE = Resource(path="/f", size=300_000)


def trusting(certificates: Certificates) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificates.ca_file))


def test_a_good_certificate_serves(tls_server: FaultServer, certificates: Certificates) -> None:
    url = tls_server.add(FILE)
    assert url.startswith("https://")
    run = subprocess.run(
        ["curl", "-sSf", "--cacert", str(certificates.ca_file), url],
        capture_output=True,
        check=True,
    )
    assert run.stdout == body_bytes(1, 0, 300_000)
    assert tls_server.bytes_sent() == 300_000


def read_into(tls: ssl.SSLSocket, data: bytearray) -> None:
    """Append all that comes until the orderly end."""
    while part := tls.recv(65536):
        data += part


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("wrong_host", "IP address mismatch"),
        ("expired", "certificate has expired"),
        ("self_signed", "self-signed certificate"),
        ("unknown_ca", "unable to get local issuer certificate"),
    ],
)
def test_bad_certificates_fail_for_their_reason(
    certificates: Certificates, kind: str, why: str
) -> None:
    with FaultServer(tls=getattr(certificates, kind)) as server:
        server.add(FILE)
        with (
            connect(server) as sock,
            pytest.raises(ssl.SSLCertVerificationError, match=why),
        ):
            trusting(certificates).wrap_socket(sock, server_hostname="127.0.0.1")
        server.wait_for(lambda s: s.connections[0].closed_s is not None)
        assert server.requests() == []
        assert server.connections[0].ended_by == "tls"


def test_an_orderly_end_says_so(tls_server: FaultServer, certificates: Certificates) -> None:
    tls_server.add(FILE)
    with (
        connect(tls_server) as sock,
        trusting(certificates).wrap_socket(
            sock, server_hostname="localhost", suppress_ragged_eofs=False
        ) as tls,
    ):
        tls.sendall(request_head("/f", "Connection: close"))
        data = bytearray()
        read_into(tls, data)
    assert parse(bytes(data)).body == body_bytes(1, 0, 300_000)


def test_a_truncated_stream_does_not(tls_server: FaultServer, certificates: Certificates) -> None:
    tls_server.add(FILE, truncate_tls(100_000))
    with (
        connect(tls_server) as sock,
        trusting(certificates).wrap_socket(
            sock, server_hostname="localhost", suppress_ragged_eofs=False
        ) as tls,
    ):
        tls.sendall(request_head("/f"))
        data = bytearray()
        with pytest.raises(ssl.SSLEOFError):
            read_into(tls, data)
    assert parse(bytes(data)).body == body_bytes(1, 0, 100_000)


def test_a_client_that_leaves_a_stall_is_seen(
    tls_server: FaultServer, certificates: Certificates
) -> None:
    tls_server.add(FILE, stall_after(10))
    with (
        connect(tls_server) as sock,
        trusting(certificates).wrap_socket(sock, server_hostname="localhost") as tls,
    ):
        tls.sendall(request_head("/f"))
        assert tls.recv(10)
        tls_server.wait_for(lambda s: s.bytes_sent() == 10)
    tls_server.wait_for(lambda s: s.open_connections() == 0)
    assert tls_server.requests()[0].outcome == "client_left"


def test_plain_bytes_on_a_tls_port_are_noted(tls_server: FaultServer) -> None:
    with connect(tls_server) as sock:
        sock.sendall(request_head("/f"))
        tls_server.wait_for(lambda s: s.open_connections() == 0 and len(s.connections) == 1)
    assert "HTTP" in tls_server.connections[0].tls_error
