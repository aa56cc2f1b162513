"""Hash files beside the loop, show how far it is, and say what agrees.

Must not know where the expected digests come from.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tui_dl.cli.console import Console
from tui_dl.cli.exit_codes import ExitCode, code_of_signal
from tui_dl.cli.sentences import percent
from tui_dl.cli.signals import stop_signals
from tui_dl.domain.display import display_text
from tui_dl.domain.model import Digest, DownloadRecord
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.units import format_size
from tui_dl.storage.hashing import hash_path

LOOK_S = 0.125
_WORST_FIRST = (ExitCode.INTEGRITY, ExitCode.FAILED, ExitCode.OK)


@dataclass(frozen=True, slots=True)
class Subject:
    """A file and the digests that it should have."""

    path: Path
    digests: tuple[Digest, ...]
    said_by: str
    """Ends the sentence "this is not the digest that ..."."""
    record: DownloadRecord | None


async def check_all(subjects: Sequence[Subject], console: Console, *, as_json: bool) -> int:
    """Hash every file once, say what was found, return the exit code.

    A signal stops it and returns 128 + its number.

    Raises:
        DiskError: a file cannot be read.
    """
    stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    codes = [ExitCode.OK]
    with stop_signals(stopped.set_result):
        for subject in subjects:
            found = await _hash(subject, console, stopped)
            if found is None:
                return code_of_signal(stopped.result())
            codes.append(_tell(subject, found, console, as_json=as_json))
    return min(codes, key=_WORST_FIRST.index)


async def _hash(
    subject: Subject, console: Console, stopped: asyncio.Future[int]
) -> dict[str, str] | None:
    """Return the digests of the file, ``None`` when a signal came first."""
    algorithms = dict.fromkeys(digest.algorithm for digest in subject.digests)
    halt = threading.Event()
    done_bytes = 0

    def progress(count: int) -> bool:
        nonlocal done_bytes
        done_bytes += count
        return not halt.is_set()

    names = tuple(algorithms) or ("sha256",)
    work = asyncio.create_task(asyncio.to_thread(hash_path, subject.path, names, progress))
    total = subject.path.stat().st_size if subject.path.exists() else 0
    try:
        while not work.done() and not stopped.done():
            ends: set[asyncio.Future[Any]] = {work, stopped}
            await asyncio.wait(ends, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
            if console.stderr_is_terminal and not work.done():
                console.draw(_bar(subject.path.name, done_bytes, total, console.width))
        if console.stderr_is_terminal:
            console.draw("\r\x1b[K")
        if work.done():
            return work.result()
        return None
    finally:
        halt.set()
        await asyncio.wait({work})
        if not work.cancelled():
            work.exception()  # looked at: one that was stopped is nobody's concern


def _bar(name: str, done_bytes: int, total: int, width: int) -> str:
    far = percent(done_bytes / total) if total else "100%"
    words = f"{display_text(name)}: checking, {far} of {format_size(total)}"
    return f"\r{display_text(words, max_cells=max(1, width - 1))}\x1b[K"


def _tell(subject: Subject, found: dict[str, str], console: Console, *, as_json: bool) -> ExitCode:
    wrong = [digest for digest in subject.digests if found[digest.algorithm] != digest.hex]
    if as_json:
        console.data(json.dumps(_as_json(subject, found, differs=bool(wrong))))
    name = subject.path.name
    if not subject.digests:
        console.say(f"{name}: nobody states a digest of it. Its sha256 is {found['sha256']}.")
        return ExitCode.FAILED
    for digest in wrong:
        actual = found[digest.algorithm]
        console.say(
            f"{name}: its {digest.algorithm} is {actual}, but {subject.said_by} {digest.hex}."
        )
    if wrong:
        if _was_edited(subject):
            console.say(f"{name}: the file was changed after it had been downloaded.")
        return ExitCode.INTEGRITY
    agreed = " and ".join(dict.fromkeys(digest.algorithm for digest in subject.digests))
    console.say(f"{name}: its {agreed} {'agree' if ' and ' in agreed else 'agrees'}.")
    if not as_json:
        console.path(str(subject.path))
    return ExitCode.OK


def _was_edited(subject: Subject) -> bool:
    record = subject.record
    if record is None or record.final_modified_ns is None:
        return False
    status = subject.path.stat()
    return (status.st_size, status.st_mtime_ns) != (record.total_bytes, record.final_modified_ns)


def _as_json(subject: Subject, found: dict[str, str], *, differs: bool) -> dict[str, object]:
    agrees = None if not subject.digests else not differs
    return {
        "path": str(subject.path),
        "id": None if subject.record is None else subject.record.id,
        "agrees": agrees,
        "digests": [
            {
                "algorithm": digest.algorithm,
                "expected": digest.hex,
                "actual": found[digest.algorithm],
            }
            for digest in subject.digests
        ],
        "actual": found,
    }
