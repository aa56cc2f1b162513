"""The file name of a Content-Disposition field, from raw bytes."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.properties import thorough
from tui_dl.domain.http_fields import parse_content_disposition

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"attachment; filename=a.zip", "a.zip"),
        (b'attachment; filename="a b.zip"', "a b.zip"),
        (b"ATTACHMENT;FileName = a.zip ; size=3", "a.zip"),
        (b"inline; filename=a.zip", "a.zip"),
        (b"filename=a.zip", "a.zip"),
        (b"a=1;filename=a.zip", "a.zip"),
        (b'a="1";filename=a.zip', "a.zip"),
        (b'attachment; filename= \t"a;b.zip"', "a;b.zip"),
        (b"attachment; filename=a b c.zip", "a b c.zip"),
        (b'attachment; x="; filename=evil"; filename=a.zip', "a.zip"),
        (b'attachment; x="\\"; filename=evil"; filename=a.zip', "a.zip"),
        (b'attachment; filename="a\\"b\\\\c.zip"', 'a"b\\c.zip'),
        (b'attachment; filename="a;b=c.zip"', "a;b=c.zip"),
        (b'attachment; filename="no end.zip', "no end.zip"),
        (b'attachment; filename="end\\', "end\\"),
        (b'attachment; filename="a"junk; size=1', "a"),
        (b"attachment; filename=a=b.zip", "a=b.zip"),
        (b"attachment; ; ;filename=a.zip;", "a.zip"),
        (b"attachment; filename=one; filename=two", "one"),
        (b"attachment; filename=; filename=two", "two"),
        (b"attachment; filename*=UTF-8''one; filename*=UTF-8''two", "one"),
        (b"attachment; filename*0=a; filename*1=b; filename=c", "c"),
        (b"attachment; filename*0=a; filename*1=b", None),
        (b"attachment; filename*0*=UTF-8''a", None),
        (b"attachment", None),
        (b"attachment; filename", None),
        (b"attachment; filename=", None),
        (b'attachment; filename=""', None),
        (b"attachment; notfilename=x; filenames=y", None),
        (b"", None),
        (b";;;===", None),
    ],
)
def test_plain_names(raw: bytes, name: str | None) -> None:
    """N1."""
    assert parse_content_disposition(raw) == name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"attachment; filename=plain; filename*=UTF-8''%e2%82%ac%20rates", "€ rates"),
        (b"attachment; filename*=utf-8'de'%e2%82%ac; filename=plain", "€"),
        (b"attachment; filename*=ISO-8859-1'en'%A3%20rates", "£ rates"),
        (b"attachment; filename*=\"UTF-8''%C3%A9.txt\"", "é.txt"),
        (b"attachment; filename*=UTF-8''it's.txt", "it's.txt"),
        (b"attachment; filename*=UTF-8''\xc3\xa9.txt", "é.txt"),
        (b"attachment; filename*=UTF-8''..%2f..%2fx", "../../x"),
        # Broken ones do not count.
        (b"attachment; filename=plain; filename*=KOI8-R''%C1", "plain"),
        (b"attachment; filename=plain; filename*=UTF-8''%zz", "plain"),
        (b"attachment; filename=plain; filename*=UTF-8''%4", "plain"),
        (b"attachment; filename=plain; filename*=UTF-8''%FF", "plain"),
        (b"attachment; filename=plain; filename*=UTF-8''", "plain"),
        (b"attachment; filename=plain; filename*=no-quotes", "plain"),
        (b"attachment; filename=plain; filename*=UTF-8'half", "plain"),
        (b"attachment; filename=plain; filename*=''x", "plain"),
        (b"attachment; filename*=KOI8-R''%C1", None),
        (b"attachment; filename*=UTF-8''%FF; filename*=UTF-8''good", "good"),
    ],
)
def test_extended_names_win_when_they_are_right(raw: bytes, name: str | None) -> None:
    """N1."""
    assert parse_content_disposition(raw) == name


def test_plain_bytes_are_utf_8_when_they_can_be() -> None:
    """N1: the bytes of this one value decide, not those of other fields."""
    assert parse_content_disposition("attachment; filename=é.zip".encode()) == "é.zip"
    assert parse_content_disposition("attachment; filename=é.zip".encode("latin-1")) == "é.zip"


@thorough
@given(names)
def test_a_name_survives_both_ways_of_writing_it(name: str) -> None:
    extended = b"attachment; filename=other; filename*=UTF-8''" + quote(name, safe="").encode()
    assert parse_content_disposition(extended) == name
    escaped = name.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    assert parse_content_disposition(b'attachment; filename="' + escaped + b'"; a=b') == name


@thorough
@given(
    st.binary(max_size=80) | st.text("aA;=\"\\'%*0 \tfilenameUTF-8", max_size=60).map(str.encode)
)
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    found = parse_content_disposition(b"attachment; filename*=" + raw)
    assert found is None or found
    assert parse_content_disposition(raw) != ""


@pytest.mark.parametrize("piece", [b";", b"=", b"\\", b'"', b'a="', b"filename*=", b"%", b";a=b"])
def test_long_rubbish_is_read_in_one_pass(piece: bytes) -> None:
    """A quadratic parser would not come back from this before the suite's time is up."""
    found = parse_content_disposition(piece * 300_000 + b";filename=x")
    assert found is None or found
