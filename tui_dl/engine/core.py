"""The engine inside its loop: all jobs, and every action on them.

Must not be called from another thread: ``engine.py`` is the door. Nothing here blocks. Who runs
is decided in ``slots.py``, when a picture is made in ``ticker.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from tui_dl.domain.errors import ErrorCode, Failure, TuiDlError, UsageError
from tui_dl.domain.lifecycle import Event
from tui_dl.domain.model import AddRequest, DownloadOptions, DownloadRecord, Status
from tui_dl.domain.priority import check_priority
from tui_dl.domain.snapshot import DownloadDetails, EventKind
from tui_dl.domain.urls import parse_url
from tui_dl.engine.admission import Known, check_options, new_record, remove_files
from tui_dl.engine.catalog_lane import CatalogLane
from tui_dl.engine.job import Job, JobTools, Stop
from tui_dl.engine.moves import Moves
from tui_dl.engine.press import EVENT_KINDS, Press
from tui_dl.engine.queue import Queue
from tui_dl.engine.relocate import settle_moves
from tui_dl.engine.room_watch import waits_for_room
from tui_dl.engine.slots import Slots
from tui_dl.engine.steward import HostShares, Steward
from tui_dl.engine.ticker import Ticker


class Core:
    """State of a running engine. All methods belong to the engine's loop."""

    def __init__(
        self,
        tools: JobTools,
        lane: CatalogLane,
        press: Press,
        shares: HostShares,
    ) -> None:
        self.jobs: dict[str, Job] = {}
        self.queue = Queue(tools.config.slots, lambda id_: self.jobs[id_].record.options.priority)
        self.api_address: str | None = None
        self.default_limit_bps = tools.config.default_limit_bps
        self.tools = tools
        self._lane = lane
        self._press = press
        self.steward = Steward(self, tools.config, tools.around, tools.pools, shares)
        self.moves = Moves()
        self.slots = Slots(self.queue, self.jobs, self._is_ready)
        self._ticker = Ticker(self.picture, self._is_moving, press, tools.around.client)

    # -- life

    def open(self, records: Iterable[DownloadRecord]) -> None:
        """Take over the records of earlier runs and begin."""
        for record in sorted(records, key=lambda r: (r.position, r.created_at)):
            job = Job(record, self.tools)
            self.jobs[record.id] = job
            if record.status.is_running:
                job.apply(Event.INTERRUPT)
            config = self.tools.config
            if config.only_asked and config.slots:
                continue  # without slots nothing starts, and the order may be looked at
            is_queued = job.record.status is Status.QUEUED
            if is_queued and not config.resume_running and not config.only_asked:
                job.apply(Event.PAUSE)
            elif is_queued:
                self.queue.append(record.id)
        self._ticker.open()
        settle_moves(self)
        self.steward.open()
        self.fill_slots()
        self.picture()

    async def close(self) -> None:
        """Stop every job so that it runs again at the next start, and save all."""
        self.slots.shut()
        await self.moves.stop()
        await self.steward.close()
        active = [job for job in self.jobs.values() if job.is_active]
        for job in active:
            job.stop(Stop.INTERRUPT)
        await asyncio.gather(*(job.wait_stopped() for job in active))
        await self._ticker.close()
        await self._lane.close()
        self.picture()

    def on_job_event(self, job: Job, event: Event) -> None:
        """A job changed its status."""
        if event is Event.CANCEL:
            self.queue.leave(job.record.id)  # resumed on its way out, it would wait there
        kind = EVENT_KINDS.get(event)
        if kind is not None:
            self._tell(kind, job)
        self.print_soon()

    def on_job_out(self, job: Job) -> None:
        """The task of a job has ended: its slot is free."""
        record_id = job.record.id
        if record_id in self.moves.under_way:
            return  # it keeps its slot and goes on where it will be
        self.slots.take_back(job)
        self.fill_slots()
        self.print_soon()

    def print_soon(self) -> None:
        """Have a new picture made, and the steward look at what has changed."""
        self._ticker.poke()
        self.steward.poke()

    def fill_slots(self) -> None:
        """Start queued downloads while slots are free."""
        self.slots.fill()

    def _is_ready(self, record_id: str) -> bool:
        job = self.jobs[record_id]
        return record_id not in self.moves.under_way and self.steward.may_start(job)

    # -- actions

    async def add(
        self, requests: Sequence[AddRequest]
    ) -> list[tuple[str, str | None, Failure | None]]:
        """Make records; answers (outcome, id, failure) for each request, in order."""
        answers: list[tuple[str, str | None, Failure | None]] = []
        fresh: list[tuple[Job, AddRequest]] = []
        known = Known(self.records(), self.tools.config)
        for request in requests:
            try:
                same = known.same(request)
                if same is not None:
                    answers.append(("duplicate", same, None))
                    continue
                record = new_record(request, known.last_position + 1, known.gids)
                job = Job(record, self.tools)
            except TuiDlError as error:
                answers.append(("refused", None, error.failure()))
                continue
            known.note(record)
            self.jobs[job.record.id] = job
            fresh.append((job, request))
            answers.append(("added", job.record.id, None))
        for job, request in fresh:
            if not request.paused:
                self.queue.insert(job.record.id, request.position)
        self.slots.renumber()
        try:
            # Known ones are safe already, unless their own addition is just being made so.
            if fresh or self._lane.is_securing:
                await self._lane.save_now((job.record for job, _ in fresh), durable=True)
        except TuiDlError:
            for job, _ in fresh:
                self.queue.leave(job.record.id)
                del self.jobs[job.record.id]
            self._lane.drop(job.record.id for job, _ in fresh)  # refused is refused
            self.picture()
            raise
        for job, _ in fresh:
            self._tell(EventKind.ADDED, job)
        self.fill_slots()
        self.print_soon()
        return answers

    def records(self) -> Iterator[DownloadRecord]:
        """Yield all records, in no order."""
        return (job.record for job in self.jobs.values())

    def pause(self, record_id: str) -> None:
        """Ask for a pause.

        Raises:
            UsageError: unknown id, or the status does not allow it.
        """
        job = self.job(record_id)
        if job.is_active and job.record.status.is_running:
            if job.record.status is Status.PAUSING:
                return
            job.stop(Stop.PAUSE)
        elif job.apply(Event.PAUSE):
            self.queue.leave(record_id)
            self._tell(EventKind.PAUSED, job)
        elif job.record.status is not Status.PAUSED:
            raise self._not_now(job, "paused")
        elif waits_for_room(job.record):
            job.change(failure=None)  # from now on it is the user who wants it so
        self._ticker.poke()

    def resume(self, record_id: str) -> None:
        """Queue a stopped download again, or cut a wait short.

        Raises:
            UsageError: unknown id, or the status does not allow it.
        """
        job = self.job(record_id)
        if job.is_active and job.stopping is Stop.CANCEL:
            raise self._not_now(job, "resumed before it has stopped")
        if job.record.status is Status.RETRYING and job.transfer is not None:
            job.transfer.hurry()
            return
        if job.record.status in (Status.PROBING, Status.DOWNLOADING, Status.VERIFYING):
            return
        if job.record.status is Status.QUEUED:
            if job.record.options.start_at is not None:
                # No slot may be free, but nothing else holds it.
                job.change(options=replace(job.record.options, start_at=None))
                self.note_change(job)
            self.steward.let_go(record_id)
            self.queue.append(record_id)
            self.fill_slots()
            return
        if not job.apply(Event.RESUME, failure=None, tries=0):
            raise self._not_now(job, "resumed")
        self.queue.append(record_id)
        self._tell(EventKind.RESUMED, job)
        self.fill_slots()
        self._ticker.poke()

    async def cancel(self, record_id: str) -> None:
        """Stop for good; the record and the partial file stay.

        Raises:
            UsageError: unknown id, or it is over already.
        """
        job = self.job(record_id)
        if job.is_active:
            job.stop(Stop.CANCEL)
            await job.wait_stopped()
            if job.record.status is not Status.CANCELLED:  # it was over before it could stop
                raise self._not_now(job, "cancelled")
        elif not job.apply(Event.CANCEL):
            raise self._not_now(job, "cancelled")
        self._ticker.poke()

    async def remove(self, record_id: str, *, with_files: bool) -> None:
        """Drop a record, and with ``with_files`` the files that we created.

        Raises:
            UsageError: unknown id.
            DiskError: a file could not be deleted; the record is gone all the same.
        """
        self.moves.refuse_moving(record_id)
        job = self.job(record_id)
        del self.jobs[record_id]
        self.queue.leave(record_id)
        if job.is_active:
            job.stop(Stop.CANCEL)
            await job.wait_stopped()
        await self._lane.remove([record_id])
        self._tell(EventKind.REMOVED, job)
        self._press.forget(record_id)
        self.fill_slots()
        self._ticker.poke()
        await self.tools.pools.run(
            self.tools.pools.disk,
            remove_files,
            job.record,
            self.tools.config.journal_path(record_id),
            with_files,
        )

    def move(self, record_ids: Sequence[str], to: str) -> None:
        """Change places among equal priorities: ``up``, ``down``, ``top`` or ``bottom``."""
        for record_id in record_ids:
            self.job(record_id)
        self.queue.move(record_ids, to)
        self._after_move(record_ids)

    def move_to_index(self, record_id: str, index: int) -> None:
        """Put one queued download at ``index`` of the queue, or next to it in its class."""
        job = self.job(record_id)
        if job.record.status is not Status.QUEUED:
            raise self._not_now(job, "moved")
        self.queue.move_to_index(record_id, index)
        self._after_move([record_id])

    def _after_move(self, record_ids: Sequence[str]) -> None:
        self.slots.renumber()
        for record_id in record_ids:
            self._tell(EventKind.MOVED, self.jobs[record_id])
        self._ticker.poke()

    async def set_url(self, record_id: str, url: str) -> None:
        """Give a stopped download a new link. Identity is checked when it resumes.

        Raises:
            UsageError: unknown id, bad URL, or it is running.
        """
        parse_url(url)
        job = self.job(record_id)
        if not job.apply(Event.NEW_URL, url=url, final_url=None, failure=None):
            raise self._not_now(job, "given a new link")
        await self._lane.save_now([job.record], durable=True)
        self.note_change(job)

    def note_change(self, job: Job) -> None:
        """Tell that something about a download is another now."""
        self._tell(EventKind.CHANGED, job)
        self.print_soon()

    def set_limit(self, record_id: str, limit_bps: int | None) -> None:
        """Limit one download; ``None`` is the default."""
        job = self.job(record_id)
        job.set_limit(limit_bps)
        self.note_change(job)

    def set_priority(self, record_ids: Sequence[str], priority: int) -> None:
        """Let downloads start before or after others; what runs goes on.

        Raises:
            UsageError: unknown id, or the priority is out of bounds.
        """
        check_priority(priority)
        jobs = [self.job(record_id) for record_id in record_ids]
        for job in jobs:
            job.change(options=replace(job.record.options, priority=priority))
        self.queue.sort()
        self.slots.renumber()
        for job in jobs:
            self.note_change(job)

    async def set_options(self, record_id: str, options: DownloadOptions) -> None:
        """Change the options; limit and priority act at once, the rest at the next start.

        Raises:
            UsageError: unknown id, or a mirror or header is wrong.
        """
        job = self.job(record_id)
        check_options(options)
        job.change(options=options)
        job.set_limit(options.limit_bps)
        await self._lane.save_now([job.record])
        self.queue.sort()
        self.slots.renumber()
        self.note_change(job)

    def set_default_limit(self, limit_bps: int) -> None:
        """Limit each download that names no limit of its own."""
        self.default_limit_bps = limit_bps
        for job in self.jobs.values():
            job.renew_limit()
        self._ticker.poke()

    def set_slots(self, slots: int) -> None:
        """Change how many run at once; running ones are not stopped."""
        self.queue.slots = max(1, min(100, slots))
        self.fill_slots()
        self._ticker.poke()

    # -- pictures

    def details(self, record_id: str) -> DownloadDetails | None:
        """Return everything about one download."""
        job = self.jobs.get(record_id)
        if job is None:
            return None
        return self._press.details(job, self.queue.rank(record_id))

    def picture(self) -> None:
        """Publish a new snapshot."""
        self._press.print(self.jobs.values(), self.queue, self.steward, self.api_address)

    def picture_if_changed(self) -> None:
        """Publish a new snapshot if an action changed something since the last one."""
        if self._ticker.is_poked:
            self.picture()

    def _is_moving(self) -> bool:
        return any(job.is_active for job in self.jobs.values())

    # -- inside

    def _tell(self, kind: EventKind, job: Job) -> None:
        self._press.tell(kind, job, self.queue.rank(job.record.id))

    def job(self, record_id: str) -> Job:
        """Return one job; raise ``UsageError`` when there is none."""
        job = self.jobs.get(record_id)
        if job is None:
            raise UsageError(f"There is no download {record_id}.", code=ErrorCode.UNKNOWN_DOWNLOAD)
        return job

    @staticmethod
    def _not_now(job: Job, what: str) -> UsageError:
        return UsageError(
            f"A download that is {job.record.status} cannot be {what}.",
            code=ErrorCode.NOT_ALLOWED_NOW,
        )
