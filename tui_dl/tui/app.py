"""The application: it shows snapshots of a service and hands keys to it.

Owns the ticker, the toasts and the way out. It never owns the engine: the caller starts
the service before ``run_async`` and closes it after, so that no error here stops a transfer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from textual.app import SystemCommand, get_system_commands_provider
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Event, Key, MouseEvent, Paste
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.timer import Timer
from textual.worker import Worker, WorkerState

from tui_dl.domain.display import display_text
from tui_dl.domain.model import AddRequest, DownloadOptions
from tui_dl.domain.rates import RateHistory
from tui_dl.domain.schedule import wall_time
from tui_dl.domain.snapshot import DownloadSnapshot, EngineSnapshot
from tui_dl.service.contract import DownloadService
from tui_dl.tui import leaving, live, themes
from tui_dl.tui.adding import Adding, Refusal
from tui_dl.tui.commands import KeyCommands
from tui_dl.tui.crash import DiscreetApp, reason_of
from tui_dl.tui.deleting import Deleting
from tui_dl.tui.feed import TICK_S, SnapshotFeed
from tui_dl.tui.input_order import InputOrder
from tui_dl.tui.keys import key_name
from tui_dl.tui.opening import open_outside
from tui_dl.tui.preferences import Preferences
from tui_dl.tui.screens.add import AddDialog
from tui_dl.tui.screens.base import DownloadScreen
from tui_dl.tui.screens.confirm import ConfirmDialog, Question
from tui_dl.tui.screens.help import HelpDialog, sections_of
from tui_dl.tui.screens.main import MainScreen
from tui_dl.tui.screens.settings import SettingsScreen
from tui_dl.tui.steering import Severity, Steering
from tui_dl.tui.telling import Telling
from tui_dl.tui.terminal_title import NO_TITLE, TerminalTitle
from tui_dl.tui.view.status import EngineLook, wanted_bytes
from tui_dl.tui.view.title import title_text
from tui_dl.tui.widgets.inked import InkedApp, inert


class EngineWoke(Message, bubble=False):
    """The engine pushed events: look at once."""


class TuiDlApp(InkedApp, DiscreetApp, inherit_bindings=False):
    """The terminal app over a service that is already started.

    Returns 0, or with ``exit_when_done`` 1 when a download of this run failed.
    """

    TITLE = "tui-dl"
    CSS_PATH = "app.tcss"
    COMMANDS: ClassVar[set[Any]] = {get_system_commands_provider, KeyCommands}
    # Textual declares both as attributes of instances.
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [  # noqa: RUF012 - never changed
        (0, "-narrow"),
        (60, "-normal"),
        (100, "-wide"),
    ]
    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [  # noqa: RUF012 - never changed
        (0, "-tiny"),
        (12, "-short"),
        (30, "-tall"),
        (36, "-high"),
        (46, "-towering"),
    ]
    BINDING_GROUP_TITLE = "App"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", tooltip="All keys", id="app.help"),
        Binding("s", "settings", "Settings", id="app.settings"),
        Binding("ctrl+z", "suspend_process", "Sleep until fg", show=False, id="app.sleep"),
        Binding(
            "q,ctrl+q,ctrl+c", "quit", "Quit", tooltip="What runs goes on next time", id="app.quit"
        ),
    ]

    def __init__(
        self,
        service: DownloadService,
        *,
        directory: str,
        initial: Sequence[AddRequest] = (),
        exit_when_done: bool = False,
        options: DownloadOptions = DownloadOptions(),
        remote: bool = False,
        notices: Sequence[str] = (),
        preferences: Preferences | None = None,
        sorted_from: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make the app.

        ``directory`` is the folder offered for new downloads, ``options`` what they start
        from, ``initial`` is added at start. ``remote`` says that the engine is elsewhere:
        transfers go on after the app, and files cannot be opened from here. ``notices`` are
        sentences to tell at the start. ``preferences`` are the settings in force and
        where changes of them are kept. ``sorted_from`` is the folder whose files the
        engine sorts by category, if it does. ``clock`` is monotonic seconds.
        """
        # Without colour Textual only takes the colour out when ANSI is on from the start.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        if self.console.is_dumb_terminal:
            # Rich calls such a terminal 80x25 whatever its size; Textual then sees two sizes
            # and lays out for ever (trap D13).
            self.console._environ = {**self.console._environ, "TERM": "xterm"}
        self.service = service
        self.directory = directory
        self.options = options
        self.initial = tuple(initial)
        self.remote = remote
        self.preferences = preferences or Preferences()
        self.sorted_from = sorted_from
        self.feed = SnapshotFeed(service, wake=self._wake_from_engine)
        self.steering = Steering(service, self.say, self.look)
        self._adding = Adding(service, self.ask)
        self.deleting = Deleting(self)
        self.input_order = InputOrder(self)
        self._clock = clock
        self._history = RateHistory()
        self._title_bar = TerminalTitle(self.write_raw)
        self._ticker: Timer | None = None
        self._telling = Telling(self)
        self._watch = leaving.DoneWatch() if exit_when_done else None
        self.notices = (*notices, *live.dress(self))

    # --- start and stop -----------------------------------------------------------

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give every theme a value for our own variables."""
        return themes.variable_defaults(self.current_theme)

    def get_default_screen(self) -> MainScreen:
        """Start with the list."""
        return MainScreen()

    def on_mount(self) -> None:
        """Listen, look and tick."""
        self.feed.open()
        self._ticker = self.set_interval(TICK_S, self._tick)
        self.look()
        for notice in self.notices:
            self.say(display_text(notice), "warning")
        if self.initial:
            self.spawn(self._add_initial())

    async def on_unmount(self) -> None:
        """Stop to listen, carry out what was deleted; the service is not ours to close."""
        self.feed.close()
        self._title_bar.close()
        await self.deleting.finish_all()

    # --- pictures -------------------------------------------------------------------

    @property
    def picture(self) -> EngineSnapshot:
        """The latest snapshot without the rows that were just deleted."""
        return self.deleting.without_pending(self.feed.latest)

    def engine_look(self) -> EngineLook:
        """Return the facts of the line at the top."""
        snapshot = self.picture
        until = snapshot.limit_until
        return EngineLook(
            rate_bps=snapshot.rate_bps,
            history=self._history.samples(),
            limit_bps=snapshot.limit_bps,
            hold=snapshot.hold,
            limit_until="" if until is None else wall_time(until, datetime.now(UTC)),
            free_bytes=snapshot.free_bytes,
            wanted_bytes=wanted_bytes(snapshot),
            api_address=snapshot.api_address,
            stale_s=snapshot.stale_s,
        )

    def _tick(self) -> None:
        if self.feed.tick():
            self._show()
        elif self.feed.may_sleep and self._ticker is not None:
            self._ticker.pause()

    def look(self) -> None:
        """Look at once: an answer or an event has arrived."""
        self.feed.look()
        self._show()
        self._stir()

    def _show(self) -> None:
        snapshot = self.picture
        self._history.add(self._clock(), snapshot.rate_bps)
        self._show_title(snapshot)
        for screen in reversed(self.screen_stack):
            if isinstance(screen, DownloadScreen):
                if screen.is_mounted:
                    screen.show_snapshot(snapshot)
                break
        if self._watch is not None and self._watch.is_over(snapshot):
            self.exit(self._watch.exit_code(snapshot))

    def _show_title(self, snapshot: EngineSnapshot) -> None:
        if self.preferences.settings.ui.title:
            self._title_bar.show(title_text(snapshot))
        else:
            self._title_bar.close()

    def write_raw(self, text: str) -> None:
        """Write to the terminal beside the screen: titles and notices, nothing visible."""
        has_title = os.environ.get("TERM", "") not in NO_TITLE
        if has_title and not self.is_headless and self._driver is not None:
            self._driver.write(text)

    def _stir(self) -> None:
        self.feed.stir()
        if self._ticker is not None:
            self._ticker.resume()

    async def on_event(self, event: Event) -> None:
        """Wake the ticker when the user does something."""
        if isinstance(event, (Key, MouseEvent)):
            self._stir()
        if not isinstance(event, (Key, Paste)) or event.is_forwarded:
            await super().on_event(event)
        elif self.input_order.admit(event):
            widget = self.focused or self.screen
            await super().on_event(event)
            self.input_order.given(event, widget)

    # --- events of the engine ---------------------------------------------------------

    def _wake_from_engine(self) -> None:
        """Runs on the engine's thread: only hand over, and never raise."""
        try:
            self.post_message(EngineWoke())
        except RuntimeError:
            return  # the loop of the screen has just ended: nobody is left to tell

    def on_engine_woke(self) -> None:
        """Paint what happened, and tell it: the first at once, what follows soon together."""
        self._telling.hear(self.feed.drain())
        if self.feed.look():  # thousands of events come before the one picture of them all
            self._show()
        self._stir()

    # --- telling and asking -------------------------------------------------------------

    def say(self, sentence: str, severity: Severity = "information") -> None:
        """Show a display-safe sentence as a toast; never markup, and nothing that steers."""
        shown = "\n".join(inert(line) for line in sentence.split("\n"))
        self.notify(shown, severity=severity, timeout=6, markup=False)

    async def ask(self, question: Question) -> bool:
        """Ask a question; only inside a worker."""
        return await self.push_screen_wait(ConfirmDialog(question)) is True

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run an action of the user; an error in it becomes a toast, not the end of the app."""
        self.run_worker(work, group="actions", exit_on_error=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say when an action broke; the downloads do not depend on it."""
        if event.state is WorkerState.ERROR:
            reason = reason_of(event.worker.error)
            self.say(f"That did not work: {reason}. The downloads go on.", "error")

    # --- adding ---------------------------------------------------------------------------

    def open_add_dialog(self, text: str = "") -> None:
        """Ask for links, starting from ``text``."""
        folder = self.feed.latest.directory or self.directory
        self.push_screen(AddDialog(folder, self.options, text))

    async def add(self, requests: Sequence[AddRequest]) -> tuple[Refusal, ...]:
        """Add downloads, ask about duplicates, show the first new one; only inside a worker."""
        await self.deleting.finish_all()  # a link deleted just now may be added again
        added = await self._adding.add(requests)
        self.look()
        if added.ids:
            if self._watch is not None:
                self._watch.expect(added.ids)
            self.put_cursor_on(added.ids[0])
        return added.refused

    def put_cursor_on(self, id: str) -> None:
        """Show a download that has just come into the list, or back to it."""
        main = self.screen_stack[0]
        if isinstance(main, MainScreen):
            main.put_cursor_on(id)

    async def _add_initial(self) -> None:
        for refusal in await self.add(self.initial):
            self.say(refusal.reason, "error")

    # --- keys of the app --------------------------------------------------------------------

    def get_key_display(self, binding: Binding) -> str:
        """Write keys as people say them: ``ctrl+p``, ``enter``."""
        return key_name(binding)

    def action_help(self) -> None:
        """Show all keys that work on the screen below."""
        if not isinstance(self.screen, ModalScreen):
            self.push_screen(HelpDialog(sections_of(self.screen)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the settings where they open; the screens below them have keys of their own."""
        below = [each for each in self.screen_stack if not isinstance(each, ModalScreen)]
        return action != "settings" or not below or isinstance(below[-1], DownloadScreen)

    def action_settings(self) -> None:
        """Show all settings."""
        if isinstance(self.screen, DownloadScreen):
            self.push_screen(SettingsScreen())

    async def action_quit(self) -> None:
        """Leave; ask only if bytes would have to be fetched again."""
        self.spawn(self._quit())

    async def _quit(self) -> None:
        if not self.remote:
            question = await leaving.loss_question(self.service, self.picture)
            if question is not None and not await self.ask(question):
                return
        message = leaving.farewell(self.picture, engine_stays=self.remote)
        self.exit(0, message=Content(message) if message else None)

    def action_change_theme(self) -> None:
        """Choose other colours from anywhere; the choice is kept."""
        self.spawn(live.choose_theme(self))

    def action_change_keys(self) -> None:
        """Choose other keys from anywhere."""
        from tui_dl.tui.screens.keys import KeysScreen  # it asks who has which key: all of us

        self.push_screen(KeysScreen())

    def get_system_commands(self, screen: Screen[object]) -> Iterator[SystemCommand]:
        """Offer the theme in the palette; the keys offer the rest."""
        yield SystemCommand("Theme", "Choose other colours", self.action_change_theme)
        yield SystemCommand("Keys", "Choose other keys", self.action_change_keys)

    def open_outside(self, download: DownloadSnapshot, *, folder: bool) -> None:
        """Open a finished file or a folder with the desktop; say so if it cannot be."""
        if self.remote:
            self.say("The files are where the engine runs, not here.", "warning")
            return
        self.spawn(self._open_outside(download, folder=folder))

    async def _open_outside(self, download: DownloadSnapshot, *, folder: bool) -> None:
        opened = open_outside(download, folder=folder)
        problem = opened if isinstance(opened, str) else await opened.trouble()
        if problem is not None:
            self.say(problem, "warning")
