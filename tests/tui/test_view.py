"""The pure half of the screen: bars, graphs, maps, columns, lines."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.tui.fake_parts import blank
from tests.tui.fake_service import START
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Assurance, Status
from tui_dl.domain.snapshot import SegmentSnapshot, SegmentState
from tui_dl.tui.view.bars import graph, progress_bar, resampled, spark
from tui_dl.tui.view.chunks import CHECKED, DONE, PARTLY, RUNNING, WAITING, chunk_cells, chunk_lines
from tui_dl.tui.view.columns import columns_for
from tui_dl.tui.view.ink import Ink, cut_at_word, left, right, width_of, wrapped
from tui_dl.tui.view.listing import TAB_OF, Counts, Tab, count
from tui_dl.tui.view.row import header_line, row_line
from tui_dl.tui.view.status import EngineLook, status_line
from tui_dl.tui.view.words import LOOKS

texts = st.text(max_size=60)
rates = st.floats(min_value=0, max_value=1e12)


@given(st.none() | st.floats(min_value=0, max_value=1), st.integers(0, 80))
def test_a_bar_has_its_width_and_is_full_only_at_the_end(
    fraction: float | None, cells: int
) -> None:
    bar = progress_bar(fraction, cells, Ink.BAR_RUN)
    text = "".join(part for part, _ in bar)
    assert cell_len(text) == cells
    if fraction is not None and cells:
        assert (text == "━" * cells) == (fraction == 1.0)
        assert ("━" in text or "╸" in text) == (fraction > 0)


@given(st.floats(min_value=0, max_value=1), st.floats(min_value=0, max_value=1))
def test_a_bar_never_shrinks_when_more_is_done(a: float, b: float) -> None:
    low, high = (
        "".join(text for text, ink in progress_bar(f, 20, Ink.BAR_RUN) if ink is Ink.BAR_RUN)
        for f in sorted((a, b))
    )
    assert (len(low), low.count("━")) <= (len(high), high.count("━"))


@given(st.lists(rates, max_size=320), st.integers(0, 120))
def test_a_spark_has_its_width_and_shows_every_movement(samples: list[float], cells: int) -> None:
    text = spark(samples, cells)
    assert len(text) == cells
    shown = samples[-cells:] if cells else []
    for glyph, value in zip(text[cells - len(shown) :], shown, strict=True):
        assert (glyph == " ") == (value == 0)


def test_a_steady_rate_is_a_full_calm_line() -> None:
    assert spark([5.0] * 8, 8) == "████████"


@given(st.lists(rates, max_size=320), st.integers(0, 100), st.integers(0, 10))
def test_a_graph_has_its_size_and_stands_on_its_ground(
    samples: list[float], cells: int, rows: int
) -> None:
    lines = graph(samples, cells, rows, max(samples, default=0.0))
    assert len(lines) == (rows if cells else 0)
    assert all(len(line) == cells for line in lines)
    for above, below in pairwise(lines):
        assert all(b == "█" for a, b in zip(above, below, strict=True) if a != " ")


@given(st.lists(rates, min_size=1, max_size=300), st.integers(1, 200))
def test_resampling_keeps_the_range(samples: list[float], cells: int) -> None:
    result = resampled(samples, cells)
    assert len(result) == min(cells, len(samples))
    slack = max(samples) * 1e-9
    assert min(samples) - slack <= min(result)
    assert max(result) <= max(samples) + slack


@st.composite
def _maps(draw: st.DrawFn) -> tuple[list[SegmentSnapshot], int]:
    total = draw(st.integers(1, 10**7))
    cuts = sorted(draw(st.sets(st.integers(0, total), max_size=12)))
    states = list(SegmentState)
    segments = [SegmentSnapshot(a, b, draw(st.sampled_from(states))) for a, b in pairwise(cuts)]
    return segments, total


@given(_maps(), st.integers(1, 300))
def test_a_cell_is_done_exactly_when_all_its_bytes_are(
    drawn: tuple[list[SegmentSnapshot], int], cells: int
) -> None:
    segments, total = drawn
    states = chunk_cells(segments, total, cells)
    assert len(states) == cells
    finished = (SegmentState.DONE, SegmentState.VERIFIED)
    for cell, state in enumerate(states):
        start = -(-cell * total // cells)
        end = -(-(cell + 1) * total // cells)
        if end <= start:
            continue
        here = sum(
            max(0, min(s.end, end) - max(s.start, start)) for s in segments if s.state in finished
        )
        assert (state in (DONE, CHECKED)) == (here == end - start)
        if state == WAITING:
            assert here == 0, "what is here would look as if it were not"
        if state == PARTLY:
            assert 0 < here < end - start


def test_a_map_shows_what_runs_and_merges_equal_neighbours() -> None:
    segments = [
        SegmentSnapshot(0, 50, SegmentState.DONE),
        SegmentSnapshot(50, 60, SegmentState.RUNNING),
    ]
    states = chunk_cells(segments, 100, 10)
    assert states == bytes([DONE] * 5 + [RUNNING] + [WAITING] * 4)
    assert chunk_lines(states, 10) == [
        (("█████", Ink.CHUNK_DONE), ("▓", Ink.CHUNK_RUN), ("░░░░", Ink.CHUNK_WAIT))
    ]


def test_a_verified_file_has_a_glyph_of_its_own() -> None:
    whole = [SegmentSnapshot(0, 100, SegmentState.VERIFIED)]
    assert chunk_lines(chunk_cells(whole, 100, 4), 4) == [(("■■■■", Ink.CHUNK_CHECKED),)]


@given(
    st.sampled_from(list(Status)), texts, st.integers(0, 210), st.booleans(),
    st.none() | st.integers(0, 2**62), st.integers(0, 2**62), rates, st.none() | texts,
    st.sampled_from(list(Assurance)),
)  # fmt: skip
def test_a_row_never_sticks_out_and_fills_wide_lists(
    status: Status, name: str, width: int, selected: bool, total: int | None, done: int,
    rate: float, message: str | None, assurance: Assurance,
) -> None:  # fmt: skip
    row = replace(
        blank(1, name, START), status=status, total_bytes=total, done_bytes=done, rate_bps=rate,
        average_bps=rate, eta_s=rate, elapsed_s=rate, retry_in_s=rate, connections=64,
        assurance=assurance,
        failure=None if message is None else Failure(ErrorCode.INTERNAL, message),
    )  # fmt: skip
    columns = columns_for(width)
    line = row_line(row, columns, cursor=True, selected=selected, now=START)
    if width >= 34:
        assert width - 1 <= width_of(line) <= width
        assert width_of(header_line(columns)) <= width
        assert width_of(
            ((row_line(row, columns, cursor=False, selected=False, now=START)[3]),)
        ) == (columns.name)


@given(texts, st.integers(0, 60))
def test_padding_makes_the_exact_width(text: str, cells: int) -> None:
    safe = "".join(char for char in text if char.isprintable())
    assert cell_len(left(safe, cells)) == cells
    assert cell_len(right(safe, cells)) == cells


@given(st.text(alphabet="ab 音é", max_size=80), st.integers(2, 30))
def test_wrapping_loses_no_letter_and_fits(text: str, cells: int) -> None:
    lines = wrapped(text, cells)
    assert all(cell_len(line) <= cells for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@example("音音", 2)
@given(st.text(alphabet="ab 音é", max_size=80), st.integers(0, 30))
def test_a_cut_sentence_fits_and_ends_at_a_word(text: str, cells: int) -> None:
    cut = cut_at_word(text, cells)
    assert cell_len(cut) <= cells
    if cut.endswith("…"):
        words, kept = text.split(), cut[:-1].split()
        assert kept == words[: len(kept)] or len(kept) <= 1
    elif cells:
        assert cut == text


@given(rates, st.lists(rates, max_size=50), st.integers(0, 200), st.none() | st.integers(0, 2**60))
def test_the_status_line_never_sticks_out(
    rate: float, history: list[float], width: int, free: int | None
) -> None:
    look = EngineLook(rate, tuple(history), 10**8, free, 5, "127.0.0.1:1700", 12.0)
    assert width_of(status_line(look, width)) <= max(width, 22)


def test_the_status_line_says_what_the_schedule_does() -> None:
    def words(**facts: Any) -> str:
        return "".join(text for text, _ in status_line(EngineLook(**facts), 80))

    assert "limit 100 MB/s until 18:00" in words(limit_bps=10**8, limit_until="18:00")
    assert "no limit until 07:00" in words(limit_until="07:00")
    assert "paused by schedule until 17:00" in words(hold="schedule", limit_until="17:00")
    assert "limit" not in words()


def test_low_space_is_an_alarm_and_too_little_for_the_queue_a_warning() -> None:
    def ink_of_free(free_bytes: int, wanted_bytes: int) -> Ink:
        look = EngineLook(free_bytes=free_bytes, wanted_bytes=wanted_bytes)
        return next(ink for text, ink in status_line(look, 80) if "free" in text)

    assert ink_of_free(10**12, 10**9) is Ink.SOFT
    assert ink_of_free(10**11, 10**12) is Ink.RETRY
    assert ink_of_free(10**9, 0) is Ink.FAIL


def test_every_status_has_a_look_and_a_tab() -> None:
    assert set(LOOKS) == set(Status)
    assert set(TAB_OF) == set(Status)
    assert all(look.glyph and look.word for look in LOOKS.values())


def test_counts_of_the_tabs_add_up() -> None:
    rows = [replace(blank(n, "a", START), status=status) for n, status in enumerate(Status)]
    counts = count(rows)
    assert counts == Counts(all=10, active=5, queued=2, done=1, failed=2)
    assert sum(counts.of(tab) for tab in Tab if tab is not Tab.ALL) == counts.of(Tab.ALL)
