"""Digests that a server states in header fields.

Owns: RFC 9530 Repr-Digest and Content-Digest, RFC 3230 Digest, Content-MD5, and the
fields of the big object stores. Must not judge a file. Anything odd is skipped: a digest
that we cannot read must not fail a good file.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator, Sequence

from tui_dl.domain.digests import DIGEST_BYTES, algorithm_from
from tui_dl.domain.late_pattern import late_pattern
from tui_dl.domain.model import Digest

_BASE64 = r"[A-Za-z0-9+/]*={0,2}"
_STRUCTURED = late_pattern(rf"([a-z*][a-z0-9_.*-]*)=:({_BASE64}):(?:[ \t]*;.*)?", re.DOTALL)
_LEGACY = late_pattern(rf"([A-Za-z0-9_-]+)=({_BASE64})")


def parse_repr_digest(value: str) -> tuple[Digest, ...]:
    """Read a Repr-Digest or Content-Digest value: a dictionary of byte sequences.

    Of an algorithm that stands twice the last one counts, as in every structured field.
    Source: RFC 9530 section 2 and 3, RFC 8941 section 3.2.
    """
    found: dict[str, Digest] = {}
    for member in _members(value):
        match = _STRUCTURED.fullmatch(member)
        digest = None if match is None else _digest(match[1], match[2])
        if digest is not None:
            found[digest.algorithm] = digest
    return tuple(found.values())


def parse_digest_fields(headers: Sequence[tuple[str, str]], *, whole: bool) -> tuple[Digest, ...]:
    """Collect what a reply's header fields say about the whole resource.

    ``whole`` is true for a 200 that carries the complete body: only then Content-Digest
    and Content-MD5, which cover the message, speak about the resource (trap H37).
    Equal statements are given once, in the order in which they stand.
    """
    found: dict[Digest, None] = {}
    for name, value in headers:
        for digest in _field_digests(name.lower(), value, whole):
            found.setdefault(digest)
    return tuple(found)


def _field_digests(name: str, value: str, whole: bool) -> Iterator[Digest]:
    """Yield the digests of one field; ``name`` is lower case."""
    match name:
        case "repr-digest":
            yield from parse_repr_digest(value)
        case "content-digest" if whole:
            yield from parse_repr_digest(value)
        case "digest" | "x-goog-hash":
            yield from _legacy(value)
        case "content-md5" if whole:
            yield from _single("md5", value)
        # A multipart upload is stated as "BASE64-N", a digest of digests. It fails the
        # base64 check below, which is what we want: it says nothing about the bytes.
        case "x-amz-checksum-sha256":
            yield from _single("sha256", value)
        case "x-amz-checksum-sha1":
            yield from _single("sha1", value)


def _legacy(value: str) -> Iterator[Digest]:
    """Yield the members of ``NAME=base64, NAME=base64`` (RFC 3230 section 4.3.2)."""
    for member in _members(value):
        match = _LEGACY.fullmatch(member)
        digest = None if match is None else _digest(match[1], match[2])
        if digest is not None:
            yield digest


def _single(algorithm: str, value: str) -> Iterator[Digest]:
    """Yield the one digest of a field that holds nothing but base64."""
    digest = _digest(algorithm, value.strip(" \t"))
    if digest is not None:
        yield digest


def _members(value: str) -> Iterator[str]:
    """Yield the comma-separated members.

    A comma inside a quoted parameter cuts that parameter in two; the digest before it
    stays whole, and the rest does not look like a digest.
    """
    for member in value.split(","):
        yield member.strip(" \t")


def _digest(name: str, base64_text: str) -> Digest | None:
    """Return the digest, or ``None`` for an unknown algorithm or a wrong length."""
    algorithm = algorithm_from(name)
    if algorithm is None:
        return None
    try:
        raw = b64decode(base64_text, validate=True)
    except (binascii.Error, ValueError):  # ValueError: characters outside ASCII
        return None
    return Digest(algorithm, raw.hex()) if len(raw) == DIGEST_BYTES[algorithm] else None
