"""The queue as the dialect shows it: which downloads, in what shape, and every change told.

It shows all downloads of the engine, whoever added them, but the limit of 100 counts only
those that this dialect added, and nothing that leaves the view leaves the user's list.
A URL that the engine refuses is a job here too: it failed, and has no record. Everything
belongs to the server's loop. Must not act on downloads.
"""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from tui_dl.api.context import ApiContext
from tui_dl.api.hearing import hear_in_loop
from tui_dl.api.history import History
from tui_dl.api.jobs.codec import event_frame
from tui_dl.api.jobs.job import Job, JobStatus, job_of
from tui_dl.api.jobs.phantom import phantom_row
from tui_dl.api.jobs.reader import JobReader
from tui_dl.domain.errors import Failure
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadEvent, DownloadSnapshot, EngineSnapshot, EventKind

MOST_JOBS = 100
MOST_READERS = 64
PROGRESS_S = 0.5
SWEEP_EVERY = timedelta(minutes=5)
KEEP_OVER = timedelta(hours=1)
KEEP_PAUSED = timedelta(hours=24)
ADDED_BY = "jobs"

_LIVE = frozenset(
    {JobStatus.PENDING, JobStatus.DOWNLOADING, JobStatus.PROCESSING, JobStatus.PAUSED}
)


class TooManyReadersError(Exception):
    """All slots for readers are taken."""


class Board:
    """The view and its readers. ``open`` it in the loop; then ``close`` it."""

    def __init__(self, context: ApiContext, history: History) -> None:
        self.history = history
        self._context = context
        self._rows: dict[str, DownloadSnapshot] = {}
        """Everything that is known, by the download's id."""
        self._shown: dict[str, Job] = {}
        """What the queue lists, in the order of submission."""
        self._moved: set[str] = set()
        """Shown jobs whose numbers changed since readers were told."""
        self._picture: EngineSnapshot | None = None
        self._readers: set[JobReader] = set()
        self._ticker: asyncio.Task[None] | None = None
        self._swept_at = history.now()
        self._stop: Callable[[], None] | None = None

    # -- life

    def open(self) -> None:
        """Take over what is there, and listen from now on. Idempotent."""
        if self._stop is not None:
            return
        self._stop = hear_in_loop(self._context.service, self._hear)
        rows = self._context.rows.rows()
        for row in sorted(rows, key=lambda row: (row.created_at, row.position)):
            self._take(row)

    def close(self) -> None:
        """Stop listening and end all streams. Idempotent."""
        stop, self._stop = self._stop, None
        if stop is not None:
            stop()
        for reader in tuple(self._readers):
            reader.close()

    # -- looking

    def jobs(self) -> list[Job]:
        """Return the queue as of now."""
        self.refresh()
        self._sweep_if_due()
        return list(self._shown.values())

    def find(self, job_id: str) -> tuple[DownloadSnapshot, Job] | None:
        """Return the listed job of a whole id, or of the download's own id."""
        self.refresh()
        wanted = job_id.lower()
        row = self._context.find(wanted)
        if row is None:
            row = next((r for r in self._phantoms() if wanted in (r.id, r.gid)), None)
        job = None if row is None else self._shown.get(row.id)
        return None if row is None or job is None else (self._rows[row.id], job)

    def live_with_url(self, url: str) -> Job | None:
        """Return a listed job of that URL that is not over."""
        jobs = self._shown.values()
        return next((job for job in jobs if job.url == url and job.status in _LIVE), None)

    def is_phantom(self, row: DownloadSnapshot) -> bool:
        """Return whether the engine has no record of that job."""
        return not row.directory

    def refresh(self) -> None:
        """Take in the latest picture: some changes of status have no event."""
        picture = self._context.rows.snapshot()
        if picture is self._picture:
            return
        self._picture = picture
        for row in picture.downloads:
            self._take(row)

    # -- the limit

    def has_room(self, planned: int = 0) -> bool:
        """Return whether one more job fits beside ``planned`` others, after evicting one.

        Of this dialect's own jobs the oldest completed one leaves the view, else the
        oldest failed or cancelled one; those that live never do.
        """
        own = [
            (id_, job) for id_, job in self._shown.items() if self._rows[id_].added_by == ADDED_BY
        ]
        if len(own) + planned < MOST_JOBS:
            return True
        completed = [id_ for id_, job in own if job.status is JobStatus.COMPLETED]
        others = [id_ for id_, job in own if job.status.is_over]
        for id_ in (completed or others)[:1]:
            self.hide(id_)
            return True
        return False

    def over(self) -> list[tuple[DownloadSnapshot, Job]]:
        """Return the listed jobs that are over."""
        self.refresh()
        return [(self._rows[id_], job) for id_, job in self._shown.items() if job.status.is_over]

    def hide(self, id_: str) -> None:
        """Take a job that is over out of the view; its record stays."""
        self.history.change(id_, is_cleared=True)
        self._leave(id_)

    # -- jobs without a record

    def add_phantom(self, url: str, failure: Failure) -> tuple[DownloadSnapshot, Job]:
        """List a job that fails at once; return it as it was when it was submitted."""
        row = phantom_row(
            str(uuid.uuid4()), secrets.token_hex(8), url, self.history.now(), ADDED_BY
        )
        self._take(row)
        submitted = self._shown[row.id]
        self.fail_phantom(row, failure)
        return row, submitted

    def fail_phantom(self, row: DownloadSnapshot, failure: Failure) -> None:
        """Let a job without a record wait for a moment and fail (again)."""
        known = self._rows[row.id]
        waiting = replace(known, version=known.version + 1, status=Status.QUEUED, failure=None)
        failed = replace(
            waiting, version=waiting.version + 1, status=Status.FAILED, failure=failure
        )
        self._take(waiting)
        self.history.note_end(failed)
        self._take(failed)

    def _phantoms(self) -> list[DownloadSnapshot]:
        return [row for row in self._rows.values() if self.is_phantom(row)]

    # -- readers

    def subscribe(self) -> JobReader:
        """Return a reader that is told of every change from now on.

        Raises:
            TooManyReadersError: no slot is free.
        """
        if len(self._readers) >= MOST_READERS:
            raise TooManyReadersError
        reader = JobReader(self._forget)
        self._readers.add(reader)
        if self._ticker is None:
            self._ticker = asyncio.get_running_loop().create_task(self._tick(), name="jobs-ticker")
        return reader

    def _forget(self, reader: JobReader) -> None:
        self._readers.discard(reader)
        if not self._readers and self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None

    def tell_progress(self) -> None:
        """Tell readers of the jobs whose numbers changed since the last time."""
        moved, self._moved = self._moved, set()
        for id_ in moved:
            job = self._shown.get(id_)
            if job is not None:
                frame = event_frame("updated", job)
                for reader in self._readers:
                    reader.offer(job.id, frame)

    async def _tick(self) -> None:
        while True:
            self.refresh()
            self._sweep_if_due()
            self.tell_progress()
            await asyncio.sleep(PROGRESS_S)

    # -- inside

    def _hear(self, event: DownloadEvent) -> None:
        if event.kind is EventKind.REMOVED:
            self._leave(event.download.id)
            self._rows.pop(event.download.id, None)
        else:
            self._take(event.download)

    def _take(self, row: DownloadSnapshot) -> None:
        known = self._rows.get(row.id)
        if known is row or (known is not None and row.version <= known.version):
            return
        self._rows[row.id] = row
        job, before = self._job(row), self._shown.get(row.id)
        if before is None:
            if self._is_kept(row, self.history.now()):
                self._shown[row.id] = job
                self._tell("added", job)
            return
        self._shown[row.id] = job
        if job.status is before.status:
            if job != before:
                self._moved.add(row.id)
            return
        if before.status is JobStatus.DOWNLOADING and job.status is JobStatus.COMPLETED:
            # Verifying a small file is over before a picture shows it.
            self._tell("updated", replace(job, status=JobStatus.PROCESSING, completed_at=None))
        self._moved.discard(row.id)
        self._tell("updated", job)

    def _job(self, row: DownloadSnapshot) -> Job:
        past = self.history.find(row.id)
        return job_of(
            row,
            began_at=self.history.began_at(row),
            ended_at=self.history.ended_at(row),
            was_running=past is not None and past.was_running,
        )

    def _is_kept(self, row: DownloadSnapshot, now: datetime) -> bool:
        """Return whether the rules of retention let a download be listed."""
        if row.status.is_over:
            past = self.history.find(row.id)
            if past is not None and past.is_cleared:
                return False
            return now - (self.history.ended_at(row) or row.created_at) < KEEP_OVER
        if row.status in (Status.PAUSED, Status.PAUSING):
            return now - row.created_at < KEEP_PAUSED
        return True

    def _sweep_if_due(self) -> None:
        now = self.history.now()
        if now - self._swept_at < SWEEP_EVERY:
            return
        self._swept_at = now
        for id_ in tuple(self._shown):
            if not self._is_kept(self._rows[id_], now):
                self._leave(id_)

    def _leave(self, id_: str) -> None:
        job = self._shown.pop(id_, None)
        self._moved.discard(id_)
        if job is None:
            return
        if self.is_phantom(self._rows[id_]):
            del self._rows[id_]
        self._tell("removed", job)

    def _tell(self, kind: str, job: Job) -> None:
        if self._readers:
            frame = event_frame(kind, job)
            for reader in tuple(self._readers):
                reader.push(job.id, frame)
