"""From the path of a request to a folder below the download folder (trap S8).

Owns containment. Must not create folders. The path was cut at slashes before it was
decoded, so a segment may hold slashes of its own (``%2Fhome%2Fuser``): they part folders
here, after routing. A leading slash means the download folder, like everything else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tui_dl.api.folders import Folders
from tui_dl.domain.errors import UsageError
from tui_dl.domain.quick_dataclass import dataclass

LONGEST_NAME_BYTES = 255
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")


class BadPathError(Exception):
    """The path is malformed: it could not be meant."""


class OutsideError(Exception):
    """The path leads to where clients have no business."""


@dataclass(frozen=True, slots=True)
class Place:
    """One folder: where it is, and how clients call it."""

    directory: str
    """Absolute, links resolved."""
    label: str
    """Relative to the download folder, ``/`` between names; empty for that folder itself."""


def place_of(folders: Folders, segments: Sequence[str]) -> Place:
    """Return the folder that a request names; it need not exist.

    Raises:
        BadPathError: a dot name, a backslash, a control character, a name too long, or a
            file in the folder's place.
        OutsideError: a link leads out of the download folder, or the folder is hidden or
            belongs to tui-dl itself.
    """
    root = os.path.realpath(folders.directory)
    path = os.path.realpath(Path(root, *folder_names(segments)))
    if not Path(path).is_relative_to(root):
        raise OutsideError
    try:
        folders.resolve(path)
    except UsageError as error:
        raise OutsideError from error
    if Path(path).exists() and not Path(path).is_dir():
        raise BadPathError
    return Place(path, _relative(path, root))


def folder_names(segments: Iterable[str]) -> list[str]:
    """Return the names from the download folder down; empty pieces fall away.

    Raises:
        BadPathError: a name that no folder of ours may have.
    """
    names = [name for segment in segments for name in segment.split("/") if name]
    for name in names:
        if name in (".", "..") or _FORBIDDEN.search(name):
            raise BadPathError
        if len(name.encode()) > LONGEST_NAME_BYTES:
            raise BadPathError
    return names


class Labels:
    """Names of folders for one reply; each is looked up once."""

    def __init__(self, folders: Folders) -> None:
        self._root = os.path.realpath(folders.directory)
        self._known: dict[str, Place] = {}

    def of(self, directory: str) -> Place:
        """Return the place of a download's folder; outside of ours its label is absolute."""
        known = self._known.get(directory)
        if known is None:
            path = os.path.realpath(directory) if directory else self._root
            inside = Path(path).is_relative_to(self._root)
            known = Place(path, _relative(path, self._root) if inside else path)
            self._known[directory] = known
        return known


def file_path(label: str, name: str) -> str:
    """Return how clients call a file."""
    return f"{label.rstrip('/')}/{name}" if label else name


def _relative(path: str, root: str) -> str:
    names = Path(path).relative_to(root).parts
    return "/".join(names)
