"""Reading a request's head: path segments, query, fields, peer.

Must not read a body and must not decide anything. Routing looks at ``segments_of``,
never at the decoded path: there ``%2F`` is one character of a name, not a border.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, unquote_to_bytes

from starlette.types import Scope

_SEGMENTS = "tui_dl.segments"
_TRUSTED = "tui_dl.trusted"


def split_raw_path(raw_path: bytes) -> tuple[str, ...]:
    """Cut at slashes, drop empty pieces, then decode each piece once.

    Bytes that are no UTF-8 become lone surrogates, so nothing is lost or merged.
    """
    pieces = (piece for piece in raw_path.split(b"/") if piece)
    return tuple(unquote_to_bytes(piece).decode("utf-8", "surrogateescape") for piece in pieces)


def with_segments(scope: Scope, segments: tuple[str, ...]) -> Scope:
    """Return a copy of the scope whose ``path`` cannot mislead a router."""
    path = "/" + "/".join(quote(piece, safe="", errors="surrogateescape") for piece in segments)
    return {**scope, "path": path, _SEGMENTS: segments}


def segments_of(scope: Scope) -> tuple[str, ...]:
    """Return the decoded path segments."""
    found: tuple[str, ...] | None = scope.get(_SEGMENTS)
    return split_raw_path(scope["raw_path"]) if found is None else found


def with_trust(scope: Scope, trusted: bool) -> Scope:
    """Return a copy of the scope that says whether the owner's own key was shown."""
    return {**scope, _TRUSTED: trusted}


def is_trusted(scope: Scope) -> bool:
    """Return whether the caller is this user's own command line (see ``auth.py``)."""
    return scope.get(_TRUSTED) is True


def query_pairs(scope: Scope) -> list[tuple[str, str]]:
    """Return the query's pairs in order, blank values kept."""
    text = scope.get("query_string", b"").decode("latin-1")
    return parse_qsl(text, keep_blank_values=True, errors="surrogateescape")


def query_value(scope: Scope, key: str) -> str | None:
    """Return the last non-empty value of ``key``; empty when all are, ``None`` without any."""
    values = [value for name, value in query_pairs(scope) if name == key]
    if not values:
        return None
    return next((value for value in reversed(values) if value), "")


def header(scope: Scope, name: bytes) -> str | None:
    """Return the first field of this lower-case name, decoded as Latin-1."""
    for key, value in scope["headers"]:
        if key == name:
            text: bytes = value
            return text.decode("latin-1")
    return None


def peer_of(scope: Scope) -> str:
    """Return the address of the other side; the empty text when it is not known."""
    client = scope.get("client")
    return "" if client is None else str(client[0])
