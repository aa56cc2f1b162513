"""Open a finished file or its folder with the desktop's own program.

Argument lists only, never a shell (trap S15): a file name is data of a stranger. What
could run is refused: the download may be hostile, and a double click is not a decision.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tui_dl.domain.display import display_text
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadSnapshot

RUNNABLE_ENDINGS = (
    *(".appimage", ".bash", ".bat", ".cmd", ".com", ".command", ".cpl", ".csh", ".deb"),
    *(".desktop", ".dll", ".elf", ".exe", ".hta", ".jar", ".jnlp", ".js", ".jse", ".ksh"),
    *(".lnk", ".msc", ".msi", ".msp", ".out", ".pif", ".pkg", ".pl", ".ps1", ".py", ".pyc"),
    *(".pyw", ".rb", ".reg", ".rpm", ".run", ".scr", ".sh", ".so", ".url", ".vb", ".vbe"),
    *(".vbs", ".ws", ".wsf", ".wsh", ".zsh"),
)
WATCHED_S, LOOK_S = 10.0, 0.2
"""How long an opener may take to fail, and how often it is asked; a viewer may stay for hours."""
RUNNABLE_HEADS = (b"\x7fELF", b"#!", b"MZ", b"[Desktop Entry]")


class Opener:
    """The desktop's program at work: whether it can open anything it tells a moment later."""

    def __init__(self, name: str, path: Path, process: subprocess.Popen[bytes]) -> None:
        self._name, self._path, self._process = name, path, process

    async def trouble(self) -> str | None:
        """Return a sentence once it has failed; ``None`` when it has not for a while."""
        for _ in range(round(WATCHED_S / LOOK_S)):
            await asyncio.sleep(LOOK_S)
            code = self._process.poll()
            if code:
                where = display_text(os.fspath(self._path))
                return f"{self._name} could not open it (exit {code}). It is {where}"
            if code == 0:
                break
        return None


def open_outside(download: DownloadSnapshot, *, folder: bool) -> str | Opener:
    """Open the file, or its folder; return a sentence when it cannot be done."""
    directory = Path(download.directory)
    if folder:
        if not _is(directory, stat.S_ISDIR):
            return f"The folder {display_text(download.directory)} is not there."
        return _start(directory)
    if download.status is not Status.COMPLETED:
        return "It can be opened once it is done."
    path = directory / download.name
    if not _is(path, stat.S_ISREG):
        return f"{display_text(download.name, max_cells=48)} is not there any more."
    if may_run(path):
        return "tui-dl does not open programs. O opens its folder."
    return _start(path)


def _is(path: Path, kind: Callable[[int], bool]) -> bool:
    """Return whether there is something of a kind; what may not be looked at is not there."""
    try:
        return kind(path.stat().st_mode)
    except (OSError, ValueError):  # no right to look, a name too long, a NUL in it
        return False


def may_run(path: Path) -> bool:
    """Return whether opening the file could run it: by ending, mode or first bytes."""
    if path.name.lower().endswith(RUNNABLE_ENDINGS):
        return True
    try:
        if path.stat().st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
            return True
        with path.open("rb") as file:
            head = file.read(64).lstrip()
    except OSError:
        return True  # what cannot be read cannot be judged
    return head.startswith(RUNNABLE_HEADS)


def _start(path: Path) -> str | Opener:
    opener = "open" if sys.platform == "darwin" else "xdg-open"
    program = shutil.which(opener)
    if program is None:
        return f"There is no {opener} here. It is {display_text(os.fspath(path))}"
    try:
        process = subprocess.Popen(
            [program, os.fspath(path.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        return f"{opener} did not start: {display_text(str(error))}"
    return Opener(opener, path, process)
