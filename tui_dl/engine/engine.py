"""The door to the engine: a thread with a loop of its own, and calls that cross into it.

Must not decide anything: ``core.py`` does. Rendering, a slow client or a busy caller
must never delay a socket, so nothing of the engine runs in the caller's loop.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any, TypeVar

from tui_dl.domain.errors import StateError, TuiDlError
from tui_dl.domain.lifecycle import Event
from tui_dl.domain.model import DownloadRecord, Status
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import DownloadEvent, EngineSnapshot
from tui_dl.engine.busy import BusyClock
from tui_dl.engine.catalog_lane import CatalogLane
from tui_dl.engine.config import EngineConfig
from tui_dl.engine.core import Core
from tui_dl.engine.disk import DiskPace, Pools
from tui_dl.engine.hooks import Hooks
from tui_dl.engine.job import Job, JobTools
from tui_dl.engine.landing import Landing
from tui_dl.engine.limiter import RateLimit
from tui_dl.engine.press import Press
from tui_dl.engine.room_watch import RoomWatch
from tui_dl.engine.steward import HostShares
from tui_dl.engine.surroundings import Surroundings
from tui_dl.engine.target import FileTarget
from tui_dl.engine.world import REAL_WORLD, World
from tui_dl.net.client import ClientConfig, HttpClient
from tui_dl.net.host_gate import HostGates
from tui_dl.storage.boot import current_boot_id
from tui_dl.storage.catalog import Catalog
from tui_dl.storage.instance import InstanceLock
from tui_dl.storage.journal import sweep_journals
from tui_dl.storage.mounts import Mounts
from tui_dl.storage.room import Room

Result = TypeVar("Result")
Listener = Callable[[DownloadEvent], None]

CLOSE_S = 30.0

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Parts:
    """What lives as long as the engine is open."""

    core: Core
    client: HttpClient
    pools: Pools
    catalog: Catalog
    hooks: Hooks
    busy_clock: BusyClock


class Engine:
    """An embedded download engine. Open it once; ``close`` is idempotent."""

    def __init__(self, config: EngineConfig, world: World = REAL_WORLD) -> None:
        self.config = config
        self._world = world
        self.notices: tuple[str, ...] = ()
        """Sentences about state that had to be repaired at the start."""
        self._snapshot = EngineSnapshot(version=0, directory=str(config.directory))
        self._listeners: list[Listener] = []
        self._listeners_lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._parts: _Parts | None = None
        self._lock: InstanceLock | None = None
        self._close_lock = threading.Lock()
        self._guests: set[asyncio.Task[None]] = set()

    # -- life

    def open(self) -> None:
        """Take the state folder, start the thread, and run what was running.

        Blocks for some milliseconds. Call it from any thread, not from a loop in a hurry.

        Raises:
            StateError: another process owns the state, or it is too new.
            DiskError: the state folder cannot be used.
        """
        if self._thread is not None:
            raise RuntimeError("the engine is open")
        self._lock = InstanceLock.acquire(self.config.data_dir)
        opened: threading.Event = threading.Event()
        failed: list[BaseException] = []
        self._thread = threading.Thread(
            target=self._main, args=(opened, failed), name="tui-dl-engine", daemon=True
        )
        self._thread.start()
        opened.wait()
        if failed:
            self._thread.join()
            self._thread = None
            self._lock.release()
            raise failed[0]

    def close(self) -> None:
        """Stop all transfers, make the state durable, end the thread. Idempotent."""
        with self._close_lock:
            thread, self._thread = self._thread, None
            if thread is None or self._loop is None:
                return
            future = asyncio.run_coroutine_threadsafe(self._shut(), self._loop)
            try:
                future.result(CLOSE_S)
            finally:
                self._loop.call_soon_threadsafe(self._loop.stop)
                thread.join(CLOSE_S)
                if self._lock is not None:
                    self._lock.release()

    def _main(self, opened: threading.Event, failed: list[BaseException]) -> None:
        loop = _new_loop()
        asyncio.set_event_loop(loop)
        self._loop = loop
        try:
            loop.run_until_complete(self._set_up())
        except BaseException as error:  # noqa: BLE001 - handed over to the caller of open
            failed.append(error)
            opened.set()
            loop.close()
            return
        opened.set()
        try:
            loop.run_forever()
        finally:
            loop.close()

    async def _set_up(self) -> None:
        config = self.config
        catalog = Catalog.open(config.data_dir / "catalog.sqlite3")
        contents = catalog.load()
        finish_backup: Callable[[], None] | None = None
        if not catalog.recovered and not contents.quarantined:
            finish_backup = catalog.begin_backup()
            unfinished = {r.id for r in contents.records if r.status is not Status.COMPLETED}
            sweep_journals(config.journal_path("").parent, unfinished)
        self.notices = (
            *((catalog.recovered,) if catalog.recovered else ()),
            *(f"Record {bad.id} is damaged: {bad.reason}" for bad in contents.quarantined),
        )
        pools = Pools()
        lane = CatalogLane(catalog, pools)
        client = HttpClient(ClientConfig(user_agent=config.user_agent))
        busy_clock = BusyClock()
        around = Surroundings(
            client=client,
            gates=HostGates(64, clock=time.monotonic),
            now_s=time.monotonic,
            random=random.random,
            global_limit=RateLimit(config.limit_bps),
            world=self._world,
            busy_s=busy_clock,
        )
        room, mounts = Room(), Mounts(config.data_dir)
        paces: dict[int, DiskPace] = {}
        boot_id = current_boot_id()

        def new_target(record: DownloadRecord) -> FileTarget:
            return FileTarget(
                pools,
                paces.setdefault(hash(record.directory), DiskPace()),
                config.journal_path(record.id),
                boot_id,
                room=room,
                mounts=mounts,
                keep_free=config.min_free_bytes,
                checkpoints=config.checkpoints,
            )

        def report(job: Job, event: Event) -> None:
            core.on_job_event(job, event)
            room_watch.note(job.record)
            hooks.start(event, job.record, lambda line: later(job, line))

        def later(job: Job, line: str) -> None:
            with suppress(RuntimeError):  # the loop has closed: the log went with it
                loop.call_soon_threadsafe(job.note, line)

        def go_on(record_id: str) -> None:
            core.jobs[record_id].note("There is room again.")
            core.resume(record_id)

        shares = HostShares(config.host_limits)
        hooks, loop = Hooks(config.hooks), asyncio.get_running_loop()
        tools = JobTools(
            config=config,
            pools=pools,
            around=around,
            new_target=new_target,
            save=lane.save,
            save_now=lambda record: lane.save_now([record]),
            save_durably=lambda record: lane.save_now([record], durable=True),
            report=report,
            shared_limits=shares.limits_of,
            default_limit_bps=lambda: core.default_limit_bps,
            past=lambda: [job.record for job in core.jobs.values()],
            out=lambda job: core.on_job_out(job),
            landing=Landing(pools, lambda: core.queue.is_busy),
            needs_slot=lambda job, needs: core.slots.note_need(job, needs=needs),
            asked=lambda job: core.slots.note_asked(job),
            turn=lambda job: core.slots.turn(job),
        )
        core = Core(tools, lane, Press(tools, self._publish, self._emit), shares)
        self._parts = _Parts(core, client, pools, catalog, hooks, busy_clock)
        lane.start()
        room_watch = RoomWatch(room, pools, config.min_free_bytes, core.records, go_on)
        core.open(contents.records)
        if finish_backup is not None:
            self._host(_in_time(pools, finish_backup), "backup")
        if not config.only_asked:
            self._watch_room(room_watch, contents.records)

    def _watch_room(self, watch: RoomWatch, records: Iterable[DownloadRecord]) -> None:
        for record in records:
            watch.note(record)
        self._host(watch.run(), "room")

    def _host(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._guests.add(task)
        task.add_done_callback(self._guests.discard)

    async def _shut(self) -> None:
        parts, self._parts = self._parts, None
        if parts is None:
            return
        guests = tuple(self._guests)
        for guest in guests:
            guest.cancel()
        if guests:
            await asyncio.wait(guests)
        await parts.core.close()
        await parts.pools.run(parts.pools.disk, parts.hooks.leave)
        await parts.client.aclose()
        parts.catalog.close()
        parts.pools.close()
        parts.busy_clock.close()

    # -- crossing over

    async def call(self, work: Callable[[Core], Coroutine[Any, Any, Result]]) -> Result:
        """Run ``work`` in the engine's loop and await its result in the caller's loop.

        What it changed is in the snapshot before the caller goes on. Cancelling the caller
        does not undo what was asked.

        Raises:
            StateError: the engine is closed.
        """
        parts, loop = self._parts, self._loop
        if parts is None or loop is None:
            raise StateError("The engine is closed.")

        async def visibly() -> Result:
            result = await work(parts.core)
            parts.core.picture_if_changed()
            return result

        if asyncio.get_running_loop() is loop:
            return await visibly()
        future = asyncio.run_coroutine_threadsafe(visibly(), loop)
        return await asyncio.shield(asyncio.wrap_future(future))

    async def attach(self, guest: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run ``guest`` in the engine's loop until it ends or the engine closes.

        Meant for a server that must be as close to the engine as the sockets are. It is
        cancelled first when the engine closes, and awaited.
        """

        async def begin(_: Core) -> None:
            self._host(guest(), "guest")

        await self.call(begin)

    async def set_api_address(self, address: str | None) -> None:
        """Show where the remote API listens, in pictures and to other processes."""

        async def work(core: Core) -> None:
            core.api_address = address
            core.picture()

        await self.call(work)
        if self._lock is not None and address is not None:
            host, _, port = address.rpartition(":")
            self._lock.set_address(host, int(port))

    def set_unix_socket(self, name: str) -> None:
        """Tell other processes of a socket in the data folder. Any thread."""
        if self._lock is not None:
            self._lock.set_address(None, None, unix_socket=name)

    def snapshot(self) -> EngineSnapshot:
        """Return the latest picture. Any thread."""
        return self._snapshot

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` in the engine's thread for each event; return the way to stop."""
        with self._listeners_lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._listeners_lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return unsubscribe

    def _publish(self, snapshot: EngineSnapshot) -> None:
        self._snapshot = snapshot

    def _emit(self, event: DownloadEvent) -> None:
        with self._listeners_lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            try:
                listener(event)
            except Exception:  # a front end's mistake must not stop the engine
                logger.exception("a listener failed")


async def _in_time(pools: Pools, finish_backup: Callable[[], None]) -> None:
    """Let the copy of the list wait for the disk while downloads begin.

    After a kill gigabytes may be on their way to the disk: a sync then takes a second.
    """
    try:
        await pools.run(pools.disk, finish_backup)
    except TuiDlError as error:
        logger.warning("the copy of the list could not be kept: %s", error.message)


def _new_loop() -> asyncio.AbstractEventLoop:
    if sys.platform != "win32" and sys.implementation.name == "cpython":
        import uvloop

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()
