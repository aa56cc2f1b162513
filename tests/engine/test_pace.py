"""Which connections count as slow: stragglers must not become the measure."""

from __future__ import annotations

from typing import cast

from tui_dl.domain.ranges import RangeSet
from tui_dl.engine.plan import Plan
from tui_dl.engine.source import LinkSource
from tui_dl.engine.watch import (
    BRISK_FOR_S,
    BRISK_TICK_S,
    SMALLEST_SHARE_BYTES,
    SMALLEST_SHARE_S,
    TICK_S,
    USUAL_HALF_LIFE_S,
    Pace,
    worth_stealing,
)
from tui_dl.engine.worker import Owner, Worker

FAST_BPS = 8_000_000
SLOW_BPS = 20_000
LEFT_BYTES = 100_000
"""Too little to cut in two, far too much for a straggler."""


class _Clock:
    """All that a worker needs of its owner here."""

    def __init__(self) -> None:
        self.s = 100.0

    def now_s(self) -> float:
        return self.s


class _Crew:
    """Workers on one claim, and the seconds that pass over them."""

    def __init__(self, count: int) -> None:
        self.clock = _Clock()
        self.pace = Pace(setup_s=0.001)
        self.plan = Plan(LEFT_BYTES, RangeSet())
        claim = self.plan.take_free()
        assert claim is not None
        self.claim = claim
        self.workers: list[Worker] = []
        for _ in range(count):
            self.join()

    def join(self) -> None:
        worker = Worker(len(self.workers) + 1, cast(Owner, self.clock), cast(LinkSource, None))
        worker.claim = self.claim
        self.workers.append(worker)

    def receive(self, rate_bps: float, seconds: float) -> None:
        """Let every worker bring as much; the claim stays as it is."""
        for _ in range(int(seconds * 10)):
            self.clock.s += 0.1
            for worker in self.workers:
                worker.received_of_claim += 1
                worker.last_byte_s = self.clock.s
                worker.meter.add(self.clock.s, int(rate_bps / 10))

    def more(self) -> bool:
        """Whether one more connection joins."""
        found = self.pace.share(self.plan, self.workers, self.clock.s, 0.0)
        assert found in (None, self.claim)
        return found is not None


def test_what_was_usual_is_remembered_when_only_stragglers_are_left() -> None:
    crew = _Crew(4)
    crew.receive(FAST_BPS, 2.0)
    before_bps = crew.pace.usual_bps(crew.workers, crew.clock.s)
    straggler = _Crew(1)
    straggler.pace = crew.pace
    straggler.clock.s = crew.clock.s
    straggler.receive(SLOW_BPS, USUAL_HALF_LIFE_S)

    after_bps = crew.pace.usual_bps(straggler.workers, straggler.clock.s)

    assert 0.4 * before_bps < after_bps < 0.6 * before_bps
    assert straggler.more(), "it is raced by what a connection usually brings"


def test_what_a_lone_connection_brought_is_no_measure_for_many_on_a_full_link() -> None:
    """Else all would count as stragglers and be raced: a quarter was fetched twice (measured)."""
    alone = _Crew(1)
    alone.receive(FAST_BPS, 2.0)
    alone.pace.usual_bps(alone.workers, alone.clock.s)
    many = _Crew(4)
    many.clock.s = alone.clock.s
    many.receive(FAST_BPS / 4, 1.0)

    assert alone.pace.usual_bps(many.workers, many.clock.s) <= FAST_BPS / 3


def test_a_straggler_alone_is_no_reason_to_race() -> None:
    crew = _Crew(1)
    crew.receive(SLOW_BPS, 2.0)

    assert not crew.more()


def test_a_racer_that_is_a_straggler_too_gets_company() -> None:
    crew = _Crew(2)
    crew.pace.usual_bps(_fast(crew.clock), crew.clock.s)
    assert not crew.more(), "nobody has shown a rate yet"
    crew.receive(SLOW_BPS, 1.0)

    assert crew.more()
    crew.join()
    assert not crew.more(), "one after the other: the third has not shown its rate yet"


def test_a_racer_that_brings_next_to_nothing_gets_company_before_it_is_old() -> None:
    crew = _Crew(2)
    crew.pace.usual_bps(_fast(crew.clock), crew.clock.s)
    crew.receive(SLOW_BPS, 0.1)
    assert crew.more()


def test_on_a_machine_that_is_late_itself_a_young_reply_is_not_blamed() -> None:
    crew = _Crew(2)
    crew.pace.usual_bps(_fast(crew.clock), crew.clock.s)
    crew.pace.note_lag(0.2)
    crew.receive(SLOW_BPS, 0.1)
    assert not crew.more()


def test_it_is_looked_more_often_for_a_while_once_nothing_is_worth_taking() -> None:
    """A straggler in the last stretch would cost a tenth of a second more each time."""
    crew = _Crew(2)
    crew.pace.usual_bps(_fast(crew.clock), crew.clock.s)
    assert crew.pace.rest_s(crew.clock.s) == TICK_S

    assert not crew.more()
    assert crew.pace.rest_s(crew.clock.s) == BRISK_TICK_S < TICK_S
    crew.clock.s += BRISK_TICK_S
    assert not crew.more()
    assert crew.pace.rest_s(crew.clock.s) == BRISK_TICK_S
    assert crew.pace.rest_s(crew.clock.s + BRISK_FOR_S) == TICK_S, "not for as long as it takes"


def test_who_found_work_again_looks_as_often_as_usual() -> None:
    crew = _Crew(2)
    crew.pace.usual_bps(_fast(crew.clock), crew.clock.s)
    assert not crew.more()
    crew.receive(SLOW_BPS, 0.1)
    assert crew.more()
    assert crew.pace.rest_s(crew.clock.s) == TICK_S


def test_more_looks_do_not_forget_sooner_how_late_this_machine_is() -> None:
    seldom, often = Pace(), Pace()
    seldom.note_lag(0.2)
    often.note_lag(0.2)
    seldom.note_lag(0.0, TICK_S)
    for _ in range(5):
        often.note_lag(0.0, TICK_S / 5)
    assert abs(often.lag_s - seldom.lag_s) < 1e-9
    assert seldom.lag_s < 0.2


def test_a_share_is_worth_more_than_what_its_cut_costs() -> None:
    """Many small cuts at the end had a twentieth of the file fetched twice (measured)."""
    assert worth_stealing(FAST_BPS, 0.001) == int(FAST_BPS * SMALLEST_SHARE_S)
    assert worth_stealing(SLOW_BPS, 0.001) == SMALLEST_SHARE_BYTES
    assert worth_stealing(FAST_BPS, 1.0) == FAST_BPS


def _laggards(crew: _Crew) -> list[int]:
    return [worker.number for worker in crew.pace.laggards(crew.workers, crew.clock.s)]


def _row(pace: Pace, slow: int, first: int = 1) -> _Crew:
    """Eight workers, each on a claim of its own; the last ``slow`` of them crawl."""
    crew = _Crew(8)
    crew.pace = pace
    for worker in crew.workers:
        worker.number += first - 1
        worker.claim = Plan(100 * FAST_BPS, RangeSet()).take_free()
    for _ in range(10):
        crew.clock.s += 0.1
        for index, worker in enumerate(crew.workers):
            rate_bps = FAST_BPS if index < 8 - slow else SLOW_BPS
            worker.received_of_claim += int(rate_bps / 10)
            worker.last_byte_s = crew.clock.s
            worker.meter.add(crew.clock.s, int(rate_bps / 10))
    return crew


def test_who_is_far_slower_than_the_siblings_is_replaced() -> None:
    assert _laggards(_row(Pace(), slow=2)) == [7, 8]


def test_no_sibling_is_blamed_when_all_are_alike() -> None:
    assert _laggards(_row(Pace(), slow=0)) == []
    assert _laggards(_row(Pace(), slow=8)) == []


def test_what_ends_soon_is_not_replaced() -> None:
    crew = _row(Pace(), slow=1)
    claim = crew.workers[-1].claim
    assert claim is not None
    claim.position = claim.end - SLOW_BPS // 4
    assert _laggards(crew) == []


def test_replacements_that_are_as_slow_end_the_replacing() -> None:
    """Else a server that gives some connections less on purpose is knocked at for ever."""
    pace = Pace()
    assert _laggards(_row(pace, slow=1)) == [8]
    for first in (11, 21, 31):
        assert _laggards(_row(pace, 1, first)) == [first + 7]
    assert _laggards(_row(pace, 1, 41)) == []


def _fast(clock: _Clock) -> list[Worker]:
    crew = _Crew(8)
    crew.clock.s = clock.s - 2.0
    crew.receive(FAST_BPS, 2.0)
    return crew.workers
