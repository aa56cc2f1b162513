"""Digest algorithms: which we know, how long each is, which is stronger.

Reads what a user types. Must not hash anything: that is disk work of another room.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from tui_dl.domain.errors import UsageError
from tui_dl.domain.late_pattern import late_pattern
from tui_dl.domain.model import Digest

DIGEST_BYTES: Mapping[str, int] = MappingProxyType(
    {"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
)
"""Length in bytes of each algorithm that we check, by hashlib's name."""

STRENGTH: tuple[str, ...] = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
"""The algorithms, weakest first. MD5 and SHA-1 show accidents only, not an attacker."""

_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        "md5": "md5",
        "sha": "sha1",  # the name of SHA-1 in the HTTP registries
        **{f"sha{bits}": f"sha{bits}" for bits in (1, 224, 256, 384, 512)},
        **{f"sha-{bits}": f"sha{bits}" for bits in (1, 224, 256, 384, 512)},
    }
)
# Only lengths that in practice mean one algorithm.
_BARE_LENGTHS: Mapping[int, str] = MappingProxyType(
    {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
)
_LABELLED = late_pattern(r"([A-Za-z0-9-]+)\s*[=:]\s*(.*)", re.DOTALL)
_HEX = late_pattern(r"[0-9A-Fa-f]+")
_EXAMPLE = "Write it as ALGORITHM=HEX, for example sha-256= and 64 hex digits."


def algorithm_from(name: str) -> str | None:
    """Return hashlib's name for a spelling such as ``SHA-256``; ``None`` when unknown."""
    return _SPELLINGS.get(name.strip().lower())


def parse_checksum(text: str) -> Digest:
    """Read a digest that a user gave: ``sha-256=HEX``, ``sha256:HEX``, or plain hex.

    Plain hex is taken when its length means one algorithm (32, 40, 64, 128 digits).

    Raises:
        UsageError: unknown algorithm, not hex, or the wrong number of digits.
    """
    stripped = text.strip()
    if not stripped:
        raise UsageError(f"The checksum is empty. {_EXAMPLE}")
    match = _LABELLED.fullmatch(stripped)
    if match is None:
        if not _HEX.fullmatch(stripped):
            raise UsageError(f"The checksum is not a hex number. {_EXAMPLE}")
        algorithm = _BARE_LENGTHS.get(len(stripped))
        if algorithm is None:
            raise UsageError(
                f"A checksum of {len(stripped)} hex digits could be anything. {_EXAMPLE}"
            )
        return Digest(algorithm, stripped.lower())
    algorithm = algorithm_from(match[1])
    if algorithm is None:
        known = ", ".join(STRENGTH)
        raise UsageError(f"The checksum algorithm {match[1]} is not known; known are {known}.")
    wanted = DIGEST_BYTES[algorithm] * 2
    if not _HEX.fullmatch(match[2]):
        raise UsageError(f"The checksum after {match[1]} is not a hex number. {_EXAMPLE}")
    if len(match[2]) != wanted:
        raise UsageError(
            f"A {algorithm} checksum has {wanted} hex digits, but this one has {len(match[2])}."
        )
    return Digest(algorithm, match[2].lower())


def strongest(digests: Iterable[Digest]) -> Digest | None:
    """Return the digest of the strongest known algorithm, the first among equals."""
    known = [digest for digest in digests if digest.algorithm in DIGEST_BYTES]
    return max(known, key=lambda digest: STRENGTH.index(digest.algorithm), default=None)
