"""Which version of the resource a run fills, and what becomes of the bytes of another.

Owns the facts of that version, and the part of the one before. Must not fetch or publish: no
byte of an old version gets into a new one, because here the claims go before the bytes do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_dl.domain.lifecycle import Event
from tui_dl.domain.model import Assurance, Status
from tui_dl.domain.ranges import RangeSet
from tui_dl.engine.facts import Facts, GenerationChangedError
from tui_dl.engine.old_part import OldPartKeeper
from tui_dl.engine.opening import clear_place, make_part, name_part
from tui_dl.engine.pieces import PieceCheck
from tui_dl.engine.plan import Plan
from tui_dl.engine.proof import WrongFileError
from tui_dl.engine.target import FileTarget
from tui_dl.net.identity import Known

if TYPE_CHECKING:
    from tui_dl.engine.job import Job

TAG_CHANGES_TO_DOUBT = 2
"""After so many versions of one size and date, the tags are made up for each reply."""


class Versions:
    """The version under way, and the longest older one until it is passed."""

    def __init__(self, job: Job, target: FileTarget, pieces: PieceCheck) -> None:
        self.facts = Facts()
        self.old = OldPartKeeper(job)
        self._job = job
        self._target = target
        self._pieces = pieces
        self._tag_changes = 0

    def take_up(self, written: RangeSet) -> None:
        """Begin with what is known: bytes on disk, and the version that they belong to."""
        job, record = self._job, self._job.record
        has_part = self._target.part is not None
        total = record.total_bytes if has_part and written else None
        job.plan = self._plan(total, written)
        self.facts = facts = Facts()
        if has_part and written:
            facts.known = Known(total=total, validators=record.validators)
            facts.ranges_supported = record.ranges_supported
            facts.replies = 1
            facts.is_unverified = record.assurance is Assurance.UNVERIFIED

    async def changed(self, error: GenerationChangedError) -> None:
        """The resource changed: no byte of the old version may get into the new one."""
        known = self.facts.known
        await self._empty(error.message, keep=not isinstance(error, WrongFileError))
        self._tag_changes += 1
        rotates = self._tag_changes >= TAG_CHANGES_TO_DOUBT and known.validators.etag is not None
        ranges = False if self.facts.ranges_supported is False else None
        self.facts = Facts(Known(validators_rotate=rotates), ranges_supported=ranges)

    async def start_over(self, reason: str) -> None:
        """The server serves no ranges and names no version: begin at byte 0."""
        await self._empty(reason)
        self.facts = Facts(ranges_supported=False)

    async def _empty(self, note: str, *, keep: bool = True) -> None:
        """Go on with a part without bytes; the longest older one is kept until it is passed."""
        job, target = self._job, self._target
        job.note(note)
        await name_part(job, target)
        written = RangeSet() if job.plan is None else job.plan.written()
        # First no claim is left, then the bytes go: a stop in between must find no claim.
        job.plan = self._plan(None, RangeSet())
        self._pieces.forget()
        fresh: dict[str, object] = {
            "synced": RangeSet(),
            "total_bytes": None,
            "generation": job.record.generation + 1,
            "assurance": Assurance.PENDING,
        }
        if keep and target.part is not None and written.total > self.old.kept_bytes:
            await self.old.take(target, written, **fresh)
            assert job.record.name is not None
            await make_part(job, target, job.record.name, 0, total_bytes=None)
        else:
            await job.change_durably(**fresh)
            await target.start_over()
        if job.record.status is not Status.PROBING:
            job.must_apply(Event.CHANGED)

    async def lose_part(self, reason: str) -> None:
        """Somebody deleted, replaced or changed the part: its bytes prove nothing any more."""
        job = self._job
        job.note(f"{reason} The download starts again.")
        job.plan = self._plan(None, RangeSet())
        self._pieces.forget()
        await clear_place(job, self._target)
        nothing = {"part": None, "part_name": None, "total_bytes": None, "synced": RangeSet()}
        await job.change_durably(**nothing, assurance=Assurance.PENDING)
        await self._target.close(forget=True)
        if job.record.status is not Status.PROBING:
            job.must_apply(Event.CHANGED)
        self.facts = Facts()

    def _plan(self, total: int | None, written: RangeSet) -> Plan:
        return Plan(total, written, in_order=self._job.record.options.sequential)
