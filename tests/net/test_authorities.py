"""The system's authorities: looked up one by one where that is possible, else all loaded."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.net.scripted import serving
from tests.net.sinks import fetch
from tests.net.test_tls import BODY, answering
from tests.support.tls import Certificates
from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.net import tls
from tui_dl.net.client import HttpClient
from tui_dl.net.request import HttpRequest
from tui_dl.net.tls import TlsOptions, hashed_folder, make_context

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems verify with a library of their own"
)


@pytest.fixture
def hashed(certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system whose authorities lie in a folder, by their names."""
    shutil.copy(certificates.ca_file, tmp_path / "authority.pem")
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True, capture_output=True)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    return tmp_path


def plain(url: str) -> HttpRequest:
    """Return a request that trusts whom the system trusts."""
    return HttpRequest(url, use_netrc=False)


async def test_an_authority_is_found_by_its_name_and_none_is_loaded_before(
    client: HttpClient, certificates: Certificates, hashed: Path
) -> None:
    folder = hashed_folder()
    assert folder == str(hashed)
    assert make_context(TlsOptions(), folder).get_ca_certs() == []
    async with serving(answering, tls=certificates.good) as server:
        assert await fetch(client, plain(server.url("/", "localhost"))) == BODY
        assert server.connections == 1
    for fault in (certificates.unknown_ca, certificates.wrong_host, certificates.expired):
        async with serving(answering, tls=fault) as server:
            with pytest.raises(TransferError) as caught:
                await client.open(plain(server.url("/", "localhost")))
            assert caught.value.code is ErrorCode.TLS
            assert server.requests == []


async def test_who_is_not_in_the_folder_may_be_in_the_file(
    client: HttpClient,
    certificates: Certificates,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tls, "hashed_folder", lambda: str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca_file))
    async with serving(answering, tls=certificates.good) as server:
        assert await fetch(client, plain(server.url("/", "localhost"))) == BODY
        assert server.connections == 2
        assert await fetch(client, plain(server.url("/", "127.0.0.1"))) == BODY
        assert server.connections == 3, "what it was about is known by now"


async def test_all_who_tried_at_once_get_their_second_try(
    client: HttpClient,
    certificates: Certificates,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the first did, and the others' downloads failed for good."""
    monkeypatch.setattr(tls, "hashed_folder", lambda: str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca_file))
    async with serving(answering, tls=certificates.good) as server:
        url = server.url("/", "localhost")
        bodies = await asyncio.gather(*(fetch(client, plain(url)) for _ in range(4)))
        assert bodies == [BODY] * 4


async def test_a_name_that_is_wrong_is_not_tried_twice(
    client: HttpClient, certificates: Certificates, hashed: Path
) -> None:
    async with serving(answering, tls=certificates.wrong_host) as server:
        with pytest.raises(TransferError):
            await client.open(plain(server.url("/", "localhost")))
        assert server.connections == 1


def test_a_file_of_the_users_own_is_taken_as_it_is(
    hashed: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca_file))
    assert hashed_folder() is None


@pytest.mark.parametrize("names", [(), ("ca-bundle.crt", "README", "a.0")])
def test_a_folder_without_such_names_is_no_help(
    names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in names:
        (tmp_path / name).touch()
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert ssl.get_default_verify_paths().capath == str(tmp_path)
    assert hashed_folder() is None
