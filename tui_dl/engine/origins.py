"""Which link brought which bytes of a run: to know whom to blame for a bad piece.

Must not judge bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from tui_dl.domain.ranges import Range, RangeSet
from tui_dl.engine.plan import Claim
from tui_dl.engine.source import LinkSource


class AtWork(Protocol):
    """A worker as far as it matters here."""

    @property
    def source(self) -> LinkSource:
        """Where it fetches from."""

    @property
    def claim(self) -> Claim | None:
        """What it fills now."""


class Origins:
    """Bytes by link. A stretch on which two links raced belongs to both."""

    def __init__(self) -> None:
        self._of: dict[int, tuple[LinkSource, RangeSet]] = {}

    def note(self, source: LinkSource, start: int, end: int) -> None:
        """Remember that ``source`` had a part in bytes ``start``..``end``."""
        if start < end:
            _, known = self._of.get(id(source), (source, RangeSet()))
            self._of[id(source)] = source, known.union([(start, end)])

    def of(self, span: Range, workers: Iterable[AtWork] = ()) -> list[LinkSource]:
        """Return the links that had a part in ``span``, those still at work on it included."""
        found = {
            key: source
            for key, (source, known) in self._of.items()
            if any(True for _ in known.overlapping(span))
        }
        for worker in workers:
            claim = worker.claim
            if claim is not None and max(claim.start, span.start) < min(claim.position, span.end):
                found[id(worker.source)] = worker.source
        return list(found.values())

    def forget(self, lost: RangeSet) -> None:
        """Bytes that will be fetched again have no origin any more."""
        self._of = {
            key: (source, known.subtract(lost)) for key, (source, known) in self._of.items()
        }
