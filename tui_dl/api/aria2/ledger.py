"""What the dialect remembers of downloads beyond what the service tells.

Owns the order of ends, how many there were, and what clients gave along that the engine
has no place for. Forgets a download with its record. Must not act.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from tui_dl.api.aria2.metalink import PieceHashes
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import DownloadEvent, EventKind
from tui_dl.service.contract import DownloadService

_ENDS = frozenset({EventKind.COMPLETED, EventKind.FAILED, EventKind.CANCELLED})
_BEGINNINGS = frozenset({EventKind.RESUMED, EventKind.STARTED, EventKind.REMOVED})


@dataclass(frozen=True, slots=True)
class Extra:
    """What a client said about one download."""

    texts: Mapping[str, str] = field(default_factory=dict)
    """Options without an effect here, by name."""
    expected_bytes: int | None = None
    """Size out of a Metalink document."""
    pieces: PieceHashes | None = None
    """Digests of pieces out of a Metalink document. Nothing checks them yet."""


NOTHING = Extra()


class Ledger:
    """Reads may come from one loop, events from any thread: each step is one dict operation."""

    def __init__(self, service: DownloadService) -> None:
        self.ends: dict[str, int] = {}
        """Id -> number of the event that ended it."""
        self.ended = 0
        """Ends since this began to listen."""
        self._extras: dict[str, Extra] = {}
        self._stop: Callable[[], None] = service.subscribe(self._hear)

    def extra(self, id_: str) -> Extra:
        """Return what was said about a download."""
        return self._extras.get(id_, NOTHING)

    def note(self, id_: str, extra: Extra) -> None:
        """Remember what was said about a download."""
        if extra == NOTHING:
            self._extras.pop(id_, None)
        else:
            self._extras[id_] = extra

    def close(self) -> None:
        """Stop listening."""
        self._stop()

    def _hear(self, event: DownloadEvent) -> None:
        id_ = event.download.id
        if event.kind in _ENDS:
            self.ends[id_] = event.sequence
            self.ended += 1
        elif event.kind in _BEGINNINGS:
            self.ends.pop(id_, None)
        if event.kind is EventKind.REMOVED:
            self._extras.pop(id_, None)
