"""The range algebra against the plainest model there is: a set of integers."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.domain.properties import thorough
from tui_dl.domain.ranges import Range, RangeSet

TOP = 40

pairs = st.tuples(st.integers(0, TOP), st.integers(0, TOP)).map(lambda p: (min(p), max(p)))
lists = st.lists(pairs, max_size=8)
spans = pairs.map(lambda p: Range(*p))


def ints(ranges: object) -> set[int]:
    """Write ranges out as the offsets in them."""
    assert isinstance(ranges, RangeSet | list)
    found: set[int] = set()
    for item in ranges:
        start, end = (item.start, item.end) if isinstance(item, Range) else item
        found |= set(range(start, end))
    return found


def assert_normal(ranges: RangeSet) -> None:
    previous_end = -1
    for item in ranges:
        assert item.start > previous_end, "sorted, disjoint, not touching"
        assert item.end > item.start, "never empty"
        previous_end = item.end


@thorough
@given(lists)
def test_a_set_holds_what_went_in_in_normal_form(given_pairs: list[tuple[int, int]]) -> None:
    made = RangeSet(given_pairs)
    assert_normal(made)
    assert ints(made) == ints(given_pairs)
    assert made.total == len(ints(given_pairs))
    assert len(made) == len(made.ranges) == len(list(made))
    assert bool(made) == bool(ints(given_pairs))
    assert RangeSet([Range(*pair) for pair in given_pairs]) == made


@thorough
@given(lists, lists)
def test_union_intersection_and_difference_are_those_of_sets(
    left: list[tuple[int, int]], right: list[tuple[int, int]]
) -> None:
    a, b = RangeSet(left), RangeSet(right)
    for result, model in (
        (a.union(b), ints(left) | ints(right)),
        (a.union(right), ints(left) | ints(right)),
        (a.intersect(b), ints(left) & ints(right)),
        (a.subtract(b), ints(left) - ints(right)),
    ):
        assert_normal(result)
        assert ints(result) == model


@thorough
@given(lists, lists)
def test_equality_and_hash_follow_the_bytes_not_the_way_in(
    left: list[tuple[int, int]], right: list[tuple[int, int]]
) -> None:
    a, b = RangeSet(left), RangeSet(right)
    assert (a == b) == (ints(left) == ints(right))
    if a == b:
        assert hash(a) == hash(b)
    assert RangeSet(reversed(left)) == a
    assert RangeSet(list(a)) == a


@thorough
@given(lists, spans)
def test_gaps_overlaps_and_cover_agree_with_the_model(
    given_pairs: list[tuple[int, int]], span: Range
) -> None:
    held, model = RangeSet(given_pairs), ints(given_pairs)
    wanted = set(range(span.start, span.end))
    gaps = held.gaps(span)
    assert_normal(gaps)
    assert ints(gaps) == wanted - model
    assert held.covers(span) == (wanted <= model)
    overlapping = list(held.overlapping(span))
    assert overlapping == [r for r in held if set(range(r.start, r.end)) & wanted]


@thorough
@given(lists, st.integers(0, TOP))
def test_membership(given_pairs: list[tuple[int, int]], offset: int) -> None:
    assert (offset in RangeSet(given_pairs)) == (offset in ints(given_pairs))


@thorough
@given(spans, spans)
def test_the_intersection_of_two_ranges(left: Range, right: Range) -> None:
    model = set(range(left.start, left.end)) & set(range(right.start, right.end))
    shared = left.intersect(right)
    if shared is None:
        assert not model
        return
    assert set(range(shared.start, shared.end)) == model
    assert shared.length == len(model) > 0


@thorough
@given(spans, st.integers(0, TOP))
def test_split_gives_two_halves_or_refuses(whole: Range, at: int) -> None:
    if not whole.start <= at <= whole.end:
        with pytest.raises(ValueError, match="not a range"):
            whole.split(at)
        return
    first, second = whole.split(at)
    assert (first.start, first.end, second.end) == (whole.start, second.start, whole.end)
    assert first.length + second.length == whole.length


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (4, 3), (-2, -1)])
def test_what_is_no_range_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="not a range"):
        Range(start, end)
    with pytest.raises(ValueError, match="not a range"):
        RangeSet([(start, end)])


@thorough
@given(pieces=lists, first=spans)
def test_pieces_downloaded_in_any_order_fill_the_file_once(
    pieces: list[tuple[int, int]], first: Range
) -> None:
    assume(first.length > 0)
    done = RangeSet()
    for piece in pieces:
        done = done.union([piece])
    missing = done.gaps(first)
    filled = done.union(missing)
    assert filled.covers(first)
    assert not filled.gaps(first)
    assert filled.total == done.total + missing.total, "a gap never overlaps what is there"


def test_sizes_beyond_what_a_float_counts_stay_exact() -> None:
    """H14."""
    top = 2**63 - 1
    held = RangeSet([(0, 2**53 + 1), (2**53 + 2, top)])
    assert held.total == top - 1
    assert held.gaps(Range(0, top)).ranges == (Range(2**53 + 1, 2**53 + 2),)


def test_repr_names_the_pairs() -> None:
    assert repr(RangeSet([(0, 2), (5, 6)])) == "RangeSet([(0, 2), (5, 6)])"
    assert RangeSet() != object()
