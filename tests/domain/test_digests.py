"""Checksums as people paste them."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.properties import moderate, thorough
from tui_dl.domain.digests import DIGEST_BYTES, STRENGTH, parse_checksum, strongest
from tui_dl.domain.errors import ErrorCode, UsageError
from tui_dl.domain.model import Digest

SPELLINGS = {
    "md5": ["md5", "MD5"],
    "sha1": ["sha1", "sha-1", "SHA-1", "sha"],
    "sha224": ["sha224", "sha-224"],
    "sha256": ["sha256", "sha-256", "SHA-256", "Sha256"],
    "sha384": ["sha384", "SHA-384"],
    "sha512": ["sha512", "sha-512"],
}


def test_the_tables_agree_with_hashlib() -> None:
    assert set(STRENGTH) == set(DIGEST_BYTES) == set(SPELLINGS)
    for algorithm, length in DIGEST_BYTES.items():
        assert hashlib.new(algorithm).digest_size == length


@pytest.mark.parametrize("separator", ["=", ":", " = ", ": "])
@pytest.mark.parametrize(("algorithm", "names"), SPELLINGS.items())
def test_labelled_checksums(algorithm: str, names: list[str], separator: str) -> None:
    hexa = hashlib.new(algorithm, b"x").hexdigest()
    for name in names:
        assert parse_checksum(f" {name}{separator}{hexa.upper()}\n") == Digest(algorithm, hexa)


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_bare_hex_of_a_telling_length(algorithm: str) -> None:
    hexa = hashlib.new(algorithm, b"x").hexdigest()
    assert parse_checksum(hexa) == Digest(algorithm, hexa)
    assert parse_checksum(hexa.upper()) == Digest(algorithm, hexa)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("sha-256=", "not a hex"),
        ("sha-256=xyz", "not a hex"),
        ("sha-256=" + "g" * 64, "not a hex"),
        ("sha-256=" + "a" * 63, "64 hex digits"),
        ("sha-256=" + "a" * 40, "has 40"),
        ("md5:" + "a" * 64, "32 hex digits"),
        ("crc32=abcdef01", "not known"),
        ("sha3-256=" + "a" * 64, "not known"),
        ("a" * 56, "could be anything"),
        ("abc", "could be anything"),
        ("hello", "not a hex"),
        ("=" + "a" * 64, "not a hex"),
        ("sha-256=" + "a" * 64 + " file.iso", "not a hex"),
        ("sha-256=" + "٣" * 64, "not a hex"),
    ],
)
def test_what_is_no_checksum_is_refused_with_a_sentence(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_checksum(text)
    assert caught.value.code is ErrorCode.INVALID_OPTION
    assert words in caught.value.message
    assert caught.value.message.endswith(".")


@thorough
@given(st.text(max_size=80) | st.text("0123456789abcdefSHA-=: ", max_size=140))
def test_every_text_is_a_sound_digest_or_a_usage_error(text: str) -> None:
    try:
        digest = parse_checksum(text)
    except UsageError:
        return
    assert len(bytes.fromhex(digest.hex)) == DIGEST_BYTES[digest.algorithm]
    assert digest.hex == digest.hex.lower()
    assert parse_checksum(f"{digest.algorithm}={digest.hex}") == digest


@moderate
@given(
    st.lists(st.builds(Digest, st.sampled_from([*STRENGTH, "crc32c"]), st.text("ab", max_size=2)))
)
def test_the_strongest_is_the_first_of_its_kind_and_nothing_beats_it(
    digests: list[Digest],
) -> None:
    best = strongest(digests)
    known = [d for d in digests if d.algorithm != "crc32c"]
    if best is None:
        assert not known
        return
    assert all(STRENGTH.index(d.algorithm) <= STRENGTH.index(best.algorithm) for d in known)
    assert best is next(d for d in digests if d.algorithm == best.algorithm)


def test_md5_is_the_weakest() -> None:
    md5, sha1, sha256 = Digest("md5", "1"), Digest("sha1", "2"), Digest("sha256", "3")
    assert strongest([md5, sha256, sha1]) is sha256
    assert strongest([md5, sha1]) is sha1
    assert strongest([]) is None
