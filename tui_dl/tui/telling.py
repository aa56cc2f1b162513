"""Telling what the engine pushes: toasts, the bell, notices outside the app.

The first end is told at once, what follows within two seconds together. Must not decide
what is worth telling: ``news.py`` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.timer import Timer

from tui_dl.domain.snapshot import DownloadEvent, EventKind
from tui_dl.tui.news import news_of
from tui_dl.tui.notices import tell_outside

if TYPE_CHECKING:
    from tui_dl.tui.app import TuiDlApp

GATHER_S = 2.0
"""Ends within this time after a toast are told together in the next one."""
ENDS = frozenset({EventKind.COMPLETED, EventKind.FAILED})
"""Events that ring the bell, if one is wanted."""


class Telling:
    """Events that were not told yet, and the timer that holds them back."""

    def __init__(self, app: TuiDlApp) -> None:
        self._app = app
        self._untold: list[DownloadEvent] = []
        self._timer: Timer | None = None

    def hear(self, events: Sequence[DownloadEvent]) -> None:
        """Take events; tell them now unless something was told a moment ago."""
        self._untold += events
        if self._timer is None:
            self._tell()

    def _tell(self) -> None:
        app, wishes = self._app, self._app.preferences.settings.ui
        ended, self._untold = self._untold, []
        news = news_of(ended)
        if wishes.bell and any(event.kind in ENDS for event in ended):
            app.bell()
        for each in news:
            app.say(each.sentence, each.severity)
            tell_outside(wishes.notify, each.sentence, app.write_raw)
        self._timer = app.set_timer(GATHER_S, self._tell) if news else None
