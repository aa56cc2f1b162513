"""What ``get`` shows while it works: the port, and its forms for pipes and programs.

``live.py`` is the form for a terminal. A reporter is told what happens; it never asks the
engine. Finished paths go to stdout in every form but JSON, where they are fields.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from tui_dl.cli import sentences
from tui_dl.cli.console import Console
from tui_dl.domain.errors import Failure
from tui_dl.domain.model import Status
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.redaction import redacted
from tui_dl.domain.snapshot import DownloadSnapshot

_STEP = 0.1
"""A pipe hears of each tenth ..."""
_SILENCE_S = 30.0
"""... or at least this often."""


class Reporter(Protocol):
    """Shows one run of ``get``. Called on one thread only."""

    interval_s: float
    """How often ``tick`` is wanted."""

    def note(self, sentence: str) -> None:
        """Say something that is no failure."""

    def started(self, download: DownloadSnapshot, *, continued: bool) -> None:
        """A download is in the queue; ``continued``: an earlier run began it."""

    def tick(self, downloads: Sequence[DownloadSnapshot]) -> None:
        """Show how far the unfinished ones are."""

    def completed(self, download: DownloadSnapshot) -> None:
        """A file is finished and published."""

    def failed(self, download: DownloadSnapshot) -> None:
        """A download ended without a file."""

    def refused(self, url: str, failure: Failure) -> None:
        """A request was turned down: there is no download."""

    def close(self) -> None:
        """Leave the terminal as a shell expects it. Idempotent."""


class QuietReporter:
    """Paths on stdout, failures on stderr, nothing else."""

    interval_s = 1.0

    def __init__(self, console: Console) -> None:
        self._console = console

    def note(self, sentence: str) -> None:
        """Say nothing."""

    def started(self, download: DownloadSnapshot, *, continued: bool) -> None:
        """Say nothing."""

    def tick(self, downloads: Sequence[DownloadSnapshot]) -> None:
        """Say nothing."""

    def completed(self, download: DownloadSnapshot) -> None:
        """Print the path."""
        self._console.path(sentences.final_path(download))

    def failed(self, download: DownloadSnapshot) -> None:
        """Say why."""
        self._console.say(sentences.failed(download))

    def refused(self, url: str, failure: Failure) -> None:
        """Say why."""
        self._console.say(f"{redacted(url)}: {failure.message}")

    def close(self) -> None:
        """Do nothing."""


@dataclass(slots=True)
class _Said:
    """What the lines about one download have told so far."""

    status: Status
    step: int
    at_s: float


class LineReporter(QuietReporter):
    """Plain lines now and then, for pipes, logs and dumb terminals."""

    def __init__(self, console: Console, clock_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__(console)
        self._clock_s = clock_s
        self._said: dict[str, _Said] = {}

    def note(self, sentence: str) -> None:
        """Say it."""
        self._console.say(sentence)

    def started(self, download: DownloadSnapshot, *, continued: bool) -> None:
        """Say what begins or goes on."""
        if continued:
            self._console.say(sentences.continued(download))
        else:
            self._console.say(f"{download.name}: {redacted(download.url)}")

    def tick(self, downloads: Sequence[DownloadSnapshot]) -> None:
        """Say each start, each tenth, each trouble, and something every 30 seconds."""
        for download in downloads:
            if download.status is Status.QUEUED:
                continue
            now = _Said(download.status, int((download.fraction or 0.0) / _STEP), self._clock_s())
            before = self._said.get(download.id)
            if before is not None and not _is_news(before, now):
                continue
            self._said[download.id] = now
            self._console.say(f"{download.name}: {sentences.progress(download)}")

    def completed(self, download: DownloadSnapshot) -> None:
        """Say how it went, then print the path."""
        self._console.say(sentences.completed(download))
        super().completed(download)


def _is_news(before: _Said, now: _Said) -> bool:
    if now.at_s - before.at_s >= _SILENCE_S or now.step > before.step:
        return True
    return now.status is not before.status and now.status in (Status.DOWNLOADING, Status.RETRYING)


class JsonReporter:
    """One JSON object per line on stdout, for programs. ASCII only, so safe anywhere."""

    interval_s = 1.0

    def __init__(self, console: Console, *, with_progress: bool = True) -> None:
        self._console = console
        self._with_progress = with_progress

    def note(self, sentence: str) -> None:
        """Say it on stderr."""
        self._console.say(sentence)

    def started(self, download: DownloadSnapshot, *, continued: bool) -> None:
        """Write an ``added`` line."""
        self._write(
            "added",
            id=download.id,
            url=redacted(download.url),
            directory=download.directory,
            name=download.name,
            continued=continued,
        )

    def tick(self, downloads: Sequence[DownloadSnapshot]) -> None:
        """Write a ``progress`` line for each download that has left the queue."""
        if not self._with_progress:
            return
        for download in downloads:
            if download.status is Status.QUEUED:
                continue
            self._write(
                "progress",
                id=download.id,
                name=download.name,
                status=download.status.value,
                done_bytes=download.done_bytes,
                total_bytes=download.total_bytes,
                rate_bps=round(download.rate_bps),
                eta_s=None if download.eta_s is None else round(download.eta_s, 1),
                connections=download.connections,
                retry_in_s=download.retry_in_s,
                message=None if download.failure is None else download.failure.message,
            )

    def completed(self, download: DownloadSnapshot) -> None:
        """Write a ``completed`` line."""
        digest = download.digest
        self._write(
            "completed",
            id=download.id,
            path=sentences.final_path(download),
            size_bytes=download.done_bytes,
            elapsed_s=round(download.elapsed_s, 3),
            average_bps=round(download.average_bps),
            assurance=download.assurance.value,
            digest=None if digest is None else f"{digest.algorithm}={digest.hex}",
        )

    def failed(self, download: DownloadSnapshot) -> None:
        """Write a ``failed`` line."""
        failure = download.failure
        self._write(
            "failed",
            id=download.id,
            url=redacted(download.url),
            name=download.name,
            status=download.status.value,
            code=None if failure is None else failure.code.value,
            message=sentences.reason(download),
        )

    def refused(self, url: str, failure: Failure) -> None:
        """Write a ``failed`` line without an id."""
        self._write(
            "failed",
            id=None,
            url=redacted(url),
            name=None,
            status=None,
            code=failure.code.value,
            message=failure.message,
        )

    def close(self) -> None:
        """Do nothing."""

    def _write(self, event: str, **values: object) -> None:
        self._console.data(json.dumps({"event": event, **values}))
