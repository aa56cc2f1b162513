"""Half-open range algebra. Inclusive ends exist on the wire only.

A ``RangeSet`` is a normalised tuple: sorted, disjoint, no two touching.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """Bytes ``start`` up to but not including ``end``. Never negative, may be empty."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a range: {self.start}..{self.end}")

    @property
    def length(self) -> int:
        """Number of bytes."""
        return self.end - self.start

    def intersect(self, other: Range) -> Range | None:
        """Return the shared bytes, or ``None`` when there are none."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Range(start, end) if start < end else None

    def split(self, at: int) -> tuple[Range, Range]:
        """Return the two halves around offset ``at``.

        Raises:
            ValueError: ``at`` is outside the range.
        """
        return Range(self.start, at), Range(at, self.end)


class RangeSet:
    """An immutable set of bytes, kept as disjoint, sorted, non-touching ranges."""

    __slots__ = ("_ranges",)

    def __init__(self, ranges: Iterable[Range | tuple[int, int]] = ()) -> None:
        if ranges == ():  # most sets begin so, and each small file makes ten of them
            self._ranges: tuple[Range, ...] = ()
            return
        pairs = sorted(
            (r.start, r.end) if isinstance(r, Range) else (Range(*r).start, r[1]) for r in ranges
        )
        merged: list[tuple[int, int]] = []
        for start, end in pairs:
            if start == end:
                continue
            if merged and start <= merged[-1][1]:
                if end > merged[-1][1]:
                    merged[-1] = (merged[-1][0], end)
            else:
                merged.append((start, end))
        self._ranges = tuple(Range(start, end) for start, end in merged)

    @property
    def ranges(self) -> tuple[Range, ...]:
        """The normalised ranges."""
        return self._ranges

    @property
    def total(self) -> int:
        """Number of bytes in the set."""
        return sum(r.length for r in self._ranges)

    def union(self, other: RangeSet | Iterable[Range | tuple[int, int]]) -> RangeSet:
        """Return all bytes that are in either."""
        return RangeSet((*self._ranges, *other))

    def subtract(self, other: RangeSet) -> RangeSet:
        """Return the bytes that are here but not in ``other``."""
        result: list[Range] = []
        for mine in self._ranges:
            start = mine.start
            for theirs in other.overlapping(mine):
                if theirs.start > start:
                    result.append(Range(start, theirs.start))
                start = max(start, theirs.end)
            if start < mine.end:
                result.append(Range(start, mine.end))
        return RangeSet(result)

    def intersect(self, other: RangeSet) -> RangeSet:
        """Return the bytes that are in both."""
        found: list[Range] = []
        for mine in self._ranges:
            for theirs in other.overlapping(mine):
                shared = mine.intersect(theirs)
                if shared is not None:
                    found.append(shared)
        return RangeSet(found)

    def gaps(self, within: Range) -> RangeSet:
        """Return the bytes of ``within`` that are missing here."""
        return RangeSet((within,)).subtract(self)

    def overlapping(self, span: Range) -> Iterator[Range]:
        """Yield the ranges that share at least one byte with ``span``, in order."""
        if span.start == span.end:
            return
        first = max(0, bisect_right(self._ranges, span.start, key=lambda r: r.start) - 1)
        # No slice: it would copy the rest of a long set for every span of another one.
        for index in range(first, len(self._ranges)):
            candidate = self._ranges[index]
            if candidate.start >= span.end:
                return
            if candidate.end > span.start:
                yield candidate

    def covers(self, span: Range) -> bool:
        """Return whether every byte of ``span`` is in the set."""
        if span.start == span.end:
            return True
        return any(r.start <= span.start and span.end <= r.end for r in self.overlapping(span))

    def __contains__(self, offset: int) -> bool:
        return self.covers(Range(offset, offset + 1))

    def __iter__(self) -> Iterator[Range]:
        return iter(self._ranges)

    def __len__(self) -> int:
        return len(self._ranges)

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RangeSet) and self._ranges == other._ranges

    def __hash__(self) -> int:
        return hash(self._ranges)

    def __repr__(self) -> str:
        return f"RangeSet({[(r.start, r.end) for r in self._ranges]})"
