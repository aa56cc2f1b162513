"""Digests in header fields: RFC 9530, RFC 3230 and the object stores."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.properties import moderate, thorough
from tui_dl.domain.digests import DIGEST_BYTES
from tui_dl.domain.http_fields import parse_digest_fields, parse_repr_digest
from tui_dl.domain.model import Digest

BODY = b"the whole file"
header_text = st.text(st.characters(max_codepoint=255), max_size=80)


def coded(algorithm: str, body: bytes = BODY) -> str:
    return base64.b64encode(hashlib.new(algorithm, body).digest()).decode()


def digest(algorithm: str, body: bytes = BODY) -> Digest:
    return Digest(algorithm, hashlib.new(algorithm, body).hexdigest())


def test_repr_digest() -> None:
    assert parse_repr_digest(f"sha-256=:{coded('sha256')}:") == (digest("sha256"),)
    both = f"sha-256=:{coded('sha256')}: ,\tsha-512=:{coded('sha512')}:;a=1;b"
    assert parse_repr_digest(both) == (digest("sha256"), digest("sha512"))
    assert parse_repr_digest(f"sha=:{coded('sha1')}:, md5=:{coded('md5')}:") == (
        digest("sha1"),
        digest("md5"),
    )


def test_of_a_repeated_key_the_last_counts() -> None:
    value = f"sha-256=:{coded('sha256', b'old')}:, sha-256=:{coded('sha256')}:"
    assert parse_repr_digest(value) == (digest("sha256"),)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "sha-256",
        "sha-256=",
        "sha-256=::",
        f"sha-256={coded('sha256')}",
        f"sha-256=:{coded('sha256')}",
        f"SHA-256=:{coded('sha256')}:",  # keys are lower case in structured fields
        f"sha-256=:{coded('sha1')}:",  # the wrong length
        f"sha-256=:{coded('sha256')[:-1]}:",
        f"sha-256=:{coded('sha256')[:-4]}:",
        f"sha-256=:{'é' * 43}=:",
        f"sha-256=:{coded('sha256')}:x",
        "crc32c=:AAAAAA==:",
        "unixsum=:AAAA:",
        f'sha-256="{coded("sha256")}"',
        f"sha-256=:{hashlib.sha256(BODY).hexdigest()}:",
    ],
)
def test_a_broken_or_unknown_member_is_skipped_alone(value: str) -> None:
    assert parse_repr_digest(value) == ()
    with_good = f"{value}, md5=:{coded('md5')}:"
    assert parse_repr_digest(with_good) == (digest("md5"),)


@pytest.mark.parametrize("whole", [True, False])
def test_what_covers_the_message_counts_only_for_a_whole_reply(whole: bool) -> None:
    """H37: a right Content-Digest on a 206 says nothing about the file."""
    headers = [
        ("Content-Digest", f"sha-256=:{coded('sha256')}:"),
        ("Content-MD5", f" {coded('md5')} "),
    ]
    expected = (digest("sha256"), digest("md5")) if whole else ()
    assert parse_digest_fields(headers, whole=whole) == expected


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    ("name", "value", "algorithm"),
    [
        ("REPR-DIGEST", f"sha-512=:{coded('sha512')}:", "sha512"),
        ("Digest", f"SHA-256={coded('sha256')}", "sha256"),
        ("digest", f"sha={coded('sha1')},unixsum=30637", "sha1"),
        ("digest", f"adler32=03da0195, md5={coded('md5')}", "md5"),
        ("x-goog-hash", f"crc32c=n03x6A==, md5={coded('md5')}", "md5"),
        ("x-amz-checksum-sha256", coded("sha256"), "sha256"),
        ("X-Amz-Checksum-SHA1", coded("sha1"), "sha1"),
    ],
)
def test_what_covers_the_resource_counts_for_every_reply(
    name: str, value: str, algorithm: str, whole: bool
) -> None:
    found = parse_digest_fields([("server", "x"), (name, value)], whole=whole)
    assert found == (digest(algorithm),)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-amz-checksum-sha256", coded("sha256") + "-12"),  # a digest of digests
        ("x-amz-checksum-sha1", coded("sha1") + "-2"),
        ("x-amz-checksum-sha256", coded("sha1")),
        ("x-amz-checksum-crc32c", "n03x6A=="),
        ("x-goog-hash", "crc32c=n03x6A=="),
        ("digest", "md5=" + hashlib.md5(BODY).hexdigest()),
        ("content-md5", hashlib.md5(BODY).hexdigest()),
        ("etag", f"md5={coded('md5')}"),
    ],
)
def test_what_says_nothing_is_skipped(name: str, value: str) -> None:
    assert parse_digest_fields([(name, value)], whole=True) == ()


def test_equal_statements_are_given_once_and_contradictions_both() -> None:
    headers = [
        ("x-goog-hash", "crc32c=n03x6A=="),
        ("x-goog-hash", f"md5={coded('md5')}"),
        ("content-md5", coded("md5")),
        ("digest", f"md5={coded('md5', b'other')}"),
    ]
    found = parse_digest_fields(headers, whole=True)
    assert found == (digest("md5"), digest("md5", b"other"))


@moderate
@given(st.sampled_from(["sha-256", "sha-512", "sha", "md5"]), st.binary(max_size=30))
def test_real_digests_of_any_body_are_read(name: str, body: bytes) -> None:
    algorithm = {"sha-256": "sha256", "sha-512": "sha512", "sha": "sha1", "md5": "md5"}[name]
    value = f"{name}=:{coded(algorithm, body)}:"
    assert parse_digest_fields([("repr-digest", value)], whole=False) == (digest(algorithm, body),)


@thorough
@given(
    st.sampled_from(["repr-digest", "content-digest", "digest", "content-md5", "x-goog-hash"]),
    header_text | header_text.map(lambda t: f"sha-256=:{t}:") | header_text.map("md5={}".format),
)
def test_no_text_makes_it_raise_or_give_a_wrong_length(name: str, value: str) -> None:
    for found in parse_digest_fields([(name, value)], whole=True):
        assert len(bytes.fromhex(found.hex)) == DIGEST_BYTES[found.algorithm]


@pytest.mark.parametrize("piece", [",", '"', '\\"', "a=:", "=", "sha-256=:"])
def test_long_rubbish_is_read_in_one_pass(piece: str) -> None:
    """A quadratic parser would not come back from this before the suite's time is up."""
    assert parse_repr_digest(piece * 300_000) == ()
