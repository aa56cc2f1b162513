"""Unpack a finished archive into a folder of its own, with the programs of the system.

The archive is a stranger's. It is listed first, and refused whole when a name leads out of
its folder, when it holds links or devices, or when it would not fit. Must not run a shell,
write into a folder that is there, or delete the archive. Blocks: for a thread of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath

from tui_dl.domain.errors import DiskError, ErrorCode, UsageError
from tui_dl.domain.late_pattern import late_pattern
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.storage.publish import numbered_names
from tui_dl.storage.space import check_space

LIST_S = 300.0
UNPACK_S = 4 * 3600.0
_SUFFIX = late_pattern(
    r"\.(?:zip|7z|rar|tar|tar\.(?:gz|bz2|xz|zst|lz|lzma)|tgz|tbz2?|txz|tzst)\Z", re.IGNORECASE
)
_SEVEN = ("7zz", "7z", "7za")
_BSDTAR = ("bsdtar",)
_ZIP_LINE = late_pattern(r"([-?dlbcps])[-rwxsStTahd?.]{3,9} +\S+ +\S+ +(\d+) ")
_TAR_LINE = late_pattern(r"([-a-zA-Z])\S{9}\S* +\S+ +(\d+) ")
_BSDTAR_LINE = late_pattern(r"([-a-zA-Z])\S{9}\S* +\d+ +\d+ +\d+ +(\d+) ")


@dataclass(frozen=True, slots=True)
class Member:
    """One line of a long listing: a kind in the letters of ``ls``, and a size."""

    kind: str
    size_bytes: int


def is_archive(name: str) -> bool:
    """Return whether a file's name is that of an archive that is known here."""
    return _SUFFIX.search(name) is not None


def unpack(path: Path, keep_free_bytes: int = 0) -> Path:
    """Unpack an archive beside itself and return the new folder.

    Raises:
        UsageError: it is refused, or a tool is missing or fails; nothing is left of it.
        DiskError: it would not fit, or the folder cannot be made.
    """
    form = _form_of(path)
    names, members = form.listing(path)
    _check(names, members)
    check_space(path.parent, sum(member.size_bytes for member in members), keep_free_bytes)
    folder = _new_folder(path)
    try:
        _run(form.unpacking(path, folder), UNPACK_S)
        _check_unpacked(folder)
    except BaseException:  # a cancel too: undone, then raised again
        shutil.rmtree(folder, ignore_errors=True)  # ours, and nobody else's: it was just made
        raise
    return folder


@dataclass(frozen=True, slots=True)
class _Form:
    """How one program lists and unpacks. A listing is all names, and all members."""

    listing: Callable[[Path], tuple[list[str], list[Member]]]
    unpacking: Callable[[Path, Path], list[str]]


def _form_of(path: Path) -> _Form:
    """Return the way for an archive, by the programs that are here.

    Raises:
        UsageError: there is none; the sentence names what is wanted.
    """
    suffix = path.suffix.lower()
    if suffix == ".zip":
        return _ZIP
    if suffix not in (".7z", ".rar"):
        return _TAR
    for programs, form in ((_SEVEN, _seven), (_BSDTAR, _bsdtar)):
        program = next(filter(shutil.which, programs), None)
        if program is not None:
            return form(program)
    wanted = ", ".join((*_SEVEN, *_BSDTAR))
    raise UsageError(f"The archive is not unpacked: it takes one of {wanted}, and none is here.")


def _list_zip(path: Path) -> tuple[list[str], list[Member]]:
    if set(str(path)) & set("*?["):  # unzip would look for other files too
        raise UsageError(f"The archive is not unpacked: unzip takes {path.name} for a pattern.")
    names = _listed(["unzip", "-Z1", str(path)])
    return names, _members(_ZIP_LINE, _listed(["unzip", "-Z", str(path)]))


def _list_tar(path: Path) -> tuple[list[str], list[Member]]:
    listing = ["tar", "--quoting-style=escape", "--force-local"]
    names = _listed([*listing, "-tf", str(path)])
    return names, _members(_TAR_LINE, _listed([*listing, "--numeric-owner", "-tvf", str(path)]))


_FLAGS = ("--no-same-owner", "--no-same-permissions")
_ZIP = _Form(_list_zip, lambda path, folder: ["unzip", "-q", "-n", "-d", str(folder), str(path)])
_TAR = _Form(
    _list_tar,
    lambda path, folder: [
        *("tar", "--force-local", *_FLAGS, "--keep-old-files"),
        *("-C", str(folder), "-xf", str(path)),
    ],
)


def _bsdtar(program: str) -> _Form:
    def listing(path: Path) -> tuple[list[str], list[Member]]:
        names = _listed([program, "-tf", str(path)])
        lines = _listed([program, "--numeric-owner", "-tvf", str(path)])
        return names, _members(_BSDTAR_LINE, lines)

    return _Form(
        listing,
        lambda path, folder: [program, *_FLAGS, "-k", "-C", str(folder), "-xf", str(path)],
    )


def _seven(program: str) -> _Form:
    # An empty password: without one it would ask for it.
    def listing(path: Path) -> tuple[list[str], list[Member]]:
        said = _run([program, "l", "-slt", "-ba", "-p", "--", str(path)], LIST_S)
        blocks = [dict(_FIELD.findall(block)) for block in said.split("\n\n")]
        entries = [block for block in blocks if "Path" in block]
        return [entry["Path"] for entry in entries], [_seven_member(entry) for entry in entries]

    return _Form(
        listing,
        lambda path, folder: [program, "x", "-y", "-p", f"-o{folder}", "--", str(path)],
    )


_FIELD = late_pattern(r"^([A-Z][A-Za-z ]*) = (.*)$", re.MULTILINE)


def _seven_member(entry: dict[str, str]) -> Member:
    """Return what 7-Zip tells of one entry: Windows' letters, then perhaps those of Unix."""
    windows, _, unix = entry.get("Attributes", "").partition(" ")
    kind = unix[:1] or ("d" if "D" in windows or entry.get("Folder") == "+" else "-")
    if "L" in windows or entry.get("Symbolic Link") or entry.get("Hard Link"):
        kind = "l"
    size = entry.get("Size", "")
    if not size.isdecimal() and kind != "d":
        raise UsageError("The archive is not unpacked: it does not tell how large it would be.")
    return Member(kind, int(size or 0))


def _listed(argv: Sequence[str]) -> list[str]:
    return _run(argv, LIST_S).splitlines()


def _run(argv: Sequence[str], timeout_s: float) -> str:
    """Run a tool to its end and return what it said.

    Raises:
        UsageError: it is missing, takes too long, or fails.
    """
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            start_new_session=True,  # no terminal to ask for a password
            env={**os.environ, "LC_ALL": "C.UTF-8", "TAR_OPTIONS": "", "UNZIP": "", "ZIPINFO": ""},
        )
    except FileNotFoundError as error:
        raise UsageError(f"The archive is not unpacked: there is no {argv[0]} here.") from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"The archive is not unpacked: {argv[0]} takes too long.") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = f": {said[0]}" if said else ""
        raise UsageError(f"The archive is not unpacked: {argv[0]} fails{why}")
    return done.stdout.decode("utf-8", "surrogateescape")


def _members(form: re.Pattern[str], lines: Iterable[str]) -> list[Member]:
    found = (form.match(line) for line in lines)
    return [Member(match[1], int(match[2])) for match in found if match is not None]


def _check(names: Sequence[str], members: Sequence[Member]) -> None:
    """Refuse an archive that could do anything but fill its own folder.

    Raises:
        UsageError: with the name or the kind that is refused.
    """
    if len(members) != len(names):
        raise UsageError("The archive is not unpacked: its two listings do not agree.")
    for name in names:
        path = PurePosixPath(name)
        # A backslash is how tar spells a control character, and a separator to others.
        if path.is_absolute() or ".." in path.parts or "\\" in name or not name.isprintable():
            raise UsageError(f"The archive is not unpacked: {name!r} is no safe name.")
    for member in members:
        if member.kind not in "-d?":
            raise UsageError("The archive is not unpacked: it holds links or devices.")


def _new_folder(path: Path) -> Path:
    stem = _SUFFIX.sub("", path.name) or path.name + "-unpacked"
    for name in numbered_names(stem):
        folder = path.parent / name
        try:
            folder.mkdir(mode=0o755)
        except FileExistsError:
            continue
        except OSError as error:
            raise DiskError(
                f"{folder} cannot be made: {error.strerror}.", code=ErrorCode.NOT_WRITABLE
            ) from error
        return folder
    raise AssertionError("numbered_names ends with an error")


def _check_unpacked(folder: Path) -> None:
    """Look at what came out: a listing may be fooled, a file system not.

    Raises:
        UsageError: there is something else than files and folders, or a name is not safe.
    """
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            if not name.isprintable():  # unzip lists ^J for a line break
                raise UsageError(f"The archive is not unpacked: {name!r} is no safe name.")
            entry = Path(place) / name
            if entry.is_symlink() or not (entry.is_dir() or entry.is_file()):
                raise UsageError("The archive is not unpacked: it holds links or devices.")
