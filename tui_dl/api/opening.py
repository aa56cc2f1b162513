"""Opening a finished file or its folder with the desktop's own program.

Arguments go as a list, never through a shell, and programs are not opened: a download
must not start itself (trap S15).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.types import Scope

from tui_dl.api.origins import is_loopback
from tui_dl.api.requests import header, peer_of

Opener = Callable[[str], Awaitable[None]]
"""Takes an absolute path; raises ``OSError`` when there is no program to open it with."""

PROGRAM_SUFFIXES = frozenset(
    f".{word}"
    for words in (
        "action apk app appimage bash bat cmd com command cpl csh deb desktop dll dmg elf",
        "exe fish gadget hta inf jar jnlp js jse ksh lnk msc msi msp pif pkg pl ps1 py pyc rb",
        "reg rpm run scf scr service sh so url vb vbe vbs workflow ws wsf wsh zsh",
    )
    for word in words.split()
)


def is_local_caller(scope: Scope) -> bool:
    """Return whether the caller sits at this machine and no proxy stands between."""
    if header(scope, b"x-forwarded-for") is not None or header(scope, b"x-real-ip") is not None:
        return False
    return is_loopback(peer_of(scope))


def is_program(path: Path) -> bool:
    """Return whether opening the file could run it.

    Raises:
        OSError: there is no such file.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        return True
    return bool(status.st_mode & 0o111) or path.suffix.lower() in PROGRAM_SUFFIXES


async def desktop_open(path: str) -> None:
    """Hand an absolute path to the desktop and do not wait for what it starts.

    Raises:
        OSError: there is no desktop to open it with.
    """
    program = shutil.which("xdg-open") or shutil.which("open")
    if program is None:
        raise FileNotFoundError("there is no xdg-open")
    process = await asyncio.create_subprocess_exec(
        program,
        os.fspath(path),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    reaper = asyncio.create_task(process.wait(), name="opener")
    _reapers.add(reaper)
    reaper.add_done_callback(_reapers.discard)


_reapers: set[asyncio.Task[int]] = set()
"""Keeps the waiting for ended programs alive, so that none stays a zombie."""
