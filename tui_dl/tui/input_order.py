"""One key after the other: a key acts before the next one is looked at.

Textual hands a key to the widget with the focus at that moment, and looks for bindings only
when the key has come back up from there. So letters typed right behind a tab, or behind the
key that opens a dialog, would land where the focus was before: in another field, or as
commands in the list below. This holds them until the key before them has done its work.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from textual import events
from textual.message_pump import MessagePump
from textual.screen import Screen

if TYPE_CHECKING:
    from textual.app import App

LIMIT_S = 1.0
"""A key that takes longer than this holds nobody up: the app must never go deaf."""
Typed = events.Key | events.Paste


class InputOrder:
    """Let keys and pastes pass one by one. Lives on the loop of the app."""

    def __init__(self, app: App[int]) -> None:
        self.limit_s = LIMIT_S
        self._app = app
        self._waiting: deque[Typed] = deque()
        self._current: Typed | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def quiet(self) -> None:
        """Wait until every key that came has been acted on."""
        await self._quiet.wait()

    def admit(self, event: Typed) -> bool:
        """Return whether ``event`` may act now; if not, it comes again when it may."""
        if event is self._current:
            return True
        if self._current is not None:
            self._waiting.append(event)
            return False
        self._begin(event)
        return True

    def given(self, event: Typed, widget: MessagePump) -> None:
        """Watch ``event``, which was given to ``widget`` unless it has acted already."""
        self._follow(event, widget if event.is_forwarded else None)

    def _follow(self, event: Typed, widget: MessagePump | None) -> None:
        """Let the next one pass once ``widget`` and those above it have handled ``event``."""
        if event is not self._current:
            return  # it took too long, and others have passed it
        if widget is None or not widget.call_later(self._handled, event, widget):
            self._settle(event)

    def _handled(self, event: Typed, widget: MessagePump) -> None:
        """``widget`` has handled it: now whoever it was handed up to."""
        stopped = event._stop_propagation and not isinstance(widget, Screen)
        self._follow(event, None if stopped else widget._parent)

    def _settle(self, event: Typed) -> None:
        """Wait for the screen that may have been opened: it gives its field the focus."""
        if not self._app.screen.call_later(self._app.call_later, self._pass_next, event):
            self._pass_next(event)

    def _begin(self, event: Typed) -> None:
        self._current = event
        self._quiet.clear()
        loop = asyncio.get_running_loop()
        self._alarm = loop.call_later(self.limit_s, self._pass_next, event)

    def _pass_next(self, event: Typed) -> None:
        if event is not self._current:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._current = None
        if self._waiting:
            following = self._waiting.popleft()
            self._begin(following)
            self._app.post_message(following)
        else:
            self._quiet.set()
