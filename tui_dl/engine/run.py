"""One run of one download: restore, transfer, verify, publish.

Must not start or stop itself, and must not know the queue: ``job.py`` holds its task. Whether
the bytes are right is asked of ``proof.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tui_dl.domain.errors import DiskError, ErrorCode, ReplyRefusedError, TransferError, TuiDlError
from tui_dl.domain.lifecycle import Event
from tui_dl.domain.model import Assurance, Status
from tui_dl.domain.ranges import RangeSet
from tui_dl.engine.adoption import adopt
from tui_dl.engine.announced import Described, hear, read_description
from tui_dl.engine.carrying import settle_move
from tui_dl.engine.checkpoint import Checkpointer
from tui_dl.engine.completion import complete, quarantine
from tui_dl.engine.facts import GenerationChangedError, StartOverError
from tui_dl.engine.landing import SMALL_BYTES
from tui_dl.engine.marking import mark
from tui_dl.engine.opening import (
    Opening,
    keep_cookies,
    links_of,
    make_part,
    may_begin_again,
    name_for,
    name_part,
)
from tui_dl.engine.plan import Plan
from tui_dl.engine.proof import Proof
from tui_dl.engine.restored import Restored, whole_of
from tui_dl.engine.sources import Sources
from tui_dl.engine.target import FileTarget
from tui_dl.engine.telling import Teller
from tui_dl.engine.tempo import governor_of, policy_of
from tui_dl.engine.together import until_first_ends
from tui_dl.engine.transfer import Transfer
from tui_dl.engine.unchanged import unchanged_name
from tui_dl.engine.verify import DigestMismatchError
from tui_dl.engine.versions import Versions
from tui_dl.net.reply import Reply

if TYPE_CHECKING:
    from tui_dl.engine.job import Job

MOST_GENERATIONS = 5
"""A file that changes more often during one run cannot be had whole."""


class Run:
    """The work between START and the end."""

    def __init__(self, job: Job, target: FileTarget) -> None:
        self.transfer: Transfer | None = None
        self._job = job
        self._target = target
        self._sources: Sources | None = None
        self._described: Described | None = None
        self._proof = Proof(job, target)
        self._versions = Versions(job, target, self._proof.pieces)

    async def work(self) -> None:
        """Bring the download from where it is to its published file.

        Raises:
            TuiDlError: it cannot be finished now.
        """
        await settle_move(self._job)
        if await self._restore() or await self._is_unchanged():
            return
        await self._proof.fetch_promises()
        for _ in range(MOST_GENERATIONS):
            try:
                await self._fetch()
                await self._finish()
                return
            except StartOverError as error:
                await self._versions.start_over(error.message)
            except GenerationChangedError as error:
                await self._versions.changed(error)
            except DiskError as error:
                if await self._versions.old.made_room(error):
                    await self._go_on()
                elif await may_begin_again(self._job, self._target, error):
                    await self._versions.lose_part(error.message)
                else:
                    raise
            except (TransferError, ReplyRefusedError) as error:
                if self._proof.wrong is None:
                    raise
                raise self._proof.wrong from error  # the others could not give it at all
        raise ReplyRefusedError(
            "The file on the server keeps changing while it is fetched.",
            code=ErrorCode.RESOURCE_CHANGED,
            retryable=False,
        )

    async def let_go(self) -> None:
        """Close the file. What is written is made durable first, unless the disk fails."""
        job, target, plan = self._job, self._target, self._job.plan
        self.transfer = None
        await keep_cookies(job, self._sources)
        forget = job.record.status is Status.COMPLETED
        try:
            if not forget and target.part is not None and plan is not None:
                written = plan.written()
                await self.name_part()
                await target.sync()
                job.change(synced=written)
        except TuiDlError as failed:
            job.note(failed.message)
            job.plan, forget = None, not await self._keeps_synced()
        finally:  # also behind a mistake of ours: it would stay locked, for the next run too
            try:
                await target.close(forget=forget)
            except TuiDlError as failed:
                job.note(failed.message)

    async def _keeps_synced(self) -> bool:
        """Take back what the kernel could not write; whether the journal says so now."""
        if self._job.record.part is None:
            return False
        try:
            await self._target.take_back(self._job.record)
        except TuiDlError as failed:
            self._job.note(failed.message)
            return False
        return True

    # -- restore

    async def _restore(self) -> bool:
        """Open what an earlier run left; ``True`` when that run had published the file."""
        job, target = self._job, self._target
        try:
            restored = await self._restored()
        except DiskError as error:
            if not await may_begin_again(job, target, error):
                raise
            await self._versions.lose_part(error.message)
            restored = await target.restore(job.record)
        await self._versions.old.settle()  # behind the part, which proves that the disk is there
        if restored.published_name is not None:
            job.change(name=restored.published_name)
            job.must_apply(Event.ALL_BYTES)
            await complete(job, self._versions.old, job.record.assurance)
            return True
        if restored.note:
            job.note(restored.note)
        if target.part is not None and target.part.identity != job.record.part:
            # a reboot gave its disk another number
            await job.change_now(part=target.part.identity)
        await self._go_on(restored.written)
        return False

    async def _go_on(self, written: RangeSet | None = None) -> None:
        """Begin a transfer with ``written``, by default what this run wrote so far."""
        job, target = self._job, self._target
        if written is None:
            written = RangeSet() if job.plan is None else job.plan.written()
        self._versions.take_up(written)
        if target.part is not None and job.plan is not None:
            await target.keep_journal(job.record, job.plan)
            await target.claim_room(job.record.total_bytes)

    async def _restored(self) -> Restored:
        """Open what is there; a file that was published already must still be what it was."""
        if self._job.record.options.adopt is not None and self._job.record.part is None:
            await adopt(self._job)
        restored = await self._target.restore(self._job.record)
        digest = self._job.record.digest
        if restored.published_name is not None and digest is not None:
            try:
                await self._proof.hold_against([digest])
            except DigestMismatchError as error:
                raise DiskError(error.message, code=ErrorCode.PART_CHANGED) from error
        return restored

    async def _is_unchanged(self) -> bool:
        """Be done when the file that is here already is still the server's."""
        job, name = self._job, await unchanged_name(self._job)
        if name is None:
            return False
        job.change(name=name)
        job.must_apply(Event.ALL_BYTES)
        await complete(job, self._versions.old, Assurance.NOT_MODIFIED)
        return True

    # -- transfer

    async def _fetch(self) -> None:
        """Run transfers until all bytes are written and no piece of them is bad."""
        job, target = self._job, self._target
        job.tools.needs_slot(job, True)
        while True:
            if job.plan is not None:
                self._proof.pieces.expect(job.record.options.pieces, job.plan.total)
            await self._transfer()
            assert job.plan is not None
            assert self.transfer is not None
            lost = await self._proof.pieces.settle(self.transfer)
            if not lost:
                return
            job.plan.forget(lost)
            await job.change_durably(synced=job.plan.written())
            await target.keep_journal(job.record, job.plan)

    async def _transfer(self) -> None:
        """Run one transfer beside its checkpoints, until all bytes are written."""
        job, config = self._job, self._job.tools.config
        assert job.plan is not None
        checkpointer = Checkpointer(self, self._target, job.plan, config)
        transfer = self.transfer = self._new_transfer(job.plan)
        await until_first_ends(
            transfer.run(),
            checkpoints=checkpointer.run,
            pieces=lambda: self._proof.pieces.watch(transfer, self._learn),
        )

    async def _learn(self) -> None:
        """Read the document that the server named, once: mirrors, and digests of pieces."""
        described, self._described = self._described, None
        if described is not None:
            found = await read_description(
                self._job, described, self._links(), self._versions.facts
            )
            self._proof.pieces.expect(found, self._versions.facts.known.total)

    def _new_transfer(self, plan: Plan) -> Transfer:
        job, tools = self._job, self._job.tools
        config, options = tools.config, job.record.options
        return Transfer(
            tools.around,
            self._links(),
            Opening(self._target, self.begin),
            Teller(job),
            plan=plan,
            facts=self._versions.facts,
            policy=policy_of(options, config),
            governor=governor_of(options, config),
            limits=(job.limit, *job.tools.shared_limits(job.record)),
            origins=self._proof.origins,
        )

    def _links(self) -> Sources:
        """Return the links of this run; what was left out of an earlier transfer stays out."""
        if self._sources is None:
            self._sources = links_of(self._job.record, self._job.tools.config)
        return self._sources

    async def begin(self, reply: Reply, total: int | None) -> None:
        """Take in the first reply: name, size, version; make the file ready for bytes."""
        job, target, facts = self._job, self._target, self._versions.facts
        if total is not None and total <= SMALL_BYTES:
            await job.tools.turn(job)
        name = name_for(job.record, reply)
        self._proof.promised(replace(job.record, name=name), reply.url)  # before bytes are here
        self._proof.pieces.expect(job.record.options.pieces, total)
        self._described = hear(job, reply, self._links(), facts)
        learned = {
            "total_bytes": total,
            "validators": facts.known.validators,
            "final_url": reply.url,
            "ranges_supported": facts.ranges_supported,
        }
        if target.part is None:
            await make_part(job, target, name, total, **learned)
            return
        if total is not None:
            await target.claim_room(total)
            await target.settle_size(total)
        await job.change_now(**learned)
        assert job.plan is not None
        await target.keep_journal(job.record, job.plan)

    # -- the finish

    async def _finish(self) -> None:
        """Verify, sync, publish, and only then say completed (trap D8)."""
        job, target, transfer = self._job, self._target, self.transfer
        assert job.plan is not None
        assert transfer is not None
        total = job.plan.total
        if total is None:
            raise RuntimeError("a transfer ended without a size")
        await target.settle_size(total)
        job.must_apply(Event.ALL_BYTES, total_bytes=total)
        assurance = self._versions.facts.assurance(transfer.framing)
        try:
            digest = await self._proof.of_whole(self._versions.facts.server_digests, self._links())
        except DigestMismatchError:
            await self.name_part()
            await quarantine(job, target)
            raise
        if digest is not None or self._proof.pieces.are_all_good:
            assurance = Assurance.DIGEST
        await mark(job, target)
        known = {"synced": whole_of(job.record), "assurance": assurance, "digest": digest}
        if target.is_unnamed:
            await self._land(**known)
            return
        await target.finish(total)
        # The final name proves nothing by itself: a restart asks the record (trap D8).
        await job.change_durably(**known)
        job.change(name=await target.publish())
        await complete(job, self._versions.old, assurance)

    async def _land(self, **known: Any) -> None:
        """Sync, note, name, in that order, together with other small files."""
        job, landing, part = self._job, self._job.tools.landing, self._target.rest()
        job.tools.needs_slot(job, False)
        await landing.sync(part)
        await job.change_durably(
            name=part.name, part_name=part.part_name, part=part.identity, **known
        )
        try:
            status = await landing.land(part)
        finally:
            if part.is_closed:  # also when a pause came meanwhile, or its folder failed
                self._target.let_go_of_landed()
        if part.name != job.record.name:
            job.change(name=part.name)
        await complete(job, self._versions.old, job.record.assurance, status)

    async def name_part(self) -> None:
        """Give a small part a name after all: it will not be whole in a moment."""
        await name_part(self._job, self._target)

    async def note_synced(self, synced: RangeSet) -> None:
        """Claim what is safe. The older version goes once there is less of it than that."""
        await self._job.note_synced(synced)
        await self._versions.old.note_synced(synced)
