"""Bytes that came, on their way into the file: written where their claim is, and counted.

Must not decide which bytes are wanted, nor wait for limits.
"""

from __future__ import annotations

import asyncio

from tui_dl.domain.rates import EtaMeter, RateMeter
from tui_dl.engine.asking import Target
from tui_dl.engine.plan import Claim, Plan
from tui_dl.engine.surroundings import Surroundings


class Intake:
    """What all workers of one transfer write through."""

    def __init__(
        self, plan: Plan, target: Target, around: Surroundings, wake: asyncio.Event
    ) -> None:
        """``wake`` is set when the last byte is written."""
        self.meter = RateMeter()
        self.eta = EtaMeter()
        self._plan = plan
        self._target = target
        self._around = around
        self._wake = wake

    def write_now(self, claim: Claim, data: memoryview) -> bool:
        """Write at the claim's position, or return ``False`` when the disk is slow."""
        if not self._target.is_quick:
            return False
        self._target.write_now(data, claim.position)
        self._wrote(claim, len(data))
        return True

    def write_pipe(self, claim: Claim, pipe: int, count: int) -> None:
        """Write ``count`` bytes out of a pipe at the claim's position."""
        self._target.write_pipe(pipe, count, claim.position)
        self._wrote(claim, count)

    async def write_later(self, claim: Claim, data: memoryview) -> None:
        """Write at the claim's position through the pool."""
        claim.reserved = len(data)
        try:
            await self._target.write_later(data, claim.position)
        finally:
            claim.reserved = 0
        self._wrote(claim, len(data))

    def _wrote(self, claim: Claim, count: int) -> None:
        self._plan.advance(claim, count)
        now_s = self._around.now_s()
        self.meter.add(now_s, count)
        self.eta.add(now_s, count)
        if self._plan.is_complete:
            self._wake.set()
