"""What holds downloads back without anybody's hand, and lets them go again.

Owns the schedule, start times, slots of hosts, and the pauses for want of space or network.
Must not know how bytes come: it parks and resumes whole downloads, through the core.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.host_limits import HostLimit
from tui_dl.domain.model import DownloadRecord, Status
from tui_dl.domain.schedule import Profile, Schedule
from tui_dl.domain.units import format_size
from tui_dl.domain.urls import parse_url
from tui_dl.engine.config import EngineConfig
from tui_dl.engine.disk import Pools
from tui_dl.engine.job import Job, Stop
from tui_dl.engine.limiter import RateLimit
from tui_dl.engine.surroundings import Surroundings
from tui_dl.storage.space import free_bytes

WATCH_S = 2.0
"""Between two looks at disks and routes, while something waits for them."""

LONGEST_SLEEP_S = 30.0
"""A clock may be put, and a machine may have slept, while a time is waited for."""

BREATH_S = 0.1
"""Between two looks, however much happens."""


class Hands(Protocol):
    """What the steward may do to the core."""

    jobs: dict[str, Job]

    def fill_slots(self) -> None:
        """Start what may start."""

    def resume(self, record_id: str) -> None:
        """Queue a stopped download again."""

    def print_soon(self) -> None:
        """Have a new picture made."""


class HostShares:
    """One shared limit for each rule about hosts."""

    def __init__(self, rules: tuple[HostLimit, ...]) -> None:
        self._shares = {rule: RateLimit(rule.limit_bps) for rule in rules}
        # A queue of thousands that waits for one host is looked through at each event.
        self._find = lru_cache(maxsize=32_768)(self._find_rule)

    def rule_of(self, record: DownloadRecord) -> HostLimit | None:
        """Return the first rule that fits the link of a download."""
        return self._find(record.url) if self._shares else None

    def _find_rule(self, url: str) -> HostLimit | None:
        host = parse_url(url).host
        return next((rule for rule in self._shares if rule.hosts.allows(host)), None)

    def limits_of(self, record: DownloadRecord) -> tuple[RateLimit, ...]:
        """Return the limits that a download shares because of its host."""
        rule = self.rule_of(record)
        return () if rule is None or not rule.limit_bps else (self._shares[rule],)


class Steward:
    """Looks after what waits. All methods belong to the engine's loop."""

    def __init__(
        self,
        hands: Hands,
        config: EngineConfig,
        around: Surroundings,
        pools: Pools,
        shares: HostShares,
    ) -> None:
        self.is_paused = False
        """The schedule lets nothing run."""
        self.next_change: datetime | None = None
        """When the schedule changes something."""
        self._hands = hands
        self._config = config
        self._around = around
        self._pools = pools
        self._shares = shares
        self._schedule = config.schedule
        self._ordinary_bps = config.limit_bps
        self._profile: Profile | None = None
        self._let_go: set[str] = set()
        """Started by hand in spite of the schedule or a start time."""
        self._cut_off: set[str] = set()
        """They wait for the next try, and there is no way to their host."""
        self._poked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # -- life

    def open(self) -> None:
        """Take what holds now; then watch."""
        self._follow_schedule()
        self._task = asyncio.create_task(self._watch(), name="steward")

    async def close(self) -> None:
        """End the watch."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def poke(self) -> None:
        """Something happened that may be worth a look."""
        self._poked.set()

    async def _watch(self) -> None:
        while True:
            self._poked.clear()
            await self.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._sleep_s()):
                    await self._poked.wait()
            # Events come in bursts, one look is enough for all of them.
            await asyncio.sleep(BREATH_S)

    async def look(self) -> None:
        """See what has changed outside, and act on it."""
        self._follow_schedule()
        await self._look_at_space()
        self._look_at_network()
        self._hands.fill_slots()

    def _sleep_s(self) -> float | None:
        """Return how long nothing can happen by itself; ``None`` is for ever."""
        jobs = self._hands.jobs.values()
        if any(_waits_for_network(job) for job in jobs) or (
            self._config.min_free_bytes and any(job.is_active for job in jobs)
        ):
            return WATCH_S
        now = self._around.world.now()
        moments = [self.next_change, *(job.record.options.start_at for job in jobs if _waits(job))]
        seconds = [(moment - now).total_seconds() for moment in moments if moment is not None]
        ahead_s = [s for s in seconds if s > 0]
        return min(LONGEST_SLEEP_S, *ahead_s) + 0.01 if ahead_s else None

    # -- what the core asks

    def may_start(self, job: Job) -> bool:
        """Return whether a queued download may take a slot now."""
        record = job.record
        if job.is_active:  # still on its way out of an earlier run
            return False
        rule = self._shares.rule_of(record)
        if rule is not None and rule.slots is not None:
            others = (other for other in self._hands.jobs.values() if other.is_active)
            if sum(self._shares.rule_of(other.record) == rule for other in others) >= rule.slots:
                return False
        if record.id in self._let_go:
            return True
        start_at = record.options.start_at
        return not self.is_paused and (start_at is None or start_at <= self._around.world.now())

    def let_go(self, record_id: str) -> None:
        """Run a download although the schedule or its start time would have it wait."""
        self._let_go.add(record_id)

    def set_ordinary_limit(self, limit_bps: int) -> None:
        """Limit all downloads together, at once; a schedule takes over at its next change."""
        self._ordinary_bps = limit_bps
        self._set_limit(limit_bps)

    def set_schedule(self, schedule: Schedule) -> None:
        """Follow another schedule from now on."""
        self._schedule, self._profile = schedule, None
        self.is_paused, self.next_change = False, None
        self._set_limit(self._ordinary_bps)
        self._follow_schedule()
        self._hands.fill_slots()
        self.poke()

    # -- the schedule

    def _follow_schedule(self) -> None:
        world = self._around.world
        if not self._schedule.rules and self._profile is None and self.next_change is None:
            return
        now = world.now()
        profile = self._schedule.profile_at(world.wall(now))
        following = self.next_change
        is_over = following is not None and now >= following
        if following is None or is_over or profile != self._profile:
            # Looked for once a stretch: it costs some milliseconds.
            following = self._schedule.next_change(now, world.wall)
        if following != self.next_change:
            self.next_change = following
            self._hands.print_soon()
        # A machine that slept may come back to the same profile, some changes later.
        if profile == self._profile and not is_over:
            return
        self._profile = profile
        self._let_go.clear()
        self._set_limit(self._ordinary_bps if profile is None else profile.limit_bps)
        self.is_paused = profile is not None and profile.is_paused
        if self.is_paused:
            self._park_all()

    def _set_limit(self, limit_bps: int) -> None:
        self._around.global_limit.set_rate(limit_bps, self._around.now_s())
        self._hands.print_soon()

    def _park_all(self) -> None:
        for job in self._hands.jobs.values():
            # What is being verified needs no network, and would have to begin anew.
            if job.is_active and job.record.status not in (Status.PAUSING, Status.VERIFYING):
                job.note("The schedule pauses it.")
                job.stop(Stop.INTERRUPT)

    # -- space

    async def _look_at_space(self) -> None:
        """Pause what would eat into the space that is to stay free; ``RoomWatch`` resumes it."""
        keep = self._config.min_free_bytes
        if not keep:
            return
        running = [j for j in self._hands.jobs.values() if j.record.status in _WRITING]
        for folder in {job.record.directory for job in running}:
            free = await self._pools.run(self._pools.disk, free_bytes, Path(folder))
            if free is not None and free < keep:
                self._park_folder(folder, free)

    def _park_folder(self, folder: str, free: int) -> None:
        keep = format_size(self._config.min_free_bytes)
        words = f"{format_size(free)} are free in {folder}, but {keep} are to stay free."
        for job in self._hands.jobs.values():
            if job.record.directory == folder and job.record.status in _WRITING:
                job.park(Failure(ErrorCode.DISK_FULL, words))

    # -- the network

    def _look_at_network(self) -> None:
        waiting = [j for j in self._hands.jobs.values() if _waits_for_network(j)]
        for job in waiting:
            if not job.is_online():
                self._cut_off.add(job.record.id)
            elif job.record.status is Status.PAUSED and not self._config.only_asked:
                self._go_on(job, "The network is back.")
            elif job.transfer is not None and job.record.id in self._cut_off:
                self._cut_off.discard(job.record.id)
                job.transfer.hurry()

    def _go_on(self, job: Job, why: str) -> None:
        if job.record.status is Status.PAUSED:  # still: looking took a moment
            job.note(why)
            self._hands.resume(job.record.id)


_WRITING = frozenset({Status.PROBING, Status.DOWNLOADING, Status.RETRYING})


def _waits(job: Job) -> bool:
    return job.record.status is Status.QUEUED and not job.is_active


def _lacks(job: Job, code: ErrorCode) -> bool:
    record = job.record
    return (
        record.status is Status.PAUSED
        and record.failure is not None
        and record.failure.code is code
    )


def _waits_for_network(job: Job) -> bool:
    status = job.record.status  # asked of the whole list at each look
    return status is Status.RETRYING or (status is Status.PAUSED and _lacks(job, ErrorCode.OFFLINE))
