"""Many small files at the end of their way: synced together, named together.

A file that is whole before it has a name needs no NAME.part, no journal and no watch: a
stop leaves nothing of it. Must not decide when: ``engine/landing.py`` does. One file that
fails fails alone; a folder that cannot be synced fails all that got a name in it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tui_dl.storage.errors import disk_errors
from tui_dl.storage.folder import opened_folder, sync_folder
from tui_dl.storage.part_file import PartFile


def sync_parts(parts: Sequence[PartFile]) -> list[Exception | None]:
    """Put bytes and metadata of each on stable storage; return what went wrong with each."""
    outcomes: list[Exception | None] = []
    for part in parts:
        try:
            part.sync_all()
        except Exception as error:  # noqa: BLE001 - handed to the one whose file it is
            outcomes.append(error)
        else:
            outcomes.append(None)
    return outcomes


def land_parts(parts: Sequence[PartFile]) -> list[os.stat_result | Exception]:
    """Give each synced part its final name, durably; return their status, or what went wrong.

    Those that have it are closed. The folder is synced once for all of them.
    """
    outcomes: dict[int, os.stat_result | Exception] = {}
    for directory in dict.fromkeys(part.directory for part in parts):
        mine = [part for part in parts if part.directory == directory]
        try:
            _land_in(directory, mine, outcomes)
        except Exception as error:  # noqa: BLE001 - handed to those whose files they are
            for part in mine:
                if not isinstance(outcomes.get(id(part)), Exception):
                    outcomes[id(part)] = error
    return [outcomes[id(part)] for part in parts]


def _land_in(
    directory: Path, parts: Sequence[PartFile], outcomes: dict[int, os.stat_result | Exception]
) -> None:
    with disk_errors(doing="saving", path=directory), opened_folder(directory) as dir_fd:
        for part in parts:
            try:
                outcomes[id(part)] = part.land(dir_fd)
                part.close()
            except Exception as error:  # noqa: BLE001 - handed to the one whose file it is
                outcomes[id(part)] = error
        sync_folder(dir_fd)
