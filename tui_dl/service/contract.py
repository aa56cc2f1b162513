"""What every front end talks to. Two forms: an embedded engine and a remote one.

Must not hold behaviour. The same contract tests run on both forms.
Calls are coroutines of the caller's loop; ``snapshot`` is a plain read that never blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

from tui_dl.domain.errors import Failure
from tui_dl.domain.model import AddRequest, DownloadOptions
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import DownloadDetails, DownloadEvent, EngineSnapshot


class AddOutcome(StrEnum):
    """What became of one request."""

    ADDED = "added"
    DUPLICATE = "duplicate"
    """An unfinished download of this URL and folder (or this id) exists: see ``id``."""
    REFUSED = "refused"
    """The request itself is wrong: see ``failure``. No record was made."""


@dataclass(frozen=True, slots=True)
class AddResult:
    """The answer to one ``AddRequest``, in the order of the requests."""

    outcome: AddOutcome
    id: str | None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The answer for one id. ``failure`` is ``None`` when the action was taken."""

    id: str
    failure: Failure | None = None


class Recheck(StrEnum):
    """What a look at the source says of a finished download."""

    SAME = "same"
    """The file is in place and the server still has the version that it came from."""
    CHANGED = "changed"
    """The server has another version now, or the file here was edited or is gone."""
    UNKNOWN = "unknown"
    """The server does not tell, or cannot be reached."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a link leads to, before anything is fetched."""

    name: str
    """The name that the file would get."""
    total_bytes: int | None = None
    """``None`` when the server does not tell."""
    failure: Failure | None = None
    """Why nobody could be asked."""


class MoveTo(StrEnum):
    """Where a queued download goes."""

    UP = "up"
    DOWN = "down"
    TOP = "top"
    BOTTOM = "bottom"


EventListener = Callable[[DownloadEvent], None]
"""Called on the engine's thread: it must not block and must not raise."""


class DownloadService(Protocol):
    """Add downloads, steer them, and look at them.

    Every action takes full ids and answers per id, in order; an unknown id is a
    ``Failure`` with code ``unknown_download``, an action that the status does not allow
    one with ``not_allowed_now``. Cancelling an action's coroutine does not undo it.
    """

    async def start(self) -> None:
        """Open the engine (or connect).

        Raises:
            StateError: another process owns the state, or it cannot be read.
        """

    async def close(self) -> None:
        """Stop all transfers, make the state durable and let go. Idempotent."""

    def snapshot(self) -> EngineSnapshot:
        """Return the latest picture. Cheap, thread-safe, never blocks."""

    def subscribe(self, listener: EventListener) -> Callable[[], None]:
        """Call ``listener`` for every lifecycle event; return the way to stop it."""

    async def add(self, requests: Sequence[AddRequest]) -> list[AddResult]:
        """Add downloads; all that are well-formed become records in one transaction."""

    async def preview(self, request: AddRequest) -> Preview:
        """Ask what a request leads to, with one HEAD; nothing is fetched or kept.

        Raises:
            UsageError: the URL or an option is wrong.
        """

    async def pause(self, ids: Sequence[str]) -> list[ActionResult]:
        """Ask running and queued downloads to pause; returns once asked, not once paused."""

    async def resume(self, ids: Sequence[str]) -> list[ActionResult]:
        """Queue paused, failed and cancelled downloads again; their bytes are kept."""

    async def cancel(self, ids: Sequence[str]) -> list[ActionResult]:
        """Stop for good but keep the record and the partial file."""

    async def remove(self, ids: Sequence[str], *, with_files: bool) -> list[ActionResult]:
        """Drop records. ``with_files`` also deletes the files that we created, and only those."""

    async def move(self, ids: Sequence[str], to: MoveTo) -> list[ActionResult]:
        """Change places among downloads of the same priority, keeping the order of ``ids``."""

    async def move_to_index(self, id: str, index: int) -> ActionResult:
        """Put one download at place ``index`` (from 0) of the queue.

        Clamped to the stretch of its priority: it never passes one of another.
        """

    async def set_priority(self, ids: Sequence[str], priority: int) -> list[ActionResult]:
        """Start downloads before (-100 to 100: higher) or after others that wait.

        Each stays as near as it can to its place: raised, it is the last of its equals,
        lowered, the first. Nothing that runs is stopped.
        """

    async def set_url(self, id: str, url: str) -> ActionResult:
        """Give a stopped download a new link; bytes are kept only if identity agrees."""

    async def relocate(
        self, id: str, *, directory: str | None = None, name: str | None = None
    ) -> ActionResult:
        """Give a download another folder, another name or both, with what it has on the disk.

        ``directory`` is absolute and made if it is missing. A running download goes on
        there. Never replaces a file; after a failure everything is as it was.
        """

    async def set_options(self, id: str, options: DownloadOptions) -> ActionResult:
        """Change options; limit and priority act at once, the rest at the next start."""

    async def set_limit(self, id: str, limit_bps: int | None) -> ActionResult:
        """Limit one download at once; 0 is unlimited, ``None`` the default."""

    async def set_global_limit(self, limit_bps: int) -> None:
        """Limit the sum of all downloads at once; 0 is unlimited."""

    async def set_schedule(self, text: str) -> None:
        """Follow another schedule of limits at once; see ``domain/schedule.py``.

        Raises:
            UsageError: it cannot be read.
        """

    async def set_default_limit(self, limit_bps: int) -> None:
        """Limit at once each download that names no limit of its own; 0 is unlimited."""

    async def set_slots(self, slots: int) -> None:
        """Set how many downloads run at once (1 to 100)."""

    async def recheck(self, id: str) -> Recheck:
        """Compare a completed download with its source.

        Without a body, but for a file that somebody touched and that may be edited in secret.
        """

    async def details(self, id: str) -> DownloadDetails | None:
        """Return everything about one download, ``None`` when there is none."""
