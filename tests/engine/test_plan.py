"""The plan: every byte is claimed once, written once, and nothing is lost on the way."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tui_dl.domain.ranges import Range, RangeSet
from tui_dl.engine.plan import (
    ALIGNMENT,
    ENDLESS,
    IN_ORDER_STEP_BYTES,
    IN_ORDER_WINDOW_BYTES,
    MOST_RACERS,
    Claim,
    Plan,
)

SIZE = 64 * ALIGNMENT


class Book:
    """A journal that remembers, to be held against the plan."""

    def __init__(self) -> None:
        self.slots: dict[int, tuple[int, int]] = {}

    def open_slot(self, start: int) -> int:
        number = len(self.slots)
        self.slots[number] = (start, start)
        return number

    def advance(self, slot: int, end: int) -> None:
        start, before = self.slots[slot]
        assert end >= before
        self.slots[slot] = (start, end)

    def close_slot(self, slot: int) -> None:
        assert slot in self.slots


class PlanMachine(RuleBasedStateMachine):
    """Random takes, steals, races, writes and departures against a byte map."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book()
        self.plan = Plan(SIZE, RangeSet(), self.book)
        self.written: set[int] = set()
        self.working: list[Claim] = []

    @rule()
    def take(self) -> None:
        claim = self.plan.take_free()
        if claim is not None:
            self.working.append(claim)

    @rule(victim_bps=st.floats(0, 1e9), thief_bps=st.floats(0, 1e9))
    def steal(self, victim_bps: float, thief_bps: float) -> None:
        claim = self.plan.steal(lambda _: victim_bps, thief_bps, ALIGNMENT)
        if claim is not None:
            assert claim.start % ALIGNMENT == 0
            self.working.append(claim)

    @rule()
    def race(self) -> None:
        claim = self.plan.race(lambda _: 1.0, lambda _: True)
        if claim is not None:
            assert 2 <= claim.workers <= MOST_RACERS
            self.working.append(claim)

    @precondition(lambda self: self.working)
    @rule(data=st.data(), pages=st.integers(1, 40))
    def write(self, data: st.DataObject, pages: int) -> None:
        claim = data.draw(st.sampled_from(self.working))
        count = min(claim.remaining, pages * 1000)
        fresh = set(range(claim.position, claim.position + count))
        assert not fresh & self.written, "a byte was written twice"
        self.written |= fresh
        self.plan.advance(claim, count)

    @precondition(lambda self: self.working)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(self.working))
        self.working.remove(claim)
        self.plan.leave(claim)

    @precondition(lambda self: self.working)
    @rule(data=st.data(), reach=st.integers(0, SIZE))
    def extend(self, data: st.DataObject, reach: int) -> None:
        claim = data.draw(st.sampled_from(self.working))
        before = claim.end
        assert self.plan.extend(claim, reach) == (claim.end > before)
        assert claim.end <= max(before, reach)

    @invariant()
    def books_agree(self) -> None:
        written = self.plan.written()
        assert written.total == len(self.written) == self.plan.done_bytes
        assert RangeSet(self.book.slots.values()) == written
        assert self.plan.missing_bytes == SIZE - len(self.written)
        assert self.plan.is_complete == (len(self.written) == SIZE)

    @invariant()
    def every_missing_byte_has_one_place(self) -> None:
        open_ranges = [Range(c.position, c.end) for c in self.plan.claims]
        pieces = [*open_ranges, *self.plan.free]
        assert RangeSet(pieces).total == sum(p.length for p in pieces), "two places for a byte"
        assert RangeSet(pieces).union(self.plan.written()) == RangeSet([Range(0, SIZE)])


TestPlan = PlanMachine.TestCase
TestPlan.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_a_claim_of_unknown_length_is_cut_when_the_length_is_learned() -> None:
    plan = Plan(None, RangeSet())
    claim = plan.take_free()
    assert claim is not None
    assert claim.end == ENDLESS
    plan.advance(claim, 10)
    plan.settle_total(25)
    assert claim.end == 25
    assert plan.missing_bytes == 15


def test_a_length_below_what_is_written_is_refused() -> None:
    plan = Plan(None, RangeSet())
    claim = plan.take_free()
    assert claim is not None
    plan.advance(claim, 10)
    with pytest.raises(ValueError, match="cannot be 9"):
        plan.settle_total(9)


def test_the_cut_lets_both_end_together() -> None:
    plan = Plan(100 * ALIGNMENT, RangeSet())
    slow = plan.take_free()
    assert slow is not None
    fast = plan.steal(lambda _: 1_000_000, 3_000_000, ALIGNMENT)
    assert fast is not None
    assert (slow.end, fast.start, fast.end) == (25 * ALIGNMENT, 25 * ALIGNMENT, 100 * ALIGNMENT)


def test_a_write_under_way_is_not_stolen() -> None:
    """Trap D16: the bytes that a slow write will fill belong to it."""
    plan = Plan(8 * ALIGNMENT, RangeSet())
    claim = plan.take_free()
    assert claim is not None
    claim.reserved = 6 * ALIGNMENT
    thief = plan.steal(lambda _: 0.0, 1e9, ALIGNMENT)
    assert thief is not None
    assert thief.start >= 6 * ALIGNMENT


def test_attached_journals_begin_where_the_plan_is() -> None:
    plan = Plan(100, RangeSet([(0, 10)]))
    claim = plan.take_free()
    assert claim is not None
    plan.advance(claim, 5)
    book = Book()
    plan.attach(book)
    plan.advance(claim, 5)
    assert RangeSet(book.slots.values()) == RangeSet([(10, 20)])


def test_bytes_that_are_not_there_are_free_again() -> None:
    plan = Plan(100, RangeSet([(0, 50)]))
    plan.forget(RangeSet([(10, 20)]))
    assert plan.done_bytes == 40
    assert plan.free == (Range(10, 20), Range(50, 100))
    plan.take_free()
    with pytest.raises(RuntimeError):
        plan.forget(RangeSet([(0, 1)]))


def test_bytes_that_come_anyway_are_not_left_to_a_worker_that_still_waits() -> None:
    plan = Plan(8 * ALIGNMENT, RangeSet())
    lead = plan.take_free()
    assert lead is not None
    thief = plan.steal(lambda _: 1.0, 1.0, ALIGNMENT)
    assert thief is not None
    plan.advance(lead, lead.remaining)
    assert not plan.extend(lead, thief.end - 1), "only a reply that reaches its end may take it"
    assert plan.extend(lead, thief.end)
    assert (lead.end, thief.remaining) == (8 * ALIGNMENT, 0)
    plan.leave(thief)
    assert plan.free == ()


def test_a_worker_that_has_begun_keeps_its_bytes() -> None:
    plan = Plan(8 * ALIGNMENT, RangeSet())
    lead = plan.take_free()
    assert lead is not None
    thief = plan.steal(lambda _: 1.0, 1.0, ALIGNMENT)
    assert thief is not None
    plan.advance(thief, 1)
    assert not plan.extend(lead, thief.end)


def test_a_claim_that_was_filled_by_who_raced_on_it_does_not_grow() -> None:
    """Its slot of the journal is closed, and perhaps another claim's by now."""
    plan = Plan(8 * ALIGNMENT, RangeSet())
    lead = plan.take_free()
    assert lead is not None
    thief = plan.steal(lambda _: 1.0, 1.0, ALIGNMENT)
    assert thief is not None
    racer = plan.race(lambda c: 1.0 if c is lead else 1e9, lambda c: c is lead)
    assert racer is lead
    plan.advance(lead, lead.remaining)
    plan.leave(lead)
    assert lead.workers == 1, "the other one has not noticed yet"
    assert not plan.extend(lead, thief.end)
    assert thief.remaining == 4 * ALIGNMENT


def test_in_order_claims_are_small_and_stay_within_the_window() -> None:
    plan = Plan(None, RangeSet(), in_order=True)
    lead = plan.take_free()
    assert lead is not None
    assert lead.end == ENDLESS, "as long as nobody knows the length"
    total = 10 * IN_ORDER_WINDOW_BYTES
    plan.settle_total(total)
    assert lead.end == IN_ORDER_STEP_BYTES

    claims = [lead]
    while (claim := plan.take_free()) is not None:
        claims.append(claim)

    assert all(one.end == other.start for one, other in pairwise(claims))
    assert claims[-1].end == IN_ORDER_WINDOW_BYTES
    plan.advance(lead, IN_ORDER_STEP_BYTES)
    plan.leave(lead)
    (next_claim,) = [plan.take_free()]
    assert next_claim is not None
    assert next_claim.start == IN_ORDER_WINDOW_BYTES
    assert plan.take_free() is None


def test_in_order_a_claim_grows_step_by_step() -> None:
    plan = Plan(8 * IN_ORDER_STEP_BYTES, RangeSet(), in_order=True)
    claim = plan.take_free()
    assert claim is not None
    assert plan.extend(claim, 8 * IN_ORDER_STEP_BYTES)
    assert claim.end == 2 * IN_ORDER_STEP_BYTES
