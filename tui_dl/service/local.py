"""The service over an embedded engine.

Must not decide: it crosses into the engine's loop and turns errors into answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from tui_dl.domain.errors import Failure, TuiDlError, UsageError
from tui_dl.domain.model import AddRequest, DownloadOptions
from tui_dl.domain.schedule import parse_schedule
from tui_dl.domain.snapshot import DownloadDetails, EngineSnapshot
from tui_dl.engine.config import EngineConfig
from tui_dl.engine.core import Core
from tui_dl.engine.engine import Engine
from tui_dl.engine.preview import look_at
from tui_dl.engine.recheck import changed_ns, recheck
from tui_dl.engine.relocate import relocate_in
from tui_dl.engine.world import REAL_WORLD, World
from tui_dl.service.contract import (
    ActionResult,
    AddOutcome,
    AddResult,
    EventListener,
    MoveTo,
    Preview,
    Recheck,
)

Action = Callable[[Core, str], Awaitable[None] | None]


class LocalService:
    """A ``DownloadService`` whose engine lives in this process."""

    def __init__(self, config: EngineConfig, world: World = REAL_WORLD) -> None:
        self._engine = Engine(config, world)

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences about state that had to be repaired at the start."""
        return self._engine.notices

    async def start(self) -> None:
        """Open the engine.

        Raises:
            StateError: another process owns the state, or it cannot be read.
            DiskError: the state folder cannot be used.
        """
        await asyncio.to_thread(self._engine.open)

    async def close(self) -> None:
        """Stop all transfers, make the state durable and let go. Idempotent."""
        await asyncio.to_thread(self._engine.close)

    async def attach(self, guest: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run ``guest`` (a server) in the engine's loop until the service closes."""
        await self._engine.attach(guest)

    async def set_api_address(self, address: str | None) -> None:
        """Make ``host:port`` of the remote API known."""
        await self._engine.set_api_address(address)

    async def set_unix_socket(self, name: str) -> None:
        """Make a socket in the data folder known to other processes of this user."""
        await asyncio.to_thread(self._engine.set_unix_socket, name)

    def snapshot(self) -> EngineSnapshot:
        """Return the latest picture."""
        return self._engine.snapshot()

    def subscribe(self, listener: EventListener) -> Callable[[], None]:
        """Call ``listener`` in the engine's thread for every event."""
        return self._engine.subscribe(listener)

    async def add(self, requests: Sequence[AddRequest]) -> list[AddResult]:
        """Add downloads in one transaction.

        Raises:
            StateError, DiskError: the catalog could not be written; nothing was added.
        """
        answers = await self._engine.call(lambda core: core.add(requests))
        return [AddResult(AddOutcome(outcome), id_, failure) for outcome, id_, failure in answers]

    async def preview(self, request: AddRequest) -> Preview:
        """Ask what a request leads to; nothing is fetched or kept."""

        async def work(core: Core) -> Preview:
            seen = await look_at(request, core.tools.around.client, core.tools.config)
            return Preview(seen.name, seen.total_bytes, seen.failure)

        return await self._engine.call(work)

    async def pause(self, ids: Sequence[str]) -> list[ActionResult]:
        """Ask downloads to pause."""
        return await self._each(ids, lambda core, id_: core.pause(id_))

    async def resume(self, ids: Sequence[str]) -> list[ActionResult]:
        """Queue stopped downloads again."""
        return await self._each(ids, lambda core, id_: core.resume(id_))

    async def cancel(self, ids: Sequence[str]) -> list[ActionResult]:
        """Stop downloads for good."""
        return await self._each(ids, lambda core, id_: core.cancel(id_))

    async def remove(self, ids: Sequence[str], *, with_files: bool) -> list[ActionResult]:
        """Drop records, and files if asked."""
        return await self._each(ids, lambda core, id_: core.remove(id_, with_files=with_files))

    async def move(self, ids: Sequence[str], to: MoveTo) -> list[ActionResult]:
        """Change places in the queue."""

        async def work(core: Core) -> list[ActionResult]:
            known = [id_ for id_ in ids if id_ in core.jobs]
            core.move(known, to.value)
            return [await _answer(core, id_, _check) for id_ in ids]

        return await self._engine.call(work)

    async def move_to_index(self, id: str, index: int) -> ActionResult:
        """Put one download at a place of the queue."""
        return await self._one(id, lambda core, id_: core.move_to_index(id_, index))

    async def set_priority(self, ids: Sequence[str], priority: int) -> list[ActionResult]:
        """Let downloads start before or after others that wait."""

        async def work(core: Core) -> list[ActionResult]:
            core.set_priority([id_ for id_ in ids if id_ in core.jobs], priority)
            return [await _answer(core, id_, _check) for id_ in ids]

        try:
            return await self._engine.call(work)
        except UsageError as error:
            return [ActionResult(id_, error.failure()) for id_ in ids]

    async def set_url(self, id: str, url: str) -> ActionResult:
        """Give a stopped download a new link."""
        return await self._one(id, lambda core, id_: core.set_url(id_, url))

    async def relocate(
        self, id: str, *, directory: str | None = None, name: str | None = None
    ) -> ActionResult:
        """Move one download to another folder or name."""
        return await self._one(id, lambda core, id_: relocate_in(core, id_, directory, name))

    async def set_options(self, id: str, options: DownloadOptions) -> ActionResult:
        """Change options of one download."""
        return await self._one(id, lambda core, id_: core.set_options(id_, options))

    async def set_limit(self, id: str, limit_bps: int | None) -> ActionResult:
        """Limit one download at once."""
        return await self._one(id, lambda core, id_: core.set_limit(id_, limit_bps))

    async def set_global_limit(self, limit_bps: int) -> None:
        """Limit the sum of all downloads at once."""

        async def work(core: Core) -> None:
            core.steward.set_ordinary_limit(limit_bps)

        await self._engine.call(work)

    async def set_schedule(self, text: str) -> None:
        """Follow another schedule from now on.

        Raises:
            UsageError: it cannot be read.
        """
        schedule = parse_schedule(text)

        async def work(core: Core) -> None:
            core.steward.set_schedule(schedule)

        await self._engine.call(work)

    async def set_default_limit(self, limit_bps: int) -> None:
        """Limit at once each download that names no limit of its own."""

        async def work(core: Core) -> None:
            core.set_default_limit(limit_bps)

        await self._engine.call(work)

    async def set_slots(self, slots: int) -> None:
        """Set how many downloads run at once."""

        async def work(core: Core) -> None:
            core.set_slots(slots)

        await self._engine.call(work)

    async def recheck(self, id: str) -> Recheck:
        """Compare a completed download with its source; a body only where a file was touched."""

        async def work(core: Core) -> Recheck:
            job, pools = core.job(id), core.tools.pools
            same = await recheck(job.record, core.tools)
            seen_ns = await pools.run(pools.disk, changed_ns, job.record) if same else None
            if seen_ns is not None and seen_ns != job.record.final_changed_ns:
                job.change(final_changed_ns=seen_ns)  # it has proved its bytes: not once more
            return Recheck.UNKNOWN if same is None else Recheck.SAME if same else Recheck.CHANGED

        return await self._engine.call(work)

    async def details(self, id: str) -> DownloadDetails | None:
        """Return everything about one download."""

        async def work(core: Core) -> DownloadDetails | None:
            return core.details(id)

        return await self._engine.call(work)

    async def _one(self, record_id: str, action: Action) -> ActionResult:
        return (await self._each([record_id], action))[0]

    async def _each(self, ids: Sequence[str], action: Action) -> list[ActionResult]:
        async def work(core: Core) -> list[ActionResult]:
            # Ten thousand are paused in one go: only what has to wait gets a task of its own.
            begun = [_begin(core, id_, action) for id_ in ids]
            slow = [step for step in begun if not isinstance(step, ActionResult)]
            ends = iter(await asyncio.gather(*slow)) if slow else iter(())
            return [step if isinstance(step, ActionResult) else next(ends) for step in begun]

        return await self._engine.call(work)


def _check(core: Core, record_id: str) -> None:
    core.job(record_id)


def _begin(
    core: Core, record_id: str, action: Action
) -> ActionResult | Coroutine[Any, Any, ActionResult]:
    """Begin an action; return its answer, or what has to be awaited for it."""
    try:
        pending = action(core, record_id)
    except TuiDlError as error:
        return ActionResult(record_id, error.failure())
    return ActionResult(record_id) if pending is None else _end(record_id, pending)


async def _end(record_id: str, pending: Awaitable[None]) -> ActionResult:
    try:
        await pending
    except TuiDlError as error:
        return ActionResult(record_id, error.failure())
    return ActionResult(record_id)


async def _answer(core: Core, record_id: str, action: Action) -> ActionResult:
    failure: Failure | None = None
    try:
        pending = action(core, record_id)
        if pending is not None:
            await pending
    except TuiDlError as error:
        failure = error.failure()
    return ActionResult(record_id, failure)
