"""One request and its reply: what to ask for a claim, and what the answer is worth.

Must not start workers or decide about retries.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from tui_dl.domain.model import Validators
from tui_dl.domain.urls import parse_url
from tui_dl.engine.facts import OVERLAP_BYTES, Facts
from tui_dl.engine.patience import Patience
from tui_dl.engine.plan import ENDLESS, Claim, Plan
from tui_dl.engine.source import LONGEST_HEAD_S, LinkSource
from tui_dl.engine.sources import Sources
from tui_dl.engine.worker import Worker
from tui_dl.net.client import HttpClient
from tui_dl.net.decoding import is_meant_raw
from tui_dl.net.identity import Asked, Judgement, Verdict, read_head
from tui_dl.net.reply import Reply
from tui_dl.net.status import error_for_status

BODIES = frozenset({200, 206, 416})
"""Statuses that say something about the resource itself."""


class Target(Protocol):
    """Where the bytes go. It exists before the file does: see ``begin``."""

    @property
    def is_quick(self) -> bool:
        """Whether ``write_now`` may be called."""

    async def begin(self, reply: Reply, total: int | None) -> None:
        """Make the part file ready; called once, before the first byte."""

    def write_now(self, data: memoryview, offset: int) -> None:
        """Write from the loop."""

    @property
    def takes_pipes(self) -> bool:
        """Whether ``write_pipe`` may be called."""

    def write_pipe(self, pipe: int, count: int, offset: int) -> None:
        """Write from the loop what is in a pipe."""

    async def write_later(self, data: memoryview, offset: int) -> None:
        """Write through the disk pool."""

    async def read_back(self, offset: int, size: int) -> bytes:
        """Read bytes that were written."""


class Asking:
    """Requests of one transfer, and the overlap that each reply has to prove."""

    def __init__(
        self, client: HttpClient, sources: Sources, target: Target, facts: Facts, patience: Patience
    ) -> None:
        self._client = client
        self._sources = sources
        self._target = target
        self._facts = facts
        self._patience = patience
        self._overlaps: dict[int, bytes] = {}

    async def open(self, worker: Worker, claim: Claim, plan: Plan) -> Reply:
        """Send the request for a claim and return the reply once its head is there.

        Raises:
            TransferError: no reply came.
        """
        facts = self._facts
        start: int | None = None
        end: int | None = None
        overlap = b""
        if facts.ranges_supported is not False:
            overlap = await self._read_overlap(claim, plan)
            start = claim.position - len(overlap)
            end = None if claim.end in (ENDLESS, plan.total) else claim.end
        self._overlaps[worker.number] = overlap
        worker.asked_start, worker.asked_end = start, end
        known = self._sources.known_of(worker.source, facts.known)
        conditional = facts.replies > 0 and not facts.known.validators_rotate
        if not self._sources.has_joined(worker.source):
            conditional = False  # its tag is compared when it comes; another one may be right
        validators = known.validators if conditional else Validators()
        head_s = LONGEST_HEAD_S
        if not worker.source.has_own_timeout:
            head_s = self._patience.head_s(plan.done_bytes)
        return await self._send(worker, worker.source, validators, head_s)

    async def _send(
        self, worker: Worker, source: LinkSource, validators: Validators, head_s: float
    ) -> Reply:
        if source.resolved_url is None:
            async with source.resolving:
                if source.resolved_url is None:
                    reply = await self._send_now(worker, source, validators, head_s)
                    if reply.status in BODIES:
                        source.note_reply(reply.url)
                    return reply
        return await self._send_now(worker, source, validators, head_s)

    async def _send_now(
        self, worker: Worker, source: LinkSource, validators: Validators, head_s: float
    ) -> Reply:
        worker.asked_url = source.current_url
        return await self._client.open(
            source.request(worker.asked_start, worker.asked_end, validators, head_s)
        )

    async def _read_overlap(self, claim: Claim, plan: Plan) -> bytes:
        """Return the bytes right before a claim that a reply must repeat (trap H8)."""
        facts = self._facts
        if claim.position == 0 or not facts.needs_overlap or facts.replies == 0:
            return b""
        before = next((r for r in plan.written() if r.start < claim.position <= r.end), None)
        if before is None:
            return b""
        start = max(before.start, claim.position - OVERLAP_BYTES)
        return await self._target.read_back(start, claim.position - start)

    def judge(self, worker: Worker, reply: Reply, plan: Plan) -> Judgement:
        """Decide what a reply is.

        Raises:
            TransferError: the status carries no file, or something else is in its place.
            ReplyRefusedError: the body must not be written.
        """
        source = worker.source
        if reply.status not in BODIES:
            raise error_for_status(reply.status, reply.headers, source.host, datetime.now(UTC))
        keep_coding = is_meant_raw(parse_url(reply.url).target, reply.headers.get("content-type"))
        head = read_head(reply.status, reply.headers, reply.content_length, keep_coding=keep_coding)
        asked = Asked(
            worker.asked_start or 0, worker.asked_end, ranged=worker.asked_start is not None
        )
        fields = tuple(reply.headers.items())
        facts = self._facts
        is_mirror = source is not self._sources.primary
        if is_mirror:
            self._sources.admit_mirror(source, head, facts.known)
        known = self._sources.known_of(source, facts.known)
        verdict = facts.admit(
            head,
            asked,
            fields,
            known=known,
            is_mirror=is_mirror,
            has_bytes=plan.done_bytes > 0,
            written=plan.written,
            has_overlap=bool(self.overlap_of(worker)),
        )
        if verdict.verdict in (Verdict.WHOLE, Verdict.RANGE_IGNORED):
            self._overlaps[worker.number] = b""
            return replace(verdict, start=0)
        return verdict

    def overlap_of(self, worker: Worker) -> bytes:
        """Return bytes on disk that the reply's first bytes must equal."""
        return self._overlaps.get(worker.number, b"")

    def forget(self, worker: Worker) -> None:
        """Drop what is kept for a worker that left."""
        self._overlaps.pop(worker.number, None)
