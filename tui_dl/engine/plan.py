"""Who fetches which bytes of one file. Owns claims, stealing and racing.

Must not know sockets, disks or clocks: rates come in as arguments. One event loop
calls it, so a method runs without interruption and needs no lock.

A *claim* is a contiguous stretch that somebody fills from its start upward. Stealing
cuts a claim in two. Racing lets a second worker fill the same claim: whoever comes
first to ``position`` writes, the other skips what is there, so no byte is written twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import field
from typing import Protocol

from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.ranges import Range, RangeSet

ALIGNMENT = 4096
"""Cuts fall on page borders: two writers never share a page."""

IN_ORDER_STEP_BYTES = 1024 * 1024
IN_ORDER_WINDOW_BYTES = 16 * 1024 * 1024
"""In order, claims are small and begin at most so far beyond the first missing byte."""

MOST_RACERS = 4
"""Workers on one claim; each brings the same bytes again, so they come one after the other."""

ENDLESS = 1 << 62
"""End of a claim whose length nobody knows."""


@dataclass(slots=True, eq=False)
class Claim:
    """A stretch ``start``..``end`` whose bytes below ``position`` are written."""

    start: int
    end: int
    position: int
    slot: int
    """Number of its place in the journal."""
    reserved: int = 0
    """Bytes from ``position`` on that a write under way will fill."""
    workers: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a slow write of this claim is under way."""

    @property
    def remaining(self) -> int:
        """Bytes that are not written yet."""
        return self.end - self.position

    @property
    def frontier(self) -> int:
        """First byte that no write has taken."""
        return self.position + self.reserved


class SlotBook(Protocol):
    """Where positions are noted as they move: the journal."""

    def open_slot(self, start: int) -> int:
        """Return a slot that begins and ends at ``start``."""

    def advance(self, slot: int, end: int) -> None:
        """Note that the slot is written up to ``end``."""

    def close_slot(self, slot: int) -> None:
        """Note that the slot will not move again."""


class ForgetfulBook:
    """Notes nothing: for a plan whose file does not exist yet, or without checkpoints."""

    def open_slot(self, start: int) -> int:
        """Return a number that means nothing."""
        return 0

    def advance(self, slot: int, end: int) -> None:
        """Forget it."""

    def close_slot(self, slot: int) -> None:
        """Forget it."""


class Plan:
    """The bytes of one generation: finished, claimed and free.

    ``total`` is ``None`` while the length is unknown; then there is one endless claim.
    """

    def __init__(
        self,
        total: int | None,
        written: RangeSet,
        book: SlotBook | None = None,
        *,
        in_order: bool = False,
    ) -> None:
        """``in_order`` fills the file from its beginning, within a window that moves along."""
        self.total = total
        self._in_order = in_order
        self._book: SlotBook = ForgetfulBook() if book is None else book
        self._finished = written
        self._claims: list[Claim] = []
        whole = Range(0, ENDLESS if total is None else total)
        self._free: list[Range] = list(written.gaps(whole))
        self.done_bytes = written.total

    # -- looking

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims that somebody works on."""
        return tuple(self._claims)

    @property
    def free(self) -> tuple[Range, ...]:
        """Stretches that nobody works on, in order."""
        return tuple(self._free)

    @property
    def missing_bytes(self) -> int | None:
        """Bytes not written yet; ``None`` while the length is unknown."""
        return None if self.total is None else self.total - self.done_bytes

    @property
    def is_complete(self) -> bool:
        """Whether every byte of a known length is written."""
        return self.total is not None and self.done_bytes >= self.total

    def written(self) -> RangeSet:
        """Return what is written now. Costs a walk over all pieces: not for hot paths."""
        return self._finished.union((c.start, c.position) for c in self._claims)

    # -- taking

    def take_free(self, least_start: int = 0) -> Claim | None:
        """Claim the first free stretch that begins at ``least_start`` or later."""
        window_end = self._window_end()
        for index, gap in enumerate(self._free):
            if gap.start >= window_end:
                break
            if gap.start >= least_start:
                end = gap.end
                if self._in_order and self.total is not None:
                    end = min(end, gap.start + IN_ORDER_STEP_BYTES)
                self._cut_free(index, end)
                return self._open(gap.start, end)
        return None

    def _window_end(self) -> int:
        """Return where claims may not begin any more."""
        if not self._in_order:
            return ENDLESS
        missing = [claim.position for claim in self._claims]
        missing += [gap.start for gap in self._free[:1]]
        return min(missing, default=0) + IN_ORDER_WINDOW_BYTES

    def _cut_free(self, index: int, end: int) -> None:
        """Take the bytes up to ``end`` out of a free stretch."""
        gap = self._free[index]
        self._free[index : index + 1] = [Range(end, gap.end)] if end < gap.end else []

    def steal(
        self, rate_of: Callable[[Claim], float], thief_bps: float, smallest_bytes: int
    ) -> Claim | None:
        """Cut the claim that would last longest, so that both parts end together.

        ``rate_of`` gives the bytes per second that fill a claim now, ``thief_bps`` what
        the thief expects. ``None`` when no part of ``smallest_bytes`` is left to take.
        """
        victim = self._slowest(rate_of, lambda c: c.end - c.frontier >= 2 * smallest_bytes)
        if victim is None:
            return None
        left = victim.end - victim.frontier
        rate = max(0.0, rate_of(victim))
        share = 0.5 if rate + thief_bps <= 0 else rate / (rate + thief_bps)
        keep = min(max(int(left * share), smallest_bytes), left - smallest_bytes)
        cut = victim.frontier + keep
        cut -= cut % ALIGNMENT
        if not victim.frontier < cut < victim.end:
            return None
        end, victim.end = victim.end, cut
        return self._open(cut, end)

    def race(
        self, rate_of: Callable[[Claim], float], worth_it: Callable[[Claim], bool]
    ) -> Claim | None:
        """Join the claim that would last longest as one more worker.

        Who joined may turn out a straggler too: then another one may, up to ``MOST_RACERS``.
        """
        victim = self._slowest(
            rate_of, lambda c: c.workers < MOST_RACERS and c.remaining > 0 and worth_it(c)
        )
        if victim is not None:
            victim.workers += 1
        return victim

    # -- moving and giving back

    def advance(self, claim: Claim, count: int) -> None:
        """Note ``count`` bytes more as written at the claim's position."""
        claim.position += count
        self.done_bytes += count
        self._book.advance(claim.slot, claim.position)

    def extend(self, claim: Claim, up_to: int) -> bool:
        """Let a claim grow over what is right behind it, at most to ``up_to``.

        That is free bytes, or a claim that has not written a byte yet and is reached whole:
        its worker is still waiting for a reply, while these bytes are coming already. A claim
        that was left, because who raced on it filled it first, does not grow any more.
        """
        if claim not in self._claims:
            return False
        if self._in_order:
            up_to = min(up_to, claim.end + IN_ORDER_STEP_BYTES)
        for index, gap in enumerate(self._free):
            if gap.start == claim.end < up_to:
                claim.end = min(gap.end, up_to)
                self._cut_free(index, claim.end)
                return True
        return self._absorb(claim, up_to)

    def _absorb(self, claim: Claim, up_to: int) -> bool:
        for other in self._claims:
            if (
                other.start == claim.end < other.end <= up_to
                and other.frontier == other.start
                and other.workers == 1
            ):
                claim.end, other.end = other.end, other.start
                return True
        return False

    def leave(self, claim: Claim) -> None:
        """One worker stops; the last one frees what is left of the claim."""
        claim.workers -= 1
        if claim.workers > 0 and claim.remaining > 0:
            return
        if claim in self._claims:
            self._claims.remove(claim)
            self._book.close_slot(claim.slot)
            self._finished = self._finished.union([(claim.start, claim.position)])
            if claim.remaining > 0:
                self._give_back(Range(claim.position, claim.end))

    def settle_total(self, total: int) -> None:
        """Learn the length; claims and free stretches are cut to it.

        Raises:
            ValueError: bytes beyond ``total`` are written already.
        """
        highest = max((r.end for r in self.written()), default=0)
        if highest > total:
            raise ValueError(f"{highest} bytes are written, the length cannot be {total}")
        self.total = total
        for claim in self._claims:
            claim.end = min(claim.end, total)
        self._free = [Range(r.start, min(r.end, total)) for r in self._free if r.start < total]
        if self._in_order:
            self._shorten_claims()

    def _shorten_claims(self) -> None:
        """Give back what claims hold beyond their next step."""
        for claim in self._claims:
            end = max(claim.frontier, claim.start + IN_ORDER_STEP_BYTES)
            if end < claim.end:
                gap, claim.end = Range(end, claim.end), end
                self._give_back(gap)

    def attach(self, book: SlotBook) -> None:
        """Note positions in ``book`` from now on; open claims get their slots there."""
        self._book = book
        for claim in self._claims:
            claim.slot = book.open_slot(claim.start)
            book.advance(claim.slot, claim.position)

    def forget(self, lost: RangeSet) -> None:
        """Take back written bytes that turned out not to be there. No claim may be open."""
        if self._claims:
            raise RuntimeError("bytes cannot be forgotten while workers run")
        self._finished = self._finished.subtract(lost)
        self.done_bytes = self._finished.total
        whole = Range(0, ENDLESS if self.total is None else self.total)
        self._free = list(self._finished.gaps(whole))

    # -- inside

    def _open(self, start: int, end: int) -> Claim:
        claim = Claim(start, end, start, self._book.open_slot(start), workers=1)
        self._claims.append(claim)
        return claim

    def _give_back(self, gap: Range) -> None:
        self._free = list(RangeSet((*self._free, gap)))

    def _slowest(
        self, rate_of: Callable[[Claim], float], fits: Callable[[Claim], bool]
    ) -> Claim | None:
        candidates: Iterable[Claim] = (c for c in self._claims if fits(c))
        return max(candidates, key=lambda c: c.remaining / max(rate_of(c), 1.0), default=None)
