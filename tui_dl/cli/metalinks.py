"""From Metalink documents on a command line or in a list to entries: one for each file.

Must not add downloads. What the user gave for the document's own address (headers, logins)
does not go along to other origins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui_dl.cli.documents import is_address, read_place
from tui_dl.cli.input_file import InputEntry, InputOption
from tui_dl.domain.errors import UsageError
from tui_dl.domain.metalink import (
    MOST_BYTES,
    MetalinkError,
    MetalinkFile,
    is_metalink_name,
    parse_metalink,
)
from tui_dl.domain.model import DownloadOptions
from tui_dl.domain.redaction import redacted

if TYPE_CHECKING:
    from tui_dl.cli.settings import Setup

ACCEPT = "application/metalink4+xml, application/metalink+xml, */*;q=0.5"


def unfold(
    entries: Sequence[InputEntry],
    documents: Sequence[str],
    options: DownloadOptions,
    setup: Setup,
    *,
    follow: bool,
) -> list[InputEntry]:
    """Return ``entries`` with each Metalink document among them replaced by its files.

    ``documents`` are Metalink whatever they are called; ``options`` say how to ask for one.

    Raises:
        UsageError: a document cannot be read, or names no file that can be fetched.
        TransferError: its address does not give it.
    """
    found: list[InputEntry] = []
    for entry in (*entries, *(InputEntry(0, (place,)) for place in documents)):
        place = entry.urls[0]
        if place in documents or (follow and _is_document(place)):
            files = _read(place, options, setup)
            found.extend(_entry(file, entry, options, len(files)) for file in files)
        else:
            found.append(entry)
    return found


def _is_document(place: str) -> bool:
    return is_metalink_name(place) and (is_address(place) or Path(place).is_file())


def _read(place: str, options: DownloadOptions, setup: Setup) -> list[MetalinkFile]:
    from tui_dl.cli.engine import engine_config

    config = engine_config(setup.settings, setup.paths, setup.paths.data_dir)
    body = asyncio.run(read_place(place, MOST_BYTES, config, options, accept=ACCEPT))
    try:
        files = parse_metalink(body)
    except MetalinkError as error:
        raise UsageError(f"{redacted(place)}: {error.message}") from error
    if not files:
        raise UsageError(f"{redacted(place)} names no file that can be fetched over HTTP.")
    return files


def _entry(
    file: MetalinkFile, entry: InputEntry, options: DownloadOptions, count: int
) -> InputEntry:
    """Return one file as an entry; what the list says of it stands behind and wins."""
    name = options.out if count == 1 and options.out is not None else file.name
    own = [InputOption(entry.line, "out", name)]
    own += [
        InputOption(entry.line, "checksum", f"{digest.algorithm}={digest.hex}")
        for digest in file.digests
    ]
    return InputEntry(
        entry.line,
        file.uris,
        (*own, *entry.options),
        pieces=file.pieces,
        given_for=entry.urls[0] if is_address(entry.urls[0]) else None,
    )
