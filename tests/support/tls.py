"""Certificates for the fault server: one good, the others wrong in one way each (H25)."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Server contexts by their fault, and the CA that clients may trust."""

    ca_file: Path
    """PEM of the CA behind ``good``, ``wrong_host`` and ``expired``."""
    good: ssl.SSLContext
    wrong_host: ssl.SSLContext
    """Valid, but for wrong.example."""
    expired: ssl.SSLContext
    self_signed: ssl.SSLContext
    unknown_ca: ssl.SSLContext
    """Right names, signed by a CA that ``ca_file`` does not hold."""
    good_chain_file: Path
    """Certificate chain and key of ``good`` in one PEM, for other servers."""


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def make_certificates(folder: Path) -> Certificates:
    """Create all certificates; the files go to ``folder``."""
    authority = trustme.CA()
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    good = authority.issue_cert(*_HOSTS)
    chain_file = folder / "good.pem"
    good.private_key_and_cert_chain_pem.write_to_path(str(chain_file))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    return Certificates(
        ca_file=ca_file,
        good=_context(good),
        wrong_host=_context(authority.issue_cert("wrong.example")),
        expired=_context(
            authority.issue_cert(
                *_HOSTS, not_before=yesterday - timedelta(days=30), not_after=yesterday
            )
        ),
        self_signed=_self_signed(folder),
        unknown_ca=_context(trustme.CA().issue_cert(*_HOSTS)),
        good_chain_file=chain_file,
    )


def _self_signed(folder: Path) -> ssl.SSLContext:
    """Use a CA's own certificate as the server's: it is signed by itself."""
    lonely = trustme.CA()
    path = folder / "self-signed.pem"
    path.write_bytes(lonely.private_key_pem.bytes() + lonely.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
