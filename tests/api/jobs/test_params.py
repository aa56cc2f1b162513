"""How parameters travel: JSON, forms, queries, names in any case, and strict numbers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.api.jobs.params import LISTS, NUMBERS, TEXTS, Submission, id_of, ids_of, submission_of
from tui_dl.api.jobs.replies import Refused

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def scope(content_type: str | None = None, query: str = "") -> dict[str, Any]:
    headers = [] if content_type is None else [(b"content-type", content_type.encode())]
    return {"headers": headers, "query_string": query.encode()}


def multipart(fields: dict[str, str], boundary: str = "xYz") -> tuple[str, bytes]:
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    body = "".join(parts) + f"--{boundary}--\r\n"
    return f"multipart/form-data; boundary={boundary}", body.encode()


WANTED = Submission("http://h/f", "f.bin", "My Document")


@pytest.mark.parametrize("names", [("url", "fileName", "name"), ("URL", "FileName", "NAME")])
@pytest.mark.parametrize("way", ["json", "json with charset", "form", "multipart", "query"])
def test_names_come_in_any_case_and_any_way(names: tuple[str, ...], way: str) -> None:
    fields = dict(zip(names, ("http://h/f", "f.bin", "My Document"), strict=True))
    if way.startswith("json"):
        kind = JSON if way == "json" else "application/json; charset=utf-8"
        found = submission_of(scope(kind), json.dumps(fields).encode())
    elif way == "form":
        found = submission_of(scope(FORM), urlencode(fields).encode())
    elif way == "multipart":
        kind, body = multipart(fields)
        found = submission_of(scope(kind), body)
    else:
        found = submission_of(scope(None, urlencode(fields)), b"not looked at")
    assert found == WANTED


def test_line_breaks_survive_every_way() -> None:
    text = "http://h/a\r\nhttp://h/b\n"
    kind, body = multipart({"URL": text})
    for found in (
        submission_of(scope(JSON), json.dumps({"url": text}).encode()),
        submission_of(scope(FORM), urlencode({"url": text}).encode()),
        submission_of(scope(kind), body),
        submission_of(scope("text/plain", urlencode({"url": text})), b""),
    ):
        assert found.url.split() == ["http://h/a", "http://h/b"]


def test_the_sample_of_the_documentation_is_read() -> None:
    body = b"""{
      "url": "https://example.com/file.pdf",
      "name": "My Document",
      "ownerId": 123,
      "tags": [1, 2]
    }"""
    assert submission_of(scope(JSON), body) == Submission(
        "https://example.com/file.pdf", "", "My Document"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"http://h/f"',
        b"\xff\xfe",
        b'{"url": 5}',
        b'{"url": ["http://h/f"]}',
        b'{"url": "http://h/f", "ownerId": "123"}',
        b'{"url": "http://h/f", "ownerId": 1.0}',
        b'{"url": "http://h/f", "ownerId": -1}',
        b'{"url": "http://h/f", "ownerId": true}',
        b'{"url": "http://h/f", "OWNERID": 18446744073709551616}',
        b'{"url": "http://h/f", "tags": 1}',
        b'{"url": "http://h/f", "tags": ["1"]}',
        b'{"url": "http://h/f", "meta": {"a": 1}}',
        b"[" * 100_000,
        b'{"url":' * 100_000,
    ],
)
def test_json_is_strict(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        submission_of(scope(JSON), body)
    assert caught.value.status == 400


def test_null_and_unknown_names_are_nothing() -> None:
    body = b'{"url": "http://h/f", "name": null, "tags": null, "else": {"x": [1]}}'
    assert submission_of(scope(JSON), body) == Submission("http://h/f", "", "")


def test_numbers_of_forms_are_checked_too() -> None:
    body = urlencode([("URL", "http://h/f"), ("Tags", "1"), ("Tags", "2"), ("OwnerId", "")])
    assert submission_of(scope(FORM), body.encode()).url == "http://h/f"
    for pair in (("Tags", "x"), ("OwnerId", "-1"), ("Width", "1.5"), ("Notes", "٣")):
        with pytest.raises(Refused):
            submission_of(scope(FORM), urlencode([("URL", "http://h/f"), pair]).encode())


@pytest.mark.parametrize(
    ("content_type", "body", "query", "id_"),
    [
        (None, b"", "id=q", "q"),
        (None, b"id=b", "id=q", "q"),
        (FORM, b"id=b", "id=q", "b"),
        (FORM, b"", "id=q", "q"),
        (FORM, b"ID=b", "", "b"),
        (JSON, b'{"id": "j"}', "", ""),
        (JSON, b'{"id": "j"}', "id=q", "q"),
        (None, b"", "id=", ""),
        (None, b"", "", ""),
    ],
)
def test_where_an_id_is_looked_for(
    content_type: str | None, body: bytes, query: str, id_: str
) -> None:
    assert id_of(scope(content_type, query), body) == id_


def test_an_id_in_a_multipart_body() -> None:
    kind, body = multipart({"id": "m"})
    assert id_of(scope(kind, "id=q"), body) == "m"


@pytest.mark.parametrize(
    ("content_type", "body", "ids"),
    [
        (JSON, b'{"ids": [3, 1, 3]}', [3, 1]),
        (JSON, b'{"IDS": [3]}', [3]),
        (JSON, b"{}", []),
        (JSON, b'{"ids": null}', []),
        (FORM, b"ids=3&ids=1&ids=3", [3, 1]),
        (FORM, b"", []),
    ],
)
def test_row_numbers(content_type: str, body: bytes, ids: list[int]) -> None:
    assert ids_of(scope(content_type), body) == ids


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, b'{"ids": 3}'),
        (JSON, b'{"ids": ["3"]}'),
        (JSON, b'{"ids": [-3]}'),
        (FORM, b"ids=x"),
        (FORM, b"ids=1e3"),
    ],
)
def test_bad_row_numbers_are_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(Refused):
        ids_of(scope(content_type), body)


def test_a_malformed_multipart_body_is_refused() -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        with pytest.raises(Refused):
            submission_of(scope(kind), b"URL=http://h/f")


def test_a_multipart_body_in_a_multipart_body_does_not_go_deep() -> None:
    kind = b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n'
    body = b"".join(kind % (n, n) for n in range(20_000))
    outer = b"--x\r\n" + body
    with pytest.raises(Refused):
        submission_of(scope("multipart/form-data; boundary=x"), outer)


names = st.sampled_from([*sorted(TEXTS | NUMBERS | LISTS), "id", "ids", "other"])
values = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers() | st.text())


def check(content_type: str, body: bytes) -> None:
    """Read or refuse; a text that was read can be sent on."""
    status = 0
    found = Submission("", "", "")
    try:
        found = submission_of(scope(content_type), body)
    except Refused as refusal:
        status = refusal.status
    assert status in (0, 400)
    assert all(text.encode().decode() == text for text in (found.url, found.file_name, found.name))


@given(st.dictionaries(names, values))
def test_any_json_object_is_read_or_refused(fields: dict[str, Any]) -> None:
    """Nothing but a refusal may come out, and texts can be sent on."""
    check(JSON, json.dumps(fields).encode())


@given(st.sampled_from([FORM, "multipart/form-data; boundary=x", JSON, "x/y"]), st.binary())
def test_any_bytes_are_read_or_refused(content_type: str, body: bytes) -> None:
    check(content_type, body)
