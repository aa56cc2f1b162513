"""Small documents that a command line names, by path or by address.

Must not know what they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_dl.config.paths import absolute
from tui_dl.domain.errors import UsageError
from tui_dl.domain.model import DownloadOptions, Source

if TYPE_CHECKING:
    from tui_dl.engine.config import EngineConfig


def is_address(place: str) -> bool:
    """Return whether ``place`` is to be asked for over HTTP."""
    return place.lower().startswith(("http://", "https://"))


async def read_place(
    place: str,
    most_bytes: int,
    config: EngineConfig,
    options: DownloadOptions = DownloadOptions(),
    *,
    accept: str | None = None,
) -> bytes:
    """Return the bytes of the document at ``place``; ``options`` say how to ask for it.

    Raises:
        UsageError: there is no such file, or it is too long to be one.
        TransferError: the address does not give it.
    """
    if is_address(place):
        from tui_dl.engine.lookup import link_beside, opened_client, read_document

        link = link_beside(place, place, options, config, Source.LOCAL)
        async with opened_client(config) as client:
            return await read_document(client, link, most_bytes, accept=accept)
    try:
        with absolute(place).open("rb") as file:
            body = file.read(most_bytes + 1)
    except OSError as error:
        raise UsageError(f"{place} cannot be read: {error.strerror}.") from error
    if len(body) > most_bytes:
        raise UsageError(f"{place} is longer than {most_bytes} bytes.")
    return body
