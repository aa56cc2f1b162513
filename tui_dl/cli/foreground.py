"""One run of ``get``: add or find the downloads, wait for their ends, say what happened.

Owns which downloads are this run's own. Must not draw (``reporters.py``, ``live.py``)
and must not know flags. Everything here runs on the main thread's loop; the engine has
its own thread and reaches this one through ``call_soon_threadsafe`` only.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime

from tui_dl.cli.engine import notices
from tui_dl.cli.exit_codes import code_of_errors, code_of_signal
from tui_dl.cli.finished import find_finished
from tui_dl.cli.garbage import look_at_work
from tui_dl.cli.reporters import Reporter
from tui_dl.cli.signals import stop_signals
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import AddRequest, Status
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.redaction import redacted
from tui_dl.domain.schedule import wall_time
from tui_dl.domain.snapshot import DownloadEvent, DownloadSnapshot, EventKind
from tui_dl.service.contract import (
    ActionResult,
    AddOutcome,
    AddResult,
    DownloadService,
    Recheck,
)

_ENDED = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.PAUSED})
"""Nothing more happens by itself. A pause in the foreground comes from trouble only."""

_FEW = 4
"""So few are left that each event is heard at once."""
_BURST_S = 0.02
"""Events of longer lists are heard together: each wake costs the engine's thread a turn too."""

_LOOKS = {
    Recheck.SAME: "the server still has the same",
    Recheck.UNKNOWN: "whether the server has another by now cannot be told",
}


@dataclass(slots=True)
class Ledger:
    """What one command was asked for, over all engines that it goes through."""

    open: dict[int, AddRequest]
    """What has not ended yet; the keys tell equal requests apart."""
    errors: list[ErrorCode] = field(default_factory=list)
    started: set[str] = field(default_factory=set)
    """Ids under way that this command has set going: added, or taken up again."""
    announced: set[str] = field(default_factory=set)

    @staticmethod
    def of(requests: Iterable[AddRequest]) -> Ledger:
        """Begin with nothing done."""
        return Ledger({id(request): request for request in requests})

    def close(self, request: AddRequest | None) -> None:
        """Note an end."""
        self.open.pop(id(request), None)


@dataclass(frozen=True, slots=True)
class Company:
    """What a run does for others that share its engine; nothing by itself."""

    opened: Callable[[], Awaitable[None]] | None = None
    """Awaited once the service has started."""
    stopped: Callable[[Ledger], Awaitable[None]] | None = None
    """Awaited after a signal, before the service closes."""
    finished: Callable[[], Awaitable[None]] | None = None
    """Awaited once all has ended, before the service closes."""


async def run_foreground(
    service: DownloadService,
    ledger: Ledger,
    reporter: Reporter,
    company: Company = Company(),
) -> int:
    """Download all that is open in ``ledger`` and return the exit code.

    The first signal stops the transfers, makes the state durable and returns 128 + its number.

    Raises:
        TuiDlError: the engine could not be opened.
    """
    look_at_work()
    run = _Run(service, reporter, ledger)
    stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    with stop_signals(stopped.set_result):
        work = asyncio.create_task(run.fetch(company))
        try:
            await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not stopped.done():
                return await work
            work.cancel()
            await asyncio.wait({work})
            reporter.close()
            if company.stopped is not None:
                await company.stopped(ledger)
            reporter.note("Stopped. The same command continues where it was.")
            return code_of_signal(stopped.result())
        finally:
            reporter.close()
            await service.close()


class _Run:
    """The downloads of this run and what became of them."""

    def __init__(self, service: DownloadService, reporter: Reporter, ledger: Ledger) -> None:
        self._service = service
        self._reporter = reporter
        self._ledger = ledger
        self._loop = asyncio.get_running_loop()
        self._early: list[DownloadEvent] | None = []
        """Events that came before all ids were known; ``None`` once they are."""
        self._heard: deque[DownloadEvent] = deque()
        """Events on their way from the engine's thread to ours."""
        self._is_awake = False
        """Somebody will look at them soon."""
        self._pending: dict[str, int] = {}
        """Id -> the version of its row that is old news: only a later row can end it."""
        self._requests: dict[str, AddRequest] = {}
        self._over = asyncio.Event()
        self._hold = ""

    async def fetch(self, company: Company) -> int:
        """Add everything, follow it to the end, return the exit code."""
        await self._service.start()
        if company.opened is not None:
            await company.opened()
        for sentence in notices(self._service):
            self._reporter.note(sentence)
        unsubscribe = self._service.subscribe(self._hear)
        try:
            await self._begin(await self._missing(list(self._ledger.open.values())))
            await self._follow()
            if company.finished is not None:
                await company.finished()
        finally:
            unsubscribe()
        return code_of_errors(self._ledger.errors)

    async def _missing(self, requests: Sequence[AddRequest]) -> list[AddRequest]:
        """Return the requests whose file is not here yet; report the others as done."""
        missing: list[AddRequest] = []
        for request in requests:
            finished = await find_finished(self._service, request)
            if finished is None:
                missing.append(request)
                continue
            row, look = finished
            self._reporter.note(f"{row.name} is already here: {_LOOKS[look]}.")
            self._ledger.close(request)
            self._reporter.completed(row)
        return missing

    async def _begin(self, requests: Sequence[AddRequest]) -> None:
        results = await self._service.add(requests) if requests else []
        early, self._early = self._early or [], None
        # The picture may lag behind the answer; the events of what is new do not.
        rows = {event.download.id: event.download for event in early}
        rows |= {download.id: download for download in self._service.snapshot().downloads}
        for request, result in zip(requests, results, strict=True):
            self._take(request, result, rows.get(result.id or ""))
        await self._resume(
            {
                result.id: request
                for request, result in zip(requests, results, strict=True)
                if result.outcome is AddOutcome.DUPLICATE and result.id is not None
            },
            rows,
        )
        for event in early:
            self._on_event(event)

    def _take(self, request: AddRequest, result: AddResult, row: DownloadSnapshot | None) -> None:
        if result.id is None:
            self._refuse(request, result.failure)
            return
        if result.id in self._pending:
            self._ledger.close(request)
            self._reporter.note(f"{redacted(request.url)} is given twice; it is fetched once.")
            return
        self._requests[result.id] = request
        continued = result.outcome is AddOutcome.DUPLICATE
        is_old_news = continued and row is not None and row.status in _ENDED
        self._pending[result.id] = row.version if row is not None and is_old_news else -1
        if not continued or row is None or not row.status.is_running:
            self._ledger.started.add(result.id)
        # Another engine took over: it is the same download, and it was told of before.
        if row is not None and result.id not in self._ledger.announced:
            self._ledger.announced.add(result.id)
            self._reporter.started(row, continued=continued)

    async def _resume(
        self, known: Mapping[str, AddRequest], rows: Mapping[str, DownloadSnapshot]
    ) -> None:
        """Set going what an earlier run left, in whatever status, with the options of this one."""
        answers: list[ActionResult] = []
        for id, request in known.items():
            row = rows.get(id)
            if row is None or row.options != request.options:
                answers.append(await self._service.set_options(id, request.options))
        answers += await self._service.resume(list(known))
        for answer in answers:
            # NOT_ALLOWED_NOW: it moved on by itself since we looked; its events tell the rest.
            if answer.failure is None or answer.failure.code is ErrorCode.NOT_ALLOWED_NOW:
                continue
            self._pending.pop(answer.id, None)
            self._ledger.close(self._requests.get(answer.id))
            self._ledger.errors.append(answer.failure.code)
            self._reporter.note(answer.failure.message)

    def _refuse(self, request: AddRequest, failure: Failure | None) -> None:
        failure = failure or Failure(ErrorCode.INTERNAL, "The engine gave no answer.")
        self._ledger.close(request)
        self._ledger.errors.append(failure.code)
        self._reporter.refused(request.url, failure)

    async def _follow(self) -> None:
        while self._pending:
            rows = self._rows()
            self._tell_hold()
            self._reporter.tick([row for row in rows if row.status not in _ENDED])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), self._reporter.interval_s)
            # Events tell the order of the ends. What ended before we listened, or between
            # an answer and our look at it, has no event left to tell it: the picture does,
            # once the events that belong to it have had their turn.
            rows = self._rows()
            await asyncio.sleep(0)
            for row in rows:
                self._settle(row)

    def _tell_hold(self) -> None:
        """Say it when a schedule lets nothing run: else it would look as if it hung."""
        snapshot = self._service.snapshot()
        if snapshot.hold == self._hold:
            return
        self._hold = snapshot.hold
        if snapshot.hold:
            until = snapshot.limit_until
            when = "" if until is None else f" until {wall_time(until, datetime.now(UTC))}"
            self._reporter.note(f"The schedule of the settings pauses downloads{when}.")

    def _rows(self) -> list[DownloadSnapshot]:
        downloads: Iterable[DownloadSnapshot] = self._service.snapshot().downloads
        return [download for download in downloads if download.id in self._pending]

    def _hear(self, event: DownloadEvent) -> None:
        """Take an event on the engine's thread."""
        self._heard.append(event)
        if self._is_awake:
            return
        self._is_awake = True
        # RuntimeError: our loop has closed. Nobody is left who would want to know.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        if len(self._pending) > _FEW:
            self._loop.call_later(_BURST_S, self._take_heard)
        else:
            self._take_heard()

    def _take_heard(self) -> None:
        self._is_awake = False  # first: what comes from here on wakes us again
        while self._heard:
            self._on_event(self._heard.popleft())

    def _on_event(self, event: DownloadEvent) -> None:
        if self._early is not None:
            self._early.append(event)
            return
        if (
            event.kind is EventKind.REMOVED
            and self._pending.pop(event.download.id, None) is not None
        ):
            self._ledger.close(self._requests.get(event.download.id))
            self._ledger.errors.append(ErrorCode.INTERNAL)
            self._reporter.note(f"{event.download.name} was removed from the list.")
        self._settle(event.download)
        if not self._pending:
            self._over.set()

    def _settle(self, row: DownloadSnapshot) -> None:
        """Take note of an end, once."""
        known = self._pending.get(row.id)
        if known is None or row.status not in _ENDED or row.version <= known:
            return
        del self._pending[row.id]
        self._ledger.close(self._requests.get(row.id))
        self._ledger.started.discard(row.id)
        if row.status is Status.COMPLETED:
            self._reporter.completed(row)
            return
        self._ledger.errors.append(ErrorCode.INTERNAL if row.failure is None else row.failure.code)
        self._reporter.failed(row)
