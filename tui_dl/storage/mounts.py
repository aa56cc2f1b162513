"""Which disk a target folder was on, so that nothing is put into a bare mount point (trap D2).

A download that has no part yet knows no disk. So the place where the file system of a folder
is mounted is remembered beside the list, when the first file is made there: after a reboot
the disk may not be mounted, and its folder looks like any other. Must not hold back a disk
that was never seen, nor a folder that somebody fills without it.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from contextlib import suppress
from pathlib import Path

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.storage.space import nearest_existing

FILE_NAME = "mounts.json"
_MOST = 1000
"""Folders that are remembered; the oldest make way."""

logger = logging.getLogger(__name__)


class Mounts:
    """Mount points of the folders that were used. Thread-safe."""

    def __init__(self, data_dir: Path | None = None) -> None:
        """Read what earlier processes saw; without ``data_dir`` nothing outlives this one."""
        self._path = None if data_dir is None else data_dir / FILE_NAME
        self._lock = threading.Lock()
        self._devices: dict[str, int] = {}
        """What each folder was on when it was looked at last, by this process."""
        self._places = {} if self._path is None else _read(self._path)

    def check(self, directory: Path) -> None:
        """Take note of the disk of a folder in which a file is to be made.

        One call of the system, unless something has changed.

        Raises:
            DiskError: ``TARGET_LOST``: it was on a disk that is not mounted now.
        """
        key = str(directory)
        device = _device(directory)
        if device is not None and self._devices.get(key) == device:
            return
        place = self._places.get(key)
        if place is not None and _is_bare(place):
            raise DiskError(
                f"{place} is not mounted, and {directory} was on that disk. Mount it, then resume.",
                code=ErrorCode.TARGET_LOST,
            )
        now = mount_of(directory)
        with self._lock:
            if device is not None:
                self._devices[key] = device
            if now != place:
                self._remember(key, now)

    def is_where_it_was(self, directory: Path) -> bool:
        """Return whether a folder's disk is mounted where it was when a file was made there.

        ``False`` too when that is not known.
        """
        return self._places.get(str(directory)) == mount_of(directory)

    def _remember(self, key: str, place: str) -> None:
        self._places.pop(key, None)  # it is the newest now
        self._places[key] = place
        while len(self._places) > _MOST:
            del self._places[next(iter(self._places))]
        if self._path is None:
            return
        draft = self._path.with_name(f"{self._path.name}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="ascii") as file:
                json.dump(self._places, file, indent=1)
            draft.replace(self._path)
        except OSError as error:  # it guards against a mishap: no reason to fetch nothing
            logger.warning("%s cannot be written: %s", self._path, error)


def mount_of(directory: Path) -> str:
    """Return where the file system of a folder is mounted."""
    place = nearest_existing(Path(os.path.realpath(directory)))
    with suppress(OSError):
        device = place.stat().st_dev
        while place != place.parent and place.parent.stat().st_dev == device:
            place = place.parent
    return str(place)


def _is_bare(place: str) -> bool:
    """Return whether a mount point has nothing mounted on it and nothing in it, or is gone."""
    if os.path.ismount(place):
        return False
    try:
        with os.scandir(place) as entries:
            return next(entries, None) is None
    except FileNotFoundError:
        return True
    except OSError:  # it cannot be told: the folder speaks for itself
        return False


def _device(directory: Path) -> int | None:
    try:
        return directory.stat().st_dev
    except OSError:
        return None


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, str)}
