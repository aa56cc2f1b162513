"""Between two tries of one transfer: how long to wait, and what else there is to try.

Owns the last failure, until when nothing new is begun, and whether the file was asked for
without a range. Must not start workers; it is called when none is left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from tui_dl.domain.errors import ErrorCode, TuiDlError
from tui_dl.engine.facts import Facts
from tui_dl.engine.patience import Patience
from tui_dl.engine.plan import Plan
from tui_dl.engine.recovery import may_be_about_ranges
from tui_dl.engine.source import LinkSource
from tui_dl.engine.sources import Sources
from tui_dl.engine.surroundings import Observer, Surroundings

LeaveOut = Callable[[LinkSource], bool]

HOLD_OFF_S = 0.5
"""No new connection for this long after one failed while others go on."""


class NextTry:
    """The way from one failure to the next request."""

    def __init__(
        self,
        around: Surroundings,
        sources: Sources,
        plan: Plan,
        facts: Facts,
        patience: Patience,
        observer: Observer,
        wake: asyncio.Event,
    ) -> None:
        """``wake`` ends a wait early."""
        self._around = around
        self._sources = sources
        self._plan = plan
        self._facts = facts
        self._patience = patience
        self._observer = observer
        self._wake = wake
        self._error: TuiDlError | None = None
        self._hold_off_until_s = 0.0
        self._was_asked_plainly = False
        self._is_asked_plainly = False
        """The request under way is the one without a range that was worth a try."""

    def failed(self, error: TuiDlError) -> None:
        """Note what the next try is to be about."""
        self._error = error

    def admitted(self) -> None:
        """Note that a reply could be used."""
        self._is_asked_plainly = False

    def hold_off(self, *, pauses: bool) -> None:
        """Begin no connection beside those that work for ``HOLD_OFF_S``, or do so at once."""
        self._hold_off_until_s = self._around.now_s() + HOLD_OFF_S * pauses

    def is_held_off(self, now_s: float) -> bool:
        """Whether that time is not over yet."""
        return now_s < self._hold_off_until_s

    def hurry(self) -> None:
        """Cut a wait short."""
        self._hold_off_until_s = 0.0
        self._wake.set()

    async def back_off(self, leave_out: LeaveOut) -> None:
        """Wait before the next try. Returns at once before the first one.

        ``leave_out`` does without a link, if it can be done.

        Raises:
            TuiDlError: the last failure, when there is nothing left to try.
        """
        error = self._error
        if error is None:
            return
        delay_s = self._patience.failed(error, self._plan.done_bytes, self._around.random())
        self._sources.primary.note_break(has_moved=self._patience.has_moved)
        if self._is_asked_plainly:
            # Without a range it is no better: then ranges are not what it minds.
            self._is_asked_plainly, self._facts.ranges_supported = False, None
        elif (
            self._patience.is_barren
            and not self._sources.has_others
            and self._may_ask_plainly(error)
        ):
            self._ask_plainly(error)
            delay_s = delay_s or 0.0
        if delay_s is None or (self._sources.has_others and self._patience.is_tired):
            self._find_another_way(error, leave_out)
            delay_s = 0.0
        self._error = None
        await self.wait(error, delay_s)

    def _find_another_way(self, error: TuiDlError, leave_out: LeaveOut) -> None:
        """Turn to a mirror, or ask without ranges; raises ``error`` when neither is left."""
        if leave_out(self._sources.primary):
            self._observer.on_note(f"{error.message} A mirror takes its place.")
            self._patience.renew()
            return
        if not self._may_ask_plainly(error, is_last_hope=True):
            raise error
        self._ask_plainly(error)

    def _may_ask_plainly(self, error: TuiDlError, *, is_last_hope: bool = False) -> bool:
        """Whether the file might come without a Range field, which was not tried yet."""
        if self._facts.ranges_supported is False or self._was_asked_plainly:
            return False
        if is_last_hope and error.code is ErrorCode.BUSY and not self._patience.tries_are_own:
            return True
        return may_be_about_ranges(error, has_bytes=self._plan.done_bytes > 0)

    def _ask_plainly(self, error: TuiDlError) -> None:
        self._facts.ranges_supported = False
        self._is_asked_plainly = self._was_asked_plainly = True
        self._observer.on_note(f"{error.message} The file is asked for once without a range.")

    async def wait(self, error: TuiDlError, delay_s: float) -> None:
        """Wait, visibly and because of ``error``, for ``delay_s`` or until ``hurry``."""
        self._observer.on_waiting(error, self._patience.tries, delay_s)
        self._hold_off_until_s = self._around.now_s() + delay_s
        while (left_s := self._hold_off_until_s - self._around.now_s()) > 0:
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._wake.wait()
        self._observer.on_trying()
