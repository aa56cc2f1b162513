"""The client's own certificate: shown to one origin, and its faults are sentences (H31)."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tests.net.scripted import Peer, serving
from tests.net.sinks import fetch
from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.net.client import HttpClient
from tui_dl.net.request import HttpRequest
from tui_dl.net.tls import TlsOptions, make_context


@dataclass(frozen=True)
class Own:
    """Files of a client, and a server that asks for them."""

    authority: str
    certificate: str
    key: str
    locked_key: str
    """The password is ``pw``."""
    server: ssl.SSLContext


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Own:
    folder: Path = tmp_path_factory.mktemp("own")
    authority = trustme.CA()
    leaf = authority.issue_cert("me@example.org")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    leaf.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    leaf.private_key_pem.write_to_path(str(folder / "key.pem"))
    key = load_pem_private_key(leaf.private_key_pem.bytes(), None)
    (folder / "locked.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pw"))
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(server)
    server.verify_mode = ssl.CERT_OPTIONAL
    authority.configure_trust(server)
    ca, cert, plain, locked = (str(folder / f"{n}.pem") for n in ("ca", "cert", "key", "locked"))
    return Own(ca, cert, plain, locked, server)


async def telling(peer: Peer) -> None:
    """Answer whether a certificate came along."""
    while await peer.request():
        await peer.reply(b"yes" if peer.has_client_certificate else b"no")


@pytest.mark.parametrize("locked", [False, True])
async def test_the_origin_gets_it_and_nobody_else(
    client: HttpClient, own: Own, locked: bool
) -> None:
    tls = TlsOptions(
        own.authority,
        certificate=own.certificate,
        private_key=own.locked_key if locked else own.key,
        private_key_password="pw" if locked else None,
    )
    async with serving(telling, tls=own.server) as server:

        async def script(peer: Peer) -> None:
            while await peer.request():
                to = server.url(host="localhost")
                await peer.reply(b"", f"Location: {to}", status="302 Found")

        assert await fetch(client, HttpRequest(server.url(), tls=tls, use_netrc=False)) == b"yes"
        async with serving(script, tls=own.server) as first:
            # Another port is another origin; the connection that knows us is not used for it.
            moved = HttpRequest(first.url(), tls=tls, use_netrc=False)
            assert await fetch(client, moved) == b"no"
            origin = ("https", "127.0.0.1", first.port)
            mirror = HttpRequest(server.url(), tls=tls, headers_origin=origin, use_netrc=False)
            assert await fetch(client, mirror) == b"no"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (("cert", "locked", None), "needs a password"),
        (("cert", "locked", "wrong"), "needs another password"),
        (("cert", None, None), "do not belong together"),
        (("key", "key", None), "do not belong together"),
        (("missing", None, None), "no such file"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(
    own: Own, files: tuple[str, str | None, str | None], words: str
) -> None:
    """OpenSSL would ask for the password on the terminal by itself."""
    folder = Path(own.certificate).parent
    certificate, key, password = files
    options = TlsOptions(
        certificate=str(folder / f"{certificate}.pem"),
        private_key=None if key is None else str(folder / f"{key}.pem"),
        private_key_password=password,
    )
    with pytest.raises(TransferError) as caught:
        make_context(options)
    assert caught.value.code is ErrorCode.TLS
    assert not caught.value.retryable
    assert words in caught.value.message
    assert "wrong" not in caught.value.message
