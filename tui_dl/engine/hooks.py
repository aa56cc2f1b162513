"""Programs of the user's own that run when a download ends.

A hook is a list of words from the settings file, never a line for a shell, and no
dialect, list or document can name one. What it is about goes by environment variables.
Must not delay a download or the end of the process: each hook is a process group of its
own, watched by a thread of its own.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.lifecycle import Event
from tui_dl.domain.model import DownloadRecord
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.redaction import redacted, redacted_text

MOST_OUTPUT_BYTES = 4096
MOST_OUTPUT_LINES = 20
LEAVE_S = 1.0
"""How long the end of the process waits for hooks; longer ones go on by themselves."""

Note = Callable[[str], None]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HookSettings:
    """The hooks in force; an empty list is none."""

    on_complete: tuple[str, ...] = ()
    on_failure: tuple[str, ...] = ()
    timeout_s: float = 60.0
    unpack: bool = False
    """Whether archives are unpacked before ``on_complete`` runs."""
    keep_free_bytes: int = 0


NO_HOOKS = HookSettings()


class Hooks:
    """Starts hooks and tells what they said. ``start`` never blocks for long."""

    def __init__(self, settings: HookSettings) -> None:
        self._settings = settings
        self._threads: set[threading.Thread] = set()

    def start(self, event: Event, record: DownloadRecord, note: Note) -> None:
        """Run the hook of an event, if there is one. ``note`` is called in its thread."""
        argv = {
            Event.VERIFIED: self._settings.on_complete,
            Event.FAIL: self._settings.on_failure,
        }.get(event, ())
        if not argv and not self._unpacks(event, record):
            return
        work = threading.Thread(
            target=self._watch, args=(event, argv, record, note), name="tui-dl-hook", daemon=True
        )
        self._threads = {thread for thread in self._threads if thread.is_alive()} | {work}
        work.start()

    def leave(self, longest_s: float = LEAVE_S) -> None:
        """Wait a moment for hooks under way. Blocks; call it in a pool."""
        until_s = time.monotonic() + longest_s
        for thread in self._threads:
            thread.join(max(0.0, until_s - time.monotonic()))

    def _unpacks(self, event: Event, record: DownloadRecord) -> bool:
        if not self._settings.unpack or event is not Event.VERIFIED or record.name is None:
            return False
        from tui_dl.engine.unpack import is_archive  # few want it

        return is_archive(record.name)

    def _watch(self, event: Event, argv: Sequence[str], record: DownloadRecord, note: Note) -> None:
        variables = variables_of(record)
        try:
            if self._unpacks(event, record):
                variables["TUI_DL_UNPACKED"] = self._unpack(variables["TUI_DL_PATH"], note)
            if argv:
                for line in run_hook(argv, variables, record.directory, self._settings):
                    note(line)
        except Exception:  # a thread's exception would end nowhere
            logger.exception("a hook of %s broke", record.id)

    def _unpack(self, path: str, note: Note) -> str:
        """Return the new folder, empty when the archive stays as it is."""
        from tui_dl.engine.unpack import unpack

        try:
            folder = unpack(Path(path), self._settings.keep_free_bytes)
        except TuiDlError as error:
            note(error.message)
            return ""
        note(f"Unpacked into {folder}.")
        return str(folder)


def variables_of(record: DownloadRecord) -> dict[str, str]:
    """Return what a hook is told, by the names of its environment variables."""
    failure, digest = record.failure, record.digest
    path = "" if record.name is None else str(Path(record.directory) / record.name)
    values = {
        "EVENT": record.status.value,
        "ID": record.id,
        "URL": redacted(record.url),
        "DIRECTORY": record.directory,
        "NAME": record.name or "",
        "PATH": path,
        "SIZE": "" if record.total_bytes is None else str(record.total_bytes),
        "ASSURANCE": record.assurance.value,
        "DIGEST": "" if digest is None else f"{digest.algorithm}={digest.hex}",
        "ERROR": "" if failure is None else failure.code.value,
        "MESSAGE": "" if failure is None else redacted_text(failure.message),
    }
    return {f"TUI_DL_{name}": value.replace("\0", "") for name, value in values.items()}


def run_hook(
    argv: Sequence[str], variables: Mapping[str, str], directory: str, settings: HookSettings
) -> list[str]:
    """Run a hook to its end or its time limit; return lines for the download's log. Blocks."""
    import tempfile  # not for everybody

    # Our own secrets and settings are none of its business.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TUI_DL_")}
    # A file, not a pipe: a hook that outlives us must not die of writing.
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                list(argv),
                cwd=directory if Path(directory).is_dir() else None,
                env={**inherited, **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return [f"The hook {argv[0]} cannot be run: {error.strerror}."]
        end = _wait(process, settings.timeout_s)
        output.seek(0)
        text = output.read(MOST_OUTPUT_BYTES).decode("utf-8", "replace")
    said = redacted_text(text).splitlines()[:MOST_OUTPUT_LINES]
    return [*(f"Hook: {line}" for line in said if line.strip()), f"The hook {argv[0]} {end}."]


def _wait(process: subprocess.Popen[bytes], timeout_s: float) -> str:
    try:
        code = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"was ended after {timeout_s:g} seconds"
    if code < 0:
        return f"was ended by signal {-code}"
    return "is done" if code == 0 else f"ended with code {code}"
