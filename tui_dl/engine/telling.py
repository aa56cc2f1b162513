"""What a transfer tells its download: statuses, waits, lines of the log.

Must not decide anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.lifecycle import Event
from tui_dl.domain.model import Status

if TYPE_CHECKING:
    from tui_dl.engine.job import Job

NOTICEABLE_WAIT_S = 0.5
"""A shorter wait for the next try is not shown as a status of its own."""


class Teller:
    """The observer of a transfer."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def on_asking(self) -> None:
        """A request is sent now."""
        self._job.tools.asked(self._job)

    def on_receiving(self) -> None:
        """The first reply of this run was admitted."""
        if self._job.record.status is Status.PROBING:
            self._job.must_apply(Event.FIRST_REPLY, failure=None)

    def on_waiting(self, error: TuiDlError, tries: int, delay_s: float) -> None:
        """Nothing runs; the next try begins after ``delay_s``."""
        job = self._job
        job.retry_at_s = job.now_s() + delay_s
        if delay_s >= NOTICEABLE_WAIT_S:
            job.apply(Event.RETRY_LATER, failure=error.failure(), tries=tries)

    def on_trying(self) -> None:
        """The wait is over."""
        job = self._job
        job.retry_at_s = None
        if job.record.status is Status.RETRYING:
            job.must_apply(Event.RETRY_NOW)

    def on_note(self, text: str) -> None:
        """Something worth a line in the download's log."""
        self._job.note(text)
