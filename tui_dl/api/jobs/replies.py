"""How this dialect words success and failure: JSON, and pages for browsers that ask.

Every error is ``{"error": "..."}``.
"""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from typing import Any

from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from tui_dl.api.json_text import encode_json
from tui_dl.api.requests import header


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """A handler's way out with a status and a text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def json_reply(content: Any, status: int = 200) -> Response:
    """Return compact JSON."""
    return Response(encode_json(content), status, media_type="application/json")


def error_reply(status: int, text: str, scope: Scope | None = None) -> Response:
    """Return an error; a page when the client says that it reads HTML."""
    accepted = "" if scope is None else header(scope, b"accept") or ""
    if "text/html" not in accepted.lower():
        return json_reply({"error": text}, status)
    title = f"{status} {HTTPStatus(status).phrase}"
    page = f"<!doctype html><title>{title}</title><h1>{title}</h1><p>{escape(text)}</p>\n"
    return HTMLResponse(page, status)
