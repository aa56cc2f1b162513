"""What a file will be called, settled before it is there: the client is told its path at once.

Must not touch the disk beyond a look, and must not add. The engine still never replaces
a file: should another program take the name meanwhile, the download gets the next number.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator
from itertools import count, islice
from pathlib import Path

from tui_dl.domain.model import Status
from tui_dl.domain.names import numbered_name
from tui_dl.domain.snapshot import DownloadSnapshot

MOST_NUMBERS = 1000
PART_SUFFIX = ".part"


async def settled_name(
    rows: Iterable[DownloadSnapshot], url: str, directory: str, wanted: str
) -> str:
    """Return the first of ``wanted``, ``wanted (1)``... that is free in ``directory``.

    Free is what neither a file there nor an unfinished download of the list is called.
    The same link again, unfinished, keeps the name that it was given.
    """
    here = [row for row in rows if row.directory == directory]
    same = {row.options.out for row in here if row.url == url and row.status in _UNFINISHED}
    names = list(_series(wanted))
    for name in names:
        if name in same:
            return name
    taken = {row.name.casefold() for row in here if row.status in _UNFINISHED}
    return await asyncio.to_thread(_free, Path(directory), names, taken) or wanted


_UNFINISHED = frozenset(Status) - {Status.COMPLETED}


def _series(wanted: str) -> Iterator[str]:
    yield wanted
    yield from islice((numbered_name(wanted, number) for number in count(1)), MOST_NUMBERS)


def _free(folder: Path, names: Iterable[str], taken: set[str]) -> str | None:
    for name in names:
        paths = (folder / name, folder / f"{name}{PART_SUFFIX}")
        if name.casefold() not in taken and not any(map(os.path.lexists, paths)):
            return name
    return None
