"""``get --dry-run``: what servers say of each file, without an engine, a list or a file.

Must not write anything but its answer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui_dl.cli.exit_codes import code_of_errors
from tui_dl.domain.errors import ErrorCode, TuiDlError
from tui_dl.domain.redaction import redacted
from tui_dl.domain.units import UNKNOWN, format_size
from tui_dl.engine.lookup import Look, look_at, opened_client

if TYPE_CHECKING:
    from tui_dl.cli.console import Console
    from tui_dl.domain.model import AddRequest
    from tui_dl.engine.config import EngineConfig


async def look_only(
    requests: Sequence[AddRequest], config: EngineConfig, console: Console, *, as_json: bool
) -> int:
    """Ask about every file in turn, print what is known, return the exit code."""
    codes: list[ErrorCode] = []
    async with opened_client(config) as client:
        for request in requests:
            try:
                look = await look_at(client, request.url, request.options, config)
            except TuiDlError as error:
                codes.append(error.code)
                console.say(f"{redacted(request.url)}: {error.message}")
                continue
            if as_json:
                console.data(json.dumps(_as_json(request, look)))
            else:
                for line in _lines(request, look):
                    console.row(line)
    return code_of_errors(codes)


def _lines(request: AddRequest, look: Look) -> list[str]:
    size = look.size_bytes
    rows = [
        ("name", look.name),
        ("folder", request.directory),
        ("size", UNKNOWN if size is None else f"{format_size(size)} ({size} bytes)"),
        ("ranges", "yes" if look.has_ranges else "no"),
        ("etag", look.validators.etag),
        ("modified", look.validators.last_modified),
        *((digest.algorithm, digest.hex) for digest in look.digests),
        ("type", look.content_type),
        ("url", redacted(look.final_url)),
    ]
    return [f"{name:9}{text}" for name, text in rows if text is not None]


def _as_json(request: AddRequest, look: Look) -> dict[str, object]:
    return {
        "name": look.name,
        "directory": request.directory,
        "size_bytes": look.size_bytes,
        "ranges": look.has_ranges,
        "etag": look.validators.etag,
        "last_modified": look.validators.last_modified,
        "digests": [f"{digest.algorithm}={digest.hex}" for digest in look.digests],
        "content_type": look.content_type,
        "url": redacted(request.url),
        "final_url": redacted(look.final_url),
    }
