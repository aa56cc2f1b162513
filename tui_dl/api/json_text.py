"""JSON for the wire, compact, whatever a name holds."""

from __future__ import annotations

import json
from typing import Any

import msgspec


def encode_json(content: Any) -> bytes:
    """Return one line of JSON; bytes of a name that are no text become lone surrogates."""
    try:
        return msgspec.json.encode(content)
    except UnicodeEncodeError:
        return json.dumps(content, separators=(",", ":")).encode("ascii")
