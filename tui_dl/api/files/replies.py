"""How the files dialect words success and failure: bare JSON objects."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tui_dl.api.files.codec import Target, error_wire, result_wire
from tui_dl.api.files.codes import FilesCode
from tui_dl.api.json_text import encode_json


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """A handler's way out: a status and a body."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


def json_reply(content: Any, status: int = 200) -> Response:
    """Return compact JSON."""
    return Response(encode_json(content), status, media_type="application/json")


def refused(status: int, code: FilesCode) -> Refused:
    """Return a refusal that is not about one download."""
    return Refused(status, error_wire(code.value))


def not_started(target: Target, code: FilesCode) -> Refused:
    """Return the refusal of a download, in the form of its result."""
    return Refused(400, result_wire(target, code))
