"""A download service in memory: it moves only when a test says so.

It keeps the contract (answers per id and in order, the lifecycle table, duplicates,
events) and notes every call. Must not sleep, read a clock or use chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.tui.fake_parts import FOLDER, Script, blank, details_of, not_now, unknown
from tui_dl.domain.errors import ErrorCode, Failure, UsageError
from tui_dl.domain.lifecycle import Event, next_status
from tui_dl.domain.model import AddRequest, Assurance, DownloadOptions, Status
from tui_dl.domain.names import name_from_url
from tui_dl.domain.snapshot import (
    DownloadDetails,
    DownloadEvent,
    DownloadSnapshot,
    EngineSnapshot,
    EventKind,
)
from tui_dl.domain.urls import parse_url
from tui_dl.service.contract import (
    ActionResult,
    AddOutcome,
    AddResult,
    EventListener,
    MoveTo,
    Preview,
    Recheck,
)

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class FakeService:
    """A faithful ``DownloadService`` with a steerable clock."""

    def __init__(self, *, slots: int = 3) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.slots = slots
        self.limit_bps = 0
        self.free_bytes: int | None = 214_000_000_000
        self.api_address: str | None = "127.0.0.1:1700"
        self.stale_s = 0.0
        self.previews: dict[str, Preview] = {}
        self.now = START
        self.fail_next: Exception | None = None
        self._rows: dict[str, DownloadSnapshot] = {}
        self._scripts: dict[str, Script] = {}
        self._listeners: list[EventListener] = []
        self._version = 0
        self._sequence = 0
        self._count = 0
        self._order: list[DownloadSnapshot] | None = None

    # --- steering by tests ------------------------------------------------------

    def put(self, name: str, status: Status = Status.QUEUED, **fields: Any) -> DownloadSnapshot:
        """Place a download as it is; ``fields`` are those of ``DownloadSnapshot``."""
        speed_bps = fields.pop("speed_bps", fields.get("rate_bps", 0.0))
        ranges_supported = fields.pop("ranges_supported", True)
        self._count += 1
        row = replace(blank(self._count, name, self.now), status=status, **fields)
        self._rows[row.id] = row
        self._scripts[row.id] = Script(speed_bps, ranges_supported)
        self._settle()
        return self._rows[row.id]

    def change(self, id: str, **fields: Any) -> DownloadSnapshot:
        """Change fields of a download, without an event."""
        row = self._rows[id]
        self._rows[id] = replace(row, version=row.version + 1, **fields)
        self._settle()
        return self._rows[id]

    def script(self, id: str) -> Script:
        """Return what is decided about one download."""
        return self._scripts[id]

    def row(self, id: str) -> DownloadSnapshot:
        """Return one download as it is now."""
        self._ordered()
        return self._rows[id]

    def named(self, name: str) -> DownloadSnapshot:
        """Return the download of this name."""
        return next(row for row in self._rows.values() if row.name == name)

    def names(self) -> list[str]:
        """Return the names in queue order."""
        return [row.name for row in self._ordered()]

    def calls_of(self, action: str) -> list[Any]:
        """Return the arguments of all calls of one action."""
        return [arguments for name, arguments in self.calls if name == action]

    def advance(self, seconds: float) -> None:
        """Let time pass: bytes arrive at each download's speed, countdowns run."""
        self.now += timedelta(seconds=seconds)
        for id, row in list(self._rows.items()):
            if row.status is Status.DOWNLOADING:
                self._arrive(id, seconds)
            elif row.status is Status.RETRYING and row.retry_in_s is not None:
                self.change(id, retry_in_s=max(0.0, row.retry_in_s - seconds))

    def finish(self, id: str) -> None:
        """Complete a download and push the event."""
        row = self._rows[id]
        total = row.total_bytes if row.total_bytes is not None else row.done_bytes
        self.change(
            id, status=Status.COMPLETED, done_bytes=total, total_bytes=total, rate_bps=0.0,
            eta_s=None, connections=0, completed_at=self.now, assurance=Assurance.VALIDATOR,
        )  # fmt: skip
        self.push(EventKind.COMPLETED, id)

    def fail(self, id: str, code: ErrorCode, message: str) -> None:
        """Fail a download and push the event."""
        self.change(
            id, status=Status.FAILED, failure=Failure(code, message), rate_bps=0.0, eta_s=None,
            connections=0,
        )  # fmt: skip
        self.push(EventKind.FAILED, id)

    def push(self, kind: EventKind, id: str, row: DownloadSnapshot | None = None) -> None:
        """Push an event to the listeners."""
        self._sequence += 1
        event = DownloadEvent(kind, row or self._rows[id], self._sequence)
        for listener in list(self._listeners):
            listener(event)

    # --- the contract -----------------------------------------------------------------

    async def start(self) -> None:
        """Do nothing: it is always open."""
        self.calls.append(("start", None))

    async def close(self) -> None:
        """Note the call."""
        self.calls.append(("close", None))

    def snapshot(self) -> EngineSnapshot:
        """Return the picture of now."""
        rows = tuple(self._ordered())
        return EngineSnapshot(
            version=self._version,
            downloads=rows,
            rate_bps=sum(row.rate_bps for row in rows),
            limit_bps=self.limit_bps,
            slots=self.slots,
            free_bytes=self.free_bytes,
            directory=FOLDER,
            api_address=self.api_address,
            stale_s=self.stale_s,
        )

    def subscribe(self, listener: EventListener) -> Callable[[], None]:
        """Keep a listener until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def listeners(self) -> int:
        """How many listeners there are."""
        return len(self._listeners)

    async def add(self, requests: Sequence[AddRequest]) -> list[AddResult]:
        """Add, refuse or name the duplicate of each request."""
        self._note("add", tuple(requests))
        return [self._add_one(request) for request in requests]

    async def preview(self, request: AddRequest) -> Preview:
        """Tell what a test put into ``previews`` under this URL, else the name in the URL."""
        self._note("preview", request.url)
        name = name_from_url(parse_url(request.url).target) or "download"
        return self.previews.get(request.url, Preview(name))

    async def pause(self, ids: Sequence[str]) -> list[ActionResult]:
        """Pause: queued ones at once, running ones after ``settle_pauses``."""
        return self._each("pause", ids, Event.PAUSE, EventKind.PAUSED)

    async def resume(self, ids: Sequence[str]) -> list[ActionResult]:
        """Queue again."""
        return self._each("resume", ids, Event.RESUME, EventKind.RESUMED)

    async def cancel(self, ids: Sequence[str]) -> list[ActionResult]:
        """Stop for good."""
        return self._each("cancel", ids, Event.CANCEL, EventKind.CANCELLED)

    async def remove(self, ids: Sequence[str], *, with_files: bool) -> list[ActionResult]:
        """Drop records."""
        self._note("remove", (tuple(ids), with_files))
        results = []
        for id in ids:
            row = self._rows.pop(id, None)
            results.append(ActionResult(id, None if row else unknown()))
            if row is not None:
                self.push(EventKind.REMOVED, id, row)
        self._settle()
        return results

    async def move(self, ids: Sequence[str], to: MoveTo) -> list[ActionResult]:
        """Change places in the queue."""
        self._note("move", (tuple(ids), to))
        for id in ids if to in (MoveTo.UP, MoveTo.BOTTOM) else reversed(ids):
            self._move_one(id, to)
        return [ActionResult(id, None if id in self._rows else unknown()) for id in ids]

    async def move_to_index(self, id: str, index: int) -> ActionResult:
        """Put one download at a place of the queue."""
        self._note("move_to_index", (id, index))
        order = [row.id for row in self._ordered() if row.id != id]
        order.insert(max(0, min(index, len(order))), id)
        self._renumber(order)
        return ActionResult(id)

    async def set_url(self, id: str, url: str) -> ActionResult:
        """Give a stopped download a new link."""
        self._note("set_url", (id, url))
        status = next_status(self._rows[id].status, Event.NEW_URL)
        if status is None:
            return ActionResult(id, not_now("given a new link", self._rows[id].status))
        self.change(id, url=url, status=status, failure=None)
        return ActionResult(id)

    async def relocate(
        self, id: str, *, directory: str | None = None, name: str | None = None
    ) -> ActionResult:
        """Note the wish and grant it."""
        self._note("relocate", (id, directory, name))
        row = self._rows[id]
        self.change(id, directory=directory or row.directory, name=name or row.name)
        return ActionResult(id)

    async def set_priority(self, ids: Sequence[str], priority: int) -> list[ActionResult]:
        """Let downloads start before or after others."""
        self._note("set_priority", (tuple(ids), priority))
        return [ActionResult(id) for id in ids]

    async def set_limit(self, id: str, limit_bps: int | None) -> ActionResult:
        """Limit one download."""
        self._note("set_limit", (id, limit_bps))
        self.change(id, limit_bps=limit_bps or 0)
        return ActionResult(id)

    async def set_global_limit(self, limit_bps: int) -> None:
        """Limit all."""
        self._note("set_global_limit", limit_bps)
        self.limit_bps = limit_bps
        self._settle()

    async def set_schedule(self, text: str) -> None:
        """Follow another schedule."""
        self._note("set_schedule", text)

    async def set_default_limit(self, limit_bps: int) -> None:
        """Limit each that names no limit."""
        self._note("set_default_limit", limit_bps)

    async def set_options(self, id: str, options: DownloadOptions) -> ActionResult:
        """Change the options of one download."""
        self._note("set_options", (id, options))
        self.change(id, options=options)
        return ActionResult(id)

    async def set_slots(self, slots: int) -> None:
        """Set the slots."""
        self._note("set_slots", slots)
        self.slots = slots
        self._settle()

    async def recheck(self, id: str) -> Recheck:
        """Say that nothing is known."""
        self._note("recheck", id)
        return Recheck.UNKNOWN

    async def details(self, id: str) -> DownloadDetails | None:
        """Return all about one download, with a map that follows its bytes."""
        row = self._rows.get(id)
        if row is None:
            return None
        return details_of(row, self._scripts[id])

    # --- inside ------------------------------------------------------------------------

    def settle_pauses(self) -> None:
        """Let the workers of pausing downloads leave."""
        for id, row in list(self._rows.items()):
            if row.status is Status.PAUSING:
                self.change(id, status=Status.PAUSED, rate_bps=0.0, eta_s=None, connections=0)
                self.push(EventKind.PAUSED, id)

    def _add_one(self, request: AddRequest) -> AddResult:
        try:
            target = parse_url(request.url).target
        except UsageError as error:
            return AddResult(AddOutcome.REFUSED, None, error.failure())
        for row in self._rows.values():
            same = row.url == request.url and row.directory == request.directory
            if same and not row.status.is_over and not request.allow_duplicate:
                return AddResult(AddOutcome.DUPLICATE, row.id)
        name = request.options.out or name_from_url(target) or "download"
        row = self.put(
            name, Status.PAUSED if request.paused else Status.QUEUED, url=request.url,
            directory=request.directory, options=request.options, source=request.source,
        )  # fmt: skip
        self.push(EventKind.ADDED, row.id)
        return AddResult(AddOutcome.ADDED, row.id)

    def _each(
        self, action: str, ids: Sequence[str], event: Event, kind: EventKind
    ) -> list[ActionResult]:
        self._note(action, tuple(ids))
        results = []
        for id in ids:
            row = self._rows.get(id)
            status = next_status(row.status, event) if row is not None else None
            if row is None:
                results.append(ActionResult(id, unknown()))
            elif status is None:
                results.append(ActionResult(id, not_now(action + "d", row.status)))
            else:
                gone = status is Status.PAUSING or not status.is_running
                self.change(
                    id, status=status, failure=None,
                    rate_bps=0.0 if gone else row.rate_bps, eta_s=None if gone else row.eta_s,
                )  # fmt: skip
                self.push(kind, id)
                results.append(ActionResult(id))
        return results

    def _note(self, action: str, arguments: Any) -> None:
        self.calls.append((action, arguments))
        if self.fail_next is not None:
            error, self.fail_next = self.fail_next, None
            raise error

    def _arrive(self, id: str, seconds: float) -> None:
        row, script = self._rows[id], self._scripts[id]
        done = row.done_bytes + int(script.speed_bps * seconds)
        script.history.extend([script.speed_bps] * max(1, int(seconds)))
        if row.total_bytes is not None and done >= row.total_bytes:
            self.finish(id)
            return
        eta_s = None
        if row.total_bytes is not None and script.speed_bps:
            eta_s = (row.total_bytes - done) / script.speed_bps
        self.change(
            id, done_bytes=done, rate_bps=script.speed_bps, eta_s=eta_s,
            elapsed_s=row.elapsed_s + seconds,
        )  # fmt: skip

    def _move_one(self, id: str, to: MoveTo) -> None:
        order = [row.id for row in self._ordered()]
        if id not in order:
            return
        at = order.index(id)
        order.remove(id)
        place = {
            MoveTo.UP: max(0, at - 1),
            MoveTo.DOWN: at + 1,
            MoveTo.TOP: 0,
            MoveTo.BOTTOM: len(order),
        }[to]
        order.insert(place, id)
        self._renumber(order)

    def _renumber(self, order: Sequence[str]) -> None:
        for position, id in enumerate(order):
            self._rows[id] = replace(self._rows[id], position=position)
        self._settle()

    def _settle(self) -> None:
        """The picture is a new one; ranks are given when somebody looks."""
        self._version += 1
        self._order = None

    def _ordered(self) -> list[DownloadSnapshot]:
        """Return the rows in queue order, each queued one with its rank."""
        if self._order is None:
            rank = 0
            for row in sorted(self._rows.values(), key=lambda row: row.position):
                rank += row.status is Status.QUEUED
                wanted = rank if row.status is Status.QUEUED else None
                if row.queue_rank != wanted:
                    self._rows[row.id] = replace(row, queue_rank=wanted, version=row.version + 1)
            self._order = sorted(self._rows.values(), key=lambda row: row.position)
        return self._order
