"""All workers of one download in one run: start, feed, steal, race, back off, replace.

Must not know records, names or the catalog, nor what is done when none of them is left
(``next_try.py``). It fills a ``Plan`` through a ``Target`` and
ends when every byte is written, or with the error that stopped it for good.
"""

from __future__ import annotations

import asyncio

from tui_dl.domain.errors import ErrorCode, TransferError, TuiDlError
from tui_dl.domain.rates import RateHistory
from tui_dl.engine import crew
from tui_dl.engine.asking import Asking, Target
from tui_dl.engine.facts import Facts, GenerationChangedError
from tui_dl.engine.governor import Governor
from tui_dl.engine.intake import Intake
from tui_dl.engine.limiter import Limits, RateLimit
from tui_dl.engine.next_try import NextTry
from tui_dl.engine.origins import Origins
from tui_dl.engine.patience import Patience
from tui_dl.engine.plan import ENDLESS, Claim, Plan
from tui_dl.engine.recovery import Reaction, react, refined
from tui_dl.engine.retry import RetryPolicy, asked_wait_s
from tui_dl.engine.source import LinkSource
from tui_dl.engine.sources import Sources
from tui_dl.engine.surroundings import Observer, Surroundings
from tui_dl.engine.suspicions import Suspicions
from tui_dl.engine.watch import Pace
from tui_dl.engine.worker import Worker
from tui_dl.net.host_gate import HostGate
from tui_dl.net.identity import Judgement, Verdict
from tui_dl.net.reply import Framing, Reply


class Transfer:
    """One run over one generation of one resource."""

    def __init__(
        self,
        around: Surroundings,
        sources: Sources,
        target: Target,
        observer: Observer,
        *,
        plan: Plan,
        facts: Facts,
        policy: RetryPolicy,
        governor: Governor,
        limits: tuple[RateLimit, ...],
        origins: Origins,
    ) -> None:
        self.plan = plan
        self.facts = facts
        self.sources = sources
        self.origins = origins
        self.workers: list[Worker] = []
        self.history = RateHistory()
        self.framing: Framing | None = None
        self._around = around
        self._target = target
        self._observer = observer
        self._patience = Patience(
            policy,
            plan.done_bytes,
            tries_are_own=sources.primary.options.max_tries is not None,
        )
        self._governor = governor
        self._limits = Limits(*limits, around.global_limit)
        self._wake = asyncio.Event()
        intake = Intake(plan, target, around, self._wake)
        self.meter, self.eta = intake.meter, intake.eta
        self.write_now, self.write_pipe = intake.write_now, intake.write_pipe
        self.write_later = intake.write_later
        self._fatal: BaseException | None = None
        self.has_begun = False
        self._is_ended = False
        self._numbers = 0
        self._pace = Pace()
        self._suspicions = Suspicions()
        self._next_try = NextTry(around, sources, plan, facts, self._patience, observer, self._wake)
        self._asking = Asking(around.client, sources, target, facts, self._patience)

    # -- the run

    async def run(self) -> None:
        """Fill the plan.

        Raises:
            GenerationChangedError: the resource is another version now.
            TuiDlError: it cannot go on; what is written stays good.
        """
        try:
            while not self.is_done:
                if self._fatal is not None:
                    raise self._fatal
                if not self.workers:
                    await self._next_try.back_off(self.leave_out)
                    await self._start_lead()
                self._look_after_workers()
                await self._rest()
            if self._fatal is not None and not self.plan.is_complete:
                raise self._fatal
        finally:
            await crew.stop(self.workers)

    @property
    def is_done(self) -> bool:
        """Whether every byte is written, or a body of unknown length has ended."""
        return self._is_ended or self.plan.is_complete

    def hurry(self) -> None:
        """Cut a wait for the next try short."""
        self._next_try.hurry()

    def now_s(self) -> float:
        """Return the monotonic time."""
        return self._around.now_s()

    async def _rest(self) -> None:
        self._wake.clear()
        if self.is_done or not self.workers or self._fatal is not None:
            return
        began_s = self.now_s()
        try:
            # Not wait_for: that of Python 3.11 swallows a cancel that meets the event.
            async with asyncio.timeout(rest_s := self._pace.rest_s(began_s)):
                await self._wake.wait()
        except TimeoutError:
            self._pace.note_lag(self.now_s() - began_s - rest_s, rest_s)

    def leave_out(self, link: LinkSource) -> bool:
        """Do without a link from now on; ``False`` when it is the only one that can be asked."""
        was_first = link is self.sources.primary
        if not self.sources.drop(link):
            return False
        if was_first:
            self.facts.follow(self.sources.primary.validators)
        crew.let_go(worker for worker in self.workers if worker.source is link)
        return True

    async def _start_lead(self) -> None:
        source = self.sources.primary
        gate = self._around.gates.gate(*source.gate_key)
        if (held_s := gate.held_for_s()) > 0:
            # Another download was told to wait; this one says so in place of asking too.
            told = TransferError(gate.hold_reason, code=ErrorCode.BUSY)
            await self._next_try.wait(told, held_s)
        await gate.acquire(self)
        claim = self.plan.take_free()
        if claim is None:
            gate.release(self)
            raise RuntimeError("bytes are missing, but none are free")
        self._start(gate, source, claim)

    def _start(self, gate: HostGate, source: LinkSource, claim: Claim) -> None:
        self._numbers += 1
        worker = Worker(self._numbers, self, source)
        worker.claim = claim
        self.workers.append(worker)
        worker.task = asyncio.create_task(self._work(worker, gate), name=f"worker-{worker.number}")

    async def _work(self, worker: Worker, gate: HostGate) -> None:
        try:
            while worker.claim is not None:
                try:
                    await worker.fetch(worker.claim)
                finally:
                    self.origins.note(worker.source, worker.claim.start, worker.claim.position)
                    self.plan.leave(worker.claim)
                    worker.claim = None
                worker.claim = None if self.is_done else self._next_claim(worker)
        except asyncio.CancelledError:
            if not worker.is_dropped:
                raise
        except TuiDlError as error:
            self._worker_failed(worker, gate, error)
        except Exception as error:  # noqa: BLE001 - a defect ends this download, it must not hang
            self._fatal = error
        finally:
            self.workers.remove(worker)
            self._asking.forget(worker)
            gate.release(self)
            self._wake.set()

    # -- what a worker asks of us

    @property
    def idle_timeout_s(self) -> float:
        """Longest silence on a connection: the less a new one would cost, the shorter."""
        source = self.sources.primary
        if source.has_own_timeout or not self.facts.ranges_supported:
            return source.timeout_s
        return min(source.timeout_s, self._patience.silence_s(self.plan.done_bytes))

    async def open_reply(self, worker: Worker, claim: Claim) -> Reply:
        """Send the request for a claim."""
        self._observer.on_asking()
        return await self._asking.open(worker, claim, self.plan)

    async def admit(self, worker: Worker, reply: Reply) -> Judgement:
        """Judge a reply; at the first one learn the size and make the file ready.

        Raises:
            TransferError: the status carries no file.
            ReplyRefusedError: the body must not be written.
        """
        verdict = self._asking.judge(worker, reply, self.plan)
        self._pace.note_setup(self.now_s() - worker.asked_s - reply.prepared_s)
        if verdict.verdict is Verdict.RANGE_IGNORED and self._others_receive(worker):
            raise TransferError(verdict.reason, code=ErrorCode.RANGE_IGNORED)
        if not self.has_begun:
            await self._begin(reply)
        self._next_try.admitted()
        if verdict.verdict is Verdict.EMPTY:
            self._is_ended = True
        if verdict.verdict is Verdict.COMPLETE and verdict.total is not None:
            self._observer.on_note(f"{worker.host} said a wrong size at first: {verdict.reason}.")
            self.plan.settle_total(verdict.total)
            worker.is_dropped = True
        self._observer.on_receiving()
        return verdict

    async def _begin(self, reply: Reply) -> None:
        self.framing = reply.framing
        total = self.facts.known.total
        await self._target.begin(reply, total)
        # Not before: a file of no bytes is complete as soon as its length is known.
        if self.plan.total is None and total is not None:
            self.plan.settle_total(total)
        self.has_begun = True
        plan = self.plan
        self._governor.begin(
            self.now_s(),
            plan.done_bytes,
            self._pace.setup_s,
            plan.missing_bytes,
            busy_s=self._around.busy_s(),
        )

    def _others_receive(self, worker: Worker) -> bool:
        return any(w is not worker and w.received_of_claim > 0 for w in self.workers)

    def overlap_of(self, worker: Worker) -> bytes:
        """Return bytes on disk that the reply's first bytes must equal."""
        return self._asking.overlap_of(worker)

    @property
    def takes_pipes(self) -> bool:
        """Whether ``write_pipe`` may be called now: without a limit, on a quick disk."""
        return self._target.takes_pipes and not self.grain_bytes

    @property
    def grain_bytes(self) -> int:
        """Bytes that one connection may write at once; 0 without a limit."""
        return self._limits.grain_bytes(len(self.workers))

    async def pay(self, count: int) -> None:
        """Take ``count`` bytes from the limits and wait until they are due."""
        await asyncio.sleep(self._limits.take(count, self.now_s()))

    def extend(self, claim: Claim, up_to: int | None) -> None:
        """Let a claim grow into free bytes behind it, as far as its reply goes."""
        self.plan.extend(claim, ENDLESS if up_to is None else up_to)

    def follow(self, worker: Worker, claim: Claim) -> Claim | None:
        """Leave a full claim for the next gap that this worker's reply still reaches."""
        fresh = self.plan.take_free(worker.cursor)
        if fresh is not None:
            self.plan.leave(claim)
            worker.claim = fresh
        return fresh

    def ended(self, claim: Claim) -> None:
        """A body whose length nobody knew has ended cleanly: this is the length."""
        self.plan.settle_total(claim.position)
        self._is_ended = True

    # -- decisions

    def _next_claim(self, worker: Worker) -> Claim | None:
        """Find more work for an idle worker: free bytes, a share of another's, a race."""
        if worker.is_dropped or self.facts.ranges_supported is False or self._fatal is not None:
            return None
        if len(self.workers) > self._governor.target and self.facts.may_split:
            return None
        if (claim := self.plan.take_free()) is not None:
            return claim
        return self._share()

    def _share(self) -> Claim | None:
        if not self.facts.may_split or self.plan.total is None:
            return None
        now_s = self.now_s()
        return self._pace.share(self.plan, self.workers, now_s, self._least_bps(now_s))

    def _least_bps(self, now_s: float) -> float:
        return self._pace.least_bps(self.workers, now_s, is_limited=self.grain_bytes > 0)

    def _look_after_workers(self) -> None:
        """Count, add, and replace. Called some ten times a second and at each event."""
        now_s = self.now_s()
        self.history.add(now_s, self.meter.rate_bps(now_s))
        self._pace.usual_bps(self.workers, now_s)
        self._suspicions.judge(self.workers, now_s)
        crew.let_go(self._pace.losers(self.workers, now_s))
        crew.make_room(self, self.workers, self._around.gates, now_s)
        if self.facts.may_split and not self.grain_bytes:
            crew.let_go(self._pace.laggards(self.workers, now_s))  # their place is filled below
        left = self.plan.missing_bytes
        if not self.has_begun or left is None or not self.facts.may_split:
            return
        self._governor.has_several_links = self.sources.has_others
        target = self._governor.update(
            now_s,
            self.plan.done_bytes,
            left,
            self._pace.setup_s,
            least_setup_s=self._pace.least_setup_s,
            lag_s=self._pace.lag_s,
            busy_s=self._around.busy_s(),
            all_receive=len(self.workers) >= self._governor.target
            and all(w.received > 0 for w in self.workers),
        )
        if self._next_try.is_held_off(now_s) or not any(w.received for w in self.workers):
            return  # while nobody receives, more of the same would only hide a dead link
        if self._least_bps(now_s) > 0:
            target = max(target, min(2, self._governor.ceiling))
        while len(self.workers) < target:
            source = self.sources.pick(self.workers, now_s)
            gate = self._around.gates.gate(*source.gate_key)
            if gate.held_by(self) >= gate.share(self) or not gate.try_acquire(self):
                break
            claim = self.plan.take_free() or self._share()
            if claim is None:
                gate.release(self)
                break
            self._start(gate, source, claim)

    def _worker_failed(self, worker: Worker, gate: HostGate, error: TuiDlError) -> None:
        """Let an error stop the file, all workers for a while, or just this one."""
        reaction = react(error, had_bytes=worker.received > 0)
        is_mirror = worker.source is not self.sources.primary
        if reaction is Reaction.STOP_FILE and not (
            is_mirror and isinstance(error, GenerationChangedError)
        ):
            self._fatal = error
            return
        if is_mirror:
            self._mirror_failed(reaction, worker, gate, error)
            return
        if reaction is Reaction.NEW_GENERATION:
            self._fatal = GenerationChangedError(error.message)
            return
        others = len(self.workers) - 1
        has_bytes = self.plan.done_bytes > 0
        error = refined(error, reaction, worker.source, worker.asked_url, has_bytes=has_bytes)
        is_crowded = reaction is Reaction.FEWER_CONNECTIONS
        if others and (is_crowded or not error.retryable):
            self._suspicions.note(
                self.now_s(),
                worker.source,
                gate=gate if is_crowded else None,
                governor=self._governor,
            )
        if wait_s := asked_wait_s(error.failure()):
            gate.hold(wait_s, error.message)
        # One that worked and broke is replaced at once; one that got nothing had better wait.
        self._next_try.hold_off(pauses=others > 0 and (is_crowded or not worker.received))
        self._observer.on_note(f"Connection {worker.number}: {error.message}")
        self._next_try.failed(error)

    def _mirror_failed(
        self, reaction: Reaction, worker: Worker, gate: HostGate, error: TuiDlError
    ) -> None:
        """Do without a mirror that differs, refuses or gives nothing (trap H9)."""
        if reaction is Reaction.ONE_CONNECTION and worker.received > 0:
            return
        siblings = [w for w in self.workers if w.source is worker.source and w.received > 0]
        if reaction is Reaction.FEWER_CONNECTIONS and siblings:
            self._suspicions.note(self.now_s(), worker.source, gate=gate)
            self._next_try.hold_off(pauses=True)
            return
        if self.leave_out(worker.source):
            self._observer.on_note(f"{error.message} The mirror {worker.host} is left out.")
