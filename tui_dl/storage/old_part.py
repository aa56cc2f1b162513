"""On disk: the partial file of an older version, moved out of the way under a name of its own.

Its record knows that name before the file has it, so a kill leaves no file that nobody
owns. Must not decide how long it is kept.
"""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path

from tui_dl.domain.model import OldPart
from tui_dl.storage.claim import aside_names, check_entry_name
from tui_dl.storage.errors import disk_errors
from tui_dl.storage.folder import entry_status, opened_folder, own_status, sync_folder
from tui_dl.storage.publish import rename_no_replace


class Settled(Enum):
    """Where an old part was found."""

    IN_PLACE = "in place"
    NAME_TAKEN = "name taken"
    """Still where it came from, because another file has its new name: choose another."""
    GONE = "gone"


def free_aside_name(directory: Path, name: str) -> str:
    """Return the first of ``aside_names`` that nothing is called by now.

    Raises:
        DiskError: the folder is gone; ``NAME_TAKEN`` when there are too many.
    """
    check_entry_name(name)
    with disk_errors(doing="looking through", path=directory), opened_folder(directory) as dir_fd:
        for candidate in aside_names(name):
            if entry_status(dir_fd, candidate) is None:
                return candidate
    raise AssertionError("aside_names ends with an error")


def settle_old_part(old: OldPart, *, may_be_at_source: bool) -> Settled:
    """Bring an old part to its name, wherever a kill left it; replaces nothing.

    ``may_be_at_source`` is false once a new part has the name that the old one came from.

    Raises:
        DiskError: the folder is gone or may not be changed.
    """
    directory = Path(old.directory)
    check_entry_name(old.name)
    check_entry_name(old.came_from)
    with (
        disk_errors(doing="renaming", path=directory / old.came_from),
        opened_folder(directory) as dir_fd,
    ):
        is_at_source = may_be_at_source and own_status(dir_fd, old.came_from, old.part) is not None
        if own_status(dir_fd, old.name, old.part) is not None:
            if is_at_source:  # a kill between link and unlink
                os.unlink(old.came_from, dir_fd=dir_fd)
            return Settled.IN_PLACE
        if not is_at_source:
            return Settled.GONE
        try:
            rename_no_replace(dir_fd, old.came_from, old.name)
        except FileExistsError:
            return Settled.NAME_TAKEN
        sync_folder(dir_fd)
        return Settled.IN_PLACE
