"""Which jobs run: the queue, its slots, and those that have lent theirs to others.

Owns the positions of what is queued. Must not stop a job, and must not know why one is held
back: it is told which may start. All methods belong to the engine's loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tui_dl.domain.model import Status
from tui_dl.engine.job import Job
from tui_dl.engine.landing import MOST_LANDING
from tui_dl.engine.queue import Queue
from tui_dl.engine.turns import Turns


class Slots:
    """Starts queued jobs as slots become free."""

    def __init__(
        self, queue: Queue, jobs: Mapping[str, Job], is_ready: Callable[[str], bool]
    ) -> None:
        """``jobs`` is looked into as it is at each call."""
        self._queue = queue
        self._jobs = jobs
        self._is_ready = is_ready
        self._is_shut = False
        self._landing: set[str] = set()
        """Jobs that only wait for the disk; their slots serve others."""
        self._turns = Turns()

    def shut(self) -> None:
        """Start nothing any more."""
        self._is_shut = True

    def fill(self) -> None:
        """Start queued downloads while slots are free."""
        if self._is_shut:
            return
        while (record_id := self._queue.take_next(self._is_ready)) is not None:
            self._turns.hold(record_id)
            self._jobs[record_id].start()

    def take_back(self, job: Job) -> None:
        """Free the slot of a job whose task has ended; one that is queued again finds its place."""
        record_id = job.record.id
        self._landing.discard(record_id)
        self._queue.release(record_id)
        self._turns.give_back(record_id)
        if job.record.status is Status.QUEUED and record_id in self._jobs:
            place = _rank(job)
            ahead = (_rank(self._jobs[other]) < place for other in self._queue.waiting)
            self._queue.insert(record_id, sum(ahead))
            self.renumber()

    def note_need(self, job: Job, *, needs: bool) -> None:
        """Take note that a job is done with the network, or needs it after all.

        One that needs it again runs at once: the next ones wait until a slot is free again.
        """
        record_id = job.record.id
        if needs:
            self._landing.discard(record_id)
            self._queue.take(record_id)
        elif len(self._landing) < MOST_LANDING:
            self._landing.add(record_id)
            self._queue.release(record_id)
            self.fill()
            self._turns.give_back(record_id)

    async def turn(self, job: Job) -> None:
        """Wait until a job that will be done in a moment may go on: see ``turns.py``."""
        if self._queue.has_waiting:
            await self._turns.take(job.record.id)

    def note_asked(self, job: Job) -> None:
        """Take note that a job's request is as good as sent."""
        self._turns.give_back(job.record.id)

    def renumber(self) -> None:
        """Give queued records positions in queue order, touching as few as possible."""
        ids = self._queue.waiting
        positions = sorted(self._jobs[i].record.position for i in ids)
        for record_id, position in zip(ids, positions, strict=True):
            if self._jobs[record_id].record.position != position:
                self._jobs[record_id].change(position=position)


def _rank(job: Job) -> tuple[int, int]:
    """Return what sorts the queue: its class, then its place."""
    return -job.record.options.priority, job.record.position
