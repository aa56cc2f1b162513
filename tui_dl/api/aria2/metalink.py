"""Metalink documents as the dialect takes them: the domain's reader, aria2's errors.

Must not read XML itself.
"""

from __future__ import annotations

from tui_dl.api.aria2.errors import RpcError
from tui_dl.domain import metalink
from tui_dl.domain.metalink import MOST_LEVELS, MetalinkFile
from tui_dl.domain.model import PieceHashes

__all__ = ["MOST_LEVELS", "MetalinkFile", "PieceHashes", "parse_metalink", "unreadable"]


def parse_metalink(document: bytes) -> list[MetalinkFile]:
    """Return the files of a document; one without a usable address is left out.

    Raises:
        RpcError: it is no such document, or a name is missing or leaves the folder.
    """
    try:
        return metalink.parse_metalink(document)
    except metalink.MetalinkError as error:
        raise RpcError(error.message) from error


def unreadable() -> RpcError:
    """Return the answer to something that is no Metalink document."""
    return RpcError(metalink.UNREADABLE)
