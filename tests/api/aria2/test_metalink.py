"""Metalink documents: both versions, and everything that must not be taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.properties import moderate
from tui_dl.api.aria2.errors import RpcError
from tui_dl.api.aria2.metalink import MOST_LEVELS, MetalinkFile, PieceHashes, parse_metalink
from tui_dl.domain.model import Digest

SHA1 = "1" * 40
SHA256 = "ab" * 32

V4 = f"""<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <file name="a.bin">
    <size>3000000</size>
    <hash type="sha-256">{SHA256.upper()}</hash>
    <hash type="pgp">zzz</hash>
    <pieces length="1048576" type="sha-1"><hash>{SHA1}</hash><hash>{"2" * 40}</hash></pieces>
    <url>http://127.0.0.1/last</url>
    <url priority="2">http://127.0.0.1/second</url>
    <url priority="1" location="de">http://127.0.0.1/first</url>
    <url priority="1">ftp://127.0.0.1/never</url>
    <metaurl mediatype="torrent">http://127.0.0.1/x.torrent</metaurl>
  </file>
  <file name="sub/b.bin"><url>http://127.0.0.1/b</url></file>
</metalink>"""

V3 = f"""<?xml version="1.0"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/"><files>
  <file name="c.bin">
    <size>5</size>
    <verification>
      <hash type="md5">{"4" * 32}</hash><hash type="sha1">{SHA1}</hash>
      <pieces type="sha1" length="1024"><hash piece="0">{"5" * 40}</hash></pieces>
    </verification>
    <resources maxconnections="2">
      <url type="http" preference="10" location="jp">http://127.0.0.1/low</url>
      <url type="bittorrent" preference="100">http://127.0.0.1/x.torrent</url>
      <url type="http" preference="100">http://127.0.0.1/high</url>
    </resources>
  </file>
</files></metalink>"""


def test_version_4() -> None:
    assert parse_metalink(V4.encode()) == [
        MetalinkFile(
            "a.bin",
            (
                "http://127.0.0.1/first",
                "http://127.0.0.1/second",
                "http://127.0.0.1/last",
            ),
            3_000_000,
            (Digest("sha256", SHA256),),
            PieceHashes("sha1", 1_048_576, (SHA1, "2" * 40)),
        ),
        MetalinkFile("sub/b.bin", ("http://127.0.0.1/b",)),
    ]


def test_version_3() -> None:
    assert parse_metalink(V3.encode()) == [
        MetalinkFile(
            "c.bin",
            ("http://127.0.0.1/high", "http://127.0.0.1/low"),
            5,
            (Digest("md5", "4" * 32), Digest("sha1", SHA1)),
            PieceHashes("sha1", 1024, ("5" * 40,)),
        )
    ]


def test_a_document_without_files_is_an_empty_one() -> None:
    assert parse_metalink(b"<foo/>") == []
    assert parse_metalink(b'<metalink xmlns="urn:ietf:params:xml:ns:metalink"/>') == []
    assert parse_metalink(V4.replace("http://127.0.0.1/b", "ftp://h/b").encode())[1:] == []


def test_elements_of_another_vocabulary_mean_nothing() -> None:
    foreign = V4.replace("<size>", '<size xmlns="urn:other">')
    assert parse_metalink(foreign.replace("</size>", "</size>").encode())[0].size_bytes is None


def test_digests_that_are_none_are_left_out() -> None:
    (file, _) = parse_metalink(V4.replace(SHA256.upper(), "12").encode())
    assert file.digests == ()
    (file, _) = parse_metalink(V4.replace(SHA1, "xyz").encode())
    assert file.pieces is None
    (file, _) = parse_metalink(V4.replace("3000000", "-1").encode())
    assert file.size_bytes is None


@pytest.mark.parametrize(
    "name",
    ["../b.bin", "/b.bin", "a/../../b", "..", ".", "a//b", "a/", "..\\b", "a\\..\\b", "C:\\..\\x"],
)
def test_a_name_that_leaves_the_folder_spoils_the_document(name: str) -> None:
    """Trap N2; aria2's CVE-2010-1512."""
    with pytest.raises(RpcError) as caught:
        parse_metalink(V4.replace("sub/b.bin", name).encode())
    assert caught.value.message == "Specification violation: Bad file@name"


def test_a_name_is_needed() -> None:
    with pytest.raises(RpcError) as caught:
        parse_metalink(V4.replace(' name="sub/b.bin"', "").encode())
    assert caught.value.message == "Specification violation: Missing file@name"


BOMB = """<!DOCTYPE metalink [
<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>"""


@pytest.mark.parametrize(
    "declaration",
    [
        BOMB,
        "<!DOCTYPE metalink>",
        '<!DOCTYPE metalink SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE metalink [<!ENTITY c SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE metalink [<!ENTITY % c SYSTEM "http://127.0.0.1/dtd"> %c;]>',
    ],
)
def test_declarations_are_refused_whole(declaration: str) -> None:
    """Trap S16: no entity is expanded, nothing is fetched."""
    body = V3.split("?>", 1)[1].replace("c.bin", "&c;.bin")
    for document in (declaration + body, declaration + V3.split("?>", 1)[1]):
        with pytest.raises(RpcError) as caught:
            parse_metalink(document.encode())
        assert caught.value.message == "Could not parse Metalink XML document."


@pytest.mark.parametrize("document", [b"", b"hallo", V3[:-20].encode(), b"<a></b>", b"\xff\xfe"])
def test_what_is_no_document(document: bytes) -> None:
    with pytest.raises(RpcError, match="Could not parse Metalink"):
        parse_metalink(document)


def test_nesting_is_bounded() -> None:
    """Trap S13."""
    inside = "<x>" * MOST_LEVELS + "</x>" * MOST_LEVELS
    with pytest.raises(RpcError, match="Could not parse Metalink"):
        parse_metalink(f"<metalink>{inside}</metalink>".encode())
    assert parse_metalink(f"<metalink>{inside[3:-4]}</metalink>".encode()) == []


@moderate
@given(st.integers(0, len(V4)), st.integers(0, len(V4)), st.binary(max_size=6))
def test_a_damaged_document_is_refused_or_read(start: int, length: int, patch: bytes) -> None:
    raw = V4.encode()
    try:
        files = parse_metalink(raw[:start] + patch + raw[start + length :])
    except RpcError:
        return
    for file in files:
        assert file.uris
        assert ".." not in file.name.split("/")
