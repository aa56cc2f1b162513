"""How parameters travel to this dialect: JSON, form or query, names in any case. Pure.

Go decides what is strict: JSON numbers must be numbers, forms hold texts, unknown names
are ignored, the last of two equal names wins. Must not act.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from email.message import Message
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Scope

from tui_dl.api.jobs.replies import Refused
from tui_dl.api.requests import header
from tui_dl.domain.quick_dataclass import dataclass

MOST_FIELDS = 10_000
LARGEST_UINT = 2**64 - 1

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Submission:
    """What a client wants fetched; ids and words about a resource store are not for us."""

    url: str
    file_name: str
    name: str


TEXTS = frozenset(
    {
        "url",
        "filename",
        "name",
        "description",
        "meta",
        "contentcategory",
        "category",
        "originalname",
        "originallocation",
        "seriesslug",
        "groupname",
        "groupcategoryname",
        "groupmeta",
        "pathname",
    }
)
NUMBERS = frozenset({"ownerid", "resourcecategoryid", "width", "height", "seriesid"})
LISTS = frozenset({"groups", "tags", "notes"})


def submission_of(scope: Scope, body: bytes) -> Submission:
    """Return what is submitted; the Content-Type says where it stands.

    Raises:
        Refused: 400, it cannot be decoded.
    """
    if _kind(scope) == "application/json":
        fields = _checked_json(_json_object(body))
    else:
        fields = _checked_pairs([*query(scope), *form_pairs(scope, body)])
    return Submission(
        url=str(fields.get("url", "")),
        file_name=str(fields.get("filename", "")),
        name=str(fields.get("name", "")),
    )


def id_of(scope: Scope, body: bytes) -> str:
    """Return the id out of a form body, else out of the query; empty when there is none.

    A JSON body is not looked at, as in the server that this dialect is from.
    """
    if _kind(scope) == "application/json":
        return last(query(scope), "id")
    return last(form_pairs(scope, body), "id") or last(query(scope), "id")


def ids_of(scope: Scope, body: bytes) -> list[int]:
    """Return the row numbers out of a JSON or form body, or the query, without repeats.

    Raises:
        Refused: 400, one is no number, or the body cannot be decoded.
    """
    if _kind(scope) == "application/json":
        value = _lowered(_json_object(body)).get("ids")
        found = [] if value is None else value
        if not isinstance(found, list) or not all(_is_uint(item) for item in found):
            raise Refused(400, "ids must be a list of numbers")
        return list(dict.fromkeys(found))
    pairs = [*query(scope), *form_pairs(scope, body)]
    return list(dict.fromkeys(_uint("ids", text) for key, text in pairs if key == "ids" and text))


def query(scope: Scope) -> Pairs:
    """Return the query's pairs with lower-case names, blank values kept."""
    return _pairs(scope.get("query_string", b""))


def last(pairs: Pairs, key: str) -> str:
    """Return the last value of ``key`` without blanks around it, or the empty text."""
    return next((value.strip() for name, value in reversed(pairs) if name == key), "")


def form_pairs(scope: Scope, body: bytes) -> Pairs:
    """Return the pairs of a form body with lower-case names; none for other bodies.

    Raises:
        Refused: 400, a multipart body is malformed.
    """
    kind = _kind(scope)
    if kind == "application/x-www-form-urlencoded":
        return _pairs(body)
    if kind == "multipart/form-data":
        return _multipart(header(scope, b"content-type") or "", body)
    return []


def _kind(scope: Scope) -> str:
    value = header(scope, b"content-type") or ""
    return value.partition(";")[0].strip().lower()


def _pairs(text: bytes) -> Pairs:
    try:
        found = parse_qsl(
            text.decode("latin-1"),
            keep_blank_values=True,
            errors="replace",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        raise Refused(400, "too many fields") from error
    return [(name.lower(), value) for name, value in found]


def _multipart(content_type: str, body: bytes) -> Pairs:
    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n"
    try:
        parts = BytesParser().parsebytes(head + body).get_payload()
    except RecursionError as error:
        raise Refused(400, "the multipart body is nested too deep") from error
    if not isinstance(parts, list):
        raise Refused(400, "the multipart body cannot be read")
    found: Pairs = []
    for part in parts:
        if not isinstance(part, Message):
            continue
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found.append((name.lower(), content.decode("utf-8", "replace")))
    return found


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the JSON body cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise Refused(400, "the JSON body must be an object")
    return value


def _lowered(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in fields.items()}


def _checked_json(given: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in _lowered(given).items() if value is not None}
    for name, value in fields.items():
        if name in TEXTS and not isinstance(value, str):
            raise Refused(400, f"{name} must be a string")
        if name in NUMBERS and not _is_uint(value):
            raise Refused(400, f"{name} must be a whole number")
        if name in LISTS and not (isinstance(value, list) and all(map(_is_uint, value))):
            raise Refused(400, f"{name} must be a list of whole numbers")
    for name in TEXTS & fields.keys():
        # Escapes can spell half a character; nothing downstream can send it.
        fields[name] = fields[name].encode("utf-8", "replace").decode("utf-8")
    return fields


def _checked_pairs(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    for name, value in pairs:
        if name in NUMBERS | LISTS and value:
            _uint(name, value)
    return dict(pairs)


def _is_uint(value: object) -> bool:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return is_number and 0 <= value <= LARGEST_UINT  # type: ignore[operator] # seen to be an int


def _uint(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) <= LARGEST_UINT):
        raise Refused(400, f"{name} must be a whole number")
    return int(text)
