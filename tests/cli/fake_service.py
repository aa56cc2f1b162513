"""A service without an engine: the test says what happens to each download.

It keeps to the contract where the commands rely on it: results in order, a version that
grows, events from a thread of its own, duplicates by URL, folder and name. It fetches nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tests.support.rows import plain_row
from tui_dl.domain.errors import ErrorCode, Failure, TuiDlError
from tui_dl.domain.model import AddRequest, Assurance, DownloadOptions, Status
from tui_dl.domain.snapshot import (
    DownloadDetails,
    DownloadEvent,
    DownloadSnapshot,
    EngineSnapshot,
    EventKind,
)
from tui_dl.service.contract import (
    ActionResult,
    AddOutcome,
    AddResult,
    EventListener,
    MoveTo,
    Recheck,
)

_BORN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

_EVENTS = {
    Status.COMPLETED: EventKind.COMPLETED,
    Status.FAILED: EventKind.FAILED,
    Status.PAUSED: EventKind.PAUSED,
    Status.CANCELLED: EventKind.CANCELLED,
    Status.DOWNLOADING: EventKind.STARTED,
    Status.RETRYING: EventKind.RETRYING,
}

Change = Mapping[str, Any]
"""Fields of ``DownloadSnapshot`` that take new values."""


def make_row(id: str, url: str, directory: str = "/files", **fields: Any) -> DownloadSnapshot:
    """Return a row with plain values for everything that ``fields`` does not name."""
    request = AddRequest(url, directory)
    own: dict[str, Any] = {
        "id": id,
        "gid": id.rjust(16, "0"),
        "url": url,
        "name": url.partition("?")[0].rpartition("/")[2] or "download",
        "directory": directory,
        "source": request.source,
        "options": request.options,
    }
    return plain_row(**(own | fields))


DONE: Change = {
    "status": Status.COMPLETED,
    "done_bytes": 1000,
    "total_bytes": 1000,
    "assurance": Assurance.SINGLE_REPLY,
    "elapsed_s": 2.0,
    "average_bps": 500.0,
}


def failed_with(code: ErrorCode, message: str = "It did not work.") -> Change:
    """Return the change to a failure of this kind."""
    return {"status": Status.FAILED, "failure": Failure(code, message)}


@dataclass
class FakeService:
    """Runs a plan per URL: the changes that follow each other once it is started."""

    plans: dict[str, list[Change]] = field(default_factory=dict)
    """URL -> its changes; a URL without a plan completes at once."""
    rows: dict[str, DownloadSnapshot] = field(default_factory=dict)
    start_error: TuiDlError | None = None
    refuse: dict[str, Failure] = field(default_factory=dict)
    looks: dict[str, Recheck] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    added: list[AddRequest] = field(default_factory=list)
    on_started: Callable[[], object] = lambda: None
    """Called on the fake engine's thread once a plan has run out without an end."""

    def __post_init__(self) -> None:
        self._listeners: list[EventListener] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._sequence = 0

    async def start(self) -> None:
        """Start, or fail as told."""
        self.calls.append("start")
        if self.start_error is not None:
            raise self.start_error

    async def close(self) -> None:
        """Wait for the plans."""
        self.calls.append("close")
        for thread in self._threads:
            thread.join()

    def snapshot(self) -> EngineSnapshot:
        """Return all rows."""
        with self._lock:
            return EngineSnapshot(version=self._sequence, downloads=tuple(self.rows.values()))

    def subscribe(self, listener: EventListener) -> Callable[[], None]:
        """Listen."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def add(self, requests: Sequence[AddRequest]) -> list[AddResult]:
        """Add rows and run their plans on a thread, which may be quicker than the answer."""
        results = []
        for request in requests:
            failure = self.refuse.get(request.url)
            twin = self._unfinished(request)
            if failure is not None:
                results.append(AddResult(AddOutcome.REFUSED, None, failure))
            elif twin is not None and not request.allow_duplicate:
                results.append(AddResult(AddOutcome.DUPLICATE, twin.id))
            else:
                self.added.append(request)
                id = f"id{len(self.rows) + 1}"
                name = {"name": request.options.out} if request.options.out else {}
                row = make_row(id, request.url, request.directory, **name)
                self.rows[id] = replace(row, options=request.options)
                results.append(AddResult(AddOutcome.ADDED, id))
                self._run(id)
        return results

    async def resume(self, ids: Sequence[str]) -> list[ActionResult]:
        """Run the plans of stopped rows."""
        for id in ids:
            self.calls.append(f"resume {id}")
            self._change(id, {"status": Status.QUEUED, "failure": None}, EventKind.RESUMED)
            self._run(id)
        return [ActionResult(id) for id in ids]

    async def recheck(self, id: str) -> Recheck:
        """Answer as told, ``SAME`` if nothing was told."""
        self.calls.append(f"recheck {id}")
        return self.looks.get(id, Recheck.SAME)

    async def set_options(self, id: str, options: DownloadOptions) -> ActionResult:
        """Take the options over."""
        self.calls.append(f"set_options {id}")
        self._change(id, {"options": options}, EventKind.CHANGED)
        return ActionResult(id)

    def change(self, id: str, change: Change) -> None:
        """Change one row from outside of any plan."""
        self._change(id, change, _EVENTS.get(change.get("status", Status.QUEUED)))

    def remove_row(self, id: str) -> None:
        """Let a row vanish, as another front end would."""
        self._change(id, {}, EventKind.REMOVED)
        with self._lock:
            del self.rows[id]

    def _unfinished(self, request: AddRequest) -> DownloadSnapshot | None:
        for row in self.rows.values():
            same = (row.url, row.directory) == (request.url, request.directory)
            same = same and row.options.out == request.options.out
            if same and row.status is not Status.COMPLETED:
                return row
        return None

    def _run(self, id: str) -> None:
        thread = threading.Thread(target=self._follow_plan, args=[id])
        self._threads.append(thread)
        thread.start()

    def _follow_plan(self, id: str) -> None:
        changes = self.plans.get(self.rows[id].url, [DONE])
        for change in changes:
            status = change.get("status", Status.DOWNLOADING)
            self._change(id, change, _EVENTS.get(status))
        if self.rows[id].status not in (Status.COMPLETED, Status.FAILED, Status.PAUSED):
            self.on_started()

    def _change(self, id: str, change: Change, kind: EventKind | None) -> None:
        with self._lock:
            self._sequence += 1
            row = replace(self.rows[id], version=self._sequence + 1, **change)
        # As with the engine: the event is told before the picture shows it.
        if kind is not None:
            for listener in list(self._listeners):
                listener(DownloadEvent(kind, row, self._sequence))
        with self._lock:
            self.rows[id] = row

    async def pause(self, ids: Sequence[str]) -> list[ActionResult]:
        """Not used by the commands."""
        raise NotImplementedError

    async def cancel(self, ids: Sequence[str]) -> list[ActionResult]:
        """Not used by the commands."""
        raise NotImplementedError

    async def remove(self, ids: Sequence[str], *, with_files: bool) -> list[ActionResult]:
        """Not used by the commands."""
        raise NotImplementedError

    async def move(self, ids: Sequence[str], to: MoveTo) -> list[ActionResult]:
        """Not used by the commands."""
        raise NotImplementedError

    async def move_to_index(self, id: str, index: int) -> ActionResult:
        """Not used by the commands."""
        raise NotImplementedError

    async def set_url(self, id: str, url: str) -> ActionResult:
        """Not used by the commands."""
        raise NotImplementedError

    async def set_priority(self, ids: Sequence[str], priority: int) -> list[ActionResult]:
        """Not used by the commands."""
        raise NotImplementedError

    async def set_limit(self, id: str, limit_bps: int | None) -> ActionResult:
        """Not used by the commands."""
        raise NotImplementedError

    async def set_global_limit(self, limit_bps: int) -> None:
        """Not used by the commands."""
        raise NotImplementedError

    async def set_schedule(self, text: str) -> None:
        """Not used by the commands."""
        raise NotImplementedError

    async def set_default_limit(self, limit_bps: int) -> None:
        """Not used by the commands."""
        raise NotImplementedError

    async def set_slots(self, slots: int) -> None:
        """Not used by the commands."""
        raise NotImplementedError

    async def details(self, id: str) -> DownloadDetails | None:
        """Not used by the commands."""
        raise NotImplementedError
