"""The file name in a Content-Disposition field, read from the raw bytes.

Own tokenizer: the mail parsers of the standard library prefer the wrong parameter and
join ``filename*0`` pieces (trap N1). Must not make the name safe: that is ``names.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_OWS = b" \t"
_NAME_END = re.compile(rb"[;=]|\Z")
_VALUE_END = re.compile(rb";|\Z")
_BROKEN_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_CHARSETS = {b"utf-8": "utf-8", b"iso-8859-1": "latin-1"}


def parse_content_disposition(raw: bytes) -> str | None:
    """Return the file name that the server suggests, or ``None``.

    ``filename*`` wins over ``filename``; a ``filename*`` with another charset than UTF-8
    or ISO-8859-1, a broken percent code or broken UTF-8 does not count. Of equal
    parameters the first that counts wins. The plain form is UTF-8 when its bytes are,
    else Latin-1. Source: RFC 6266 section 4.3, RFC 8187 section 3.2.
    """
    plain: str | None = None
    extended: str | None = None
    for name, value in _parameters(raw):
        if name == b"filename*" and not extended:
            extended = _extended_value(value)
        elif name == b"filename" and not plain:
            plain = _text(value)
    return extended or plain or None


def _parameters(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (lower-case name, value without quotes) of every ``name=value`` part.

    The disposition type has no ``=`` and falls out by itself; servers that leave it away
    are understood too.
    """
    position = 0
    while position < len(raw):
        stop = _end(_NAME_END, raw, position)
        name = raw[position:stop].strip(_OWS).lower()
        if stop == len(raw) or raw[stop : stop + 1] == b";":
            position = stop + 1
            continue
        start = stop + 1
        while raw[start : start + 1] in (b" ", b"\t"):
            start += 1
        if raw[start : start + 1] == b'"':
            value, start = _quoted(raw, start + 1)
            position = _end(_VALUE_END, raw, start) + 1
        else:
            stop = _end(_VALUE_END, raw, start)
            value = raw[start:stop].strip(_OWS)
            position = stop + 1
        yield name, value


def _end(pattern: re.Pattern[bytes], raw: bytes, start: int) -> int:
    """Return where the part ends that begins at ``start``; the patterns match the end too."""
    match = pattern.search(raw, start)
    return len(raw) if match is None else match.start()


def _quoted(raw: bytes, start: int) -> tuple[bytes, int]:
    """Read a quoted string from behind its first quote; return it and where it ended.

    A string without its last quote reaches to the end of the field.
    """
    value = bytearray()
    position = start
    while position < len(raw):
        byte = raw[position]
        position += 1
        if byte == ord('"'):
            break
        if byte == ord("\\") and position < len(raw):
            byte = raw[position]
            position += 1
        value.append(byte)
    return bytes(value), position


def _extended_value(value: bytes) -> str | None:
    """Decode ``charset'language'percent-coded``; ``None`` when any part is broken."""
    charset, quote, rest = value.partition(b"'")
    _language, second_quote, coded = rest.partition(b"'")
    encoding = _CHARSETS.get(charset.lower())
    if not quote or not second_quote or encoding is None or _BROKEN_PERCENT.search(coded):
        return None
    plain = _PERCENT.sub(lambda match: bytes((int(match[1], 16),)), coded)
    try:
        return plain.decode(encoding)
    except UnicodeDecodeError:
        return None


def _text(value: bytes) -> str:
    """Decode bytes of unknown coding; Latin-1 takes every byte, so this never fails."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
