"""Ask for a limit: of everything, or of the chosen downloads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, RadioSet

from tui_dl.domain.errors import UsageError
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import DownloadSnapshot, EngineSnapshot
from tui_dl.domain.units import format_rate, parse_size
from tui_dl.tui.screens.dialog import Dialog
from tui_dl.tui.view.naming import short_name
from tui_dl.tui.widgets.fields import SafeInput, SafeStatic
from tui_dl.tui.widgets.toggles import Choice


@dataclass(frozen=True, slots=True)
class LimitChoice:
    """What the user wants. ``limit_bps`` 0 is unlimited, ``None`` the default."""

    for_all: bool
    limit_bps: int | None


class LimitDialog(Dialog[LimitChoice]):
    """Take a rate such as ``2M``, ``500K`` or ``0``."""

    title_text = "Limit the rate"

    def __init__(
        self,
        engine: EngineSnapshot,
        chosen: Sequence[DownloadSnapshot],
        *,
        all_first: bool = False,
    ) -> None:
        """Offer the chosen downloads first, or with ``all_first`` all of them together."""
        super().__init__()
        self._all_first = all_first or not chosen
        self.engine = engine
        self.chosen = chosen

    def body(self) -> Iterator[Widget]:
        """Yield the scope, the field and its rule."""
        now = _now(self.engine.limit_bps)
        with RadioSet(id="scope", compact=True):
            yield Choice(Content(f"all downloads together{now}"), self._all_first)
            if self.chosen:
                yield Choice(Content(self._chosen_label()), not self._all_first)
        yield SafeInput(placeholder="2M, 500K, or 0 for no limit", id="limit", compact=True)
        yield SafeStatic(
            Content("Bytes per second: K is 1024, KB 1000. It takes effect at once."),
            classes="dialog-hint",
        )

    def buttons(self) -> Iterator[Widget]:
        """Yield set and cancel."""
        yield Button("Set", id="set", variant="primary")
        yield Button("Cancel", id="cancel")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("#limit", Input).focus()

    @on(Input.Submitted, "#limit")
    @on(Button.Pressed, "#set")
    def _set(self) -> None:
        try:
            limit_bps = parse_size(self.query_one("#limit", Input).value)
        except UsageError as error:
            self.show_problem(error.message)
            return
        for_all = self.query_one("#scope", RadioSet).pressed_index <= 0
        self.dismiss(LimitChoice(for_all, limit_bps))

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)

    def _chosen_label(self) -> str:
        if len(self.chosen) == 1:
            one = self.chosen[0]
            return f"{short_name(one.name, 34)}{_now(one.limit_bps)}"
        return f"each of the {len(self.chosen)} chosen downloads"


def _now(limit_bps: int) -> str:
    return f"  (now {format_rate(limit_bps)})" if limit_bps else ""
