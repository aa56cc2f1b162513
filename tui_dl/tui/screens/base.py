"""What every screen about downloads can do: the keys that steer them, and their targets.

Must not call the service itself: ``Steering`` does, and says what was refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui_dl.domain.display import display_text, shorten_middle
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadSnapshot, EngineSnapshot
from tui_dl.service.contract import MoveTo
from tui_dl.tui.screens.confirm import ConfirmDialog, deletion_question
from tui_dl.tui.screens.limit import LimitChoice, LimitDialog
from tui_dl.tui.screens.link import LinkDialog
from tui_dl.tui.screens.place import Place, PlaceDialog
from tui_dl.tui.steering import plural

if TYPE_CHECKING:
    from tui_dl.tui.app import TuiDlApp


class DownloadScreen(Screen[None], inherit_bindings=False):
    """A screen with downloads to act on. A subclass says which."""

    BINDING_GROUP_TITLE = "Downloads"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", "Pause", tooltip="Stop it and keep its bytes", id="download.pause"),
        Binding(
            "r",
            "resume",
            "Resume",
            tooltip="Go on, or try again",
            id="download.resume",
        ),
        Binding("d", "remove", "Delete", tooltip="Off the list; files stay", id="download.remove"),
        Binding(
            "D",
            "delete_files",
            "Delete with files",
            show=False,
            tooltip="Off the disk too; asks first",
            id="download.delete_files",
        ),
        Binding("z", "undo", "Undo delete", show=False, id="download.undo"),
        Binding("K", "move('up')", "Earlier in the queue", show=False, id="download.up"),
        Binding("J", "move('down')", "Later in the queue", show=False, id="download.down"),
        Binding("l", "limits", "Limit", tooltip="Of the chosen ones", id="download.limits"),
        Binding("L", "limits(True)", "Limit of all together", show=False, id="download.limit_all"),
        Binding(
            "u",
            "link",
            "New link",
            show=False,
            tooltip="Another URL, the same bytes",
            id="download.link",
        ),
        Binding(
            "m",
            "relocate",
            "Move or rename",
            show=False,
            tooltip="Another folder or name, file included",
            id="download.relocate",
        ),
        Binding(
            "v",
            "verify",
            "Verify now",
            show=False,
            tooltip="Ask whether file and source agree",
            id="download.verify",
        ),
        Binding("y", "copy_url", "Copy URL", show=False, id="download.copy_url"),
        Binding("Y", "copy_path", "Copy path", show=False, id="download.copy_path"),
        Binding("o", "open_file", "Open file", show=False, id="download.open_file"),
        Binding("O", "open_folder", "Open folder", show=False, id="download.open_folder"),
    ]

    @property
    def tui(self) -> TuiDlApp:
        """The app, with its type."""
        return cast("TuiDlApp", self.app)

    def show_snapshot(self, snapshot: EngineSnapshot) -> None:
        """Paint a new picture of the engine."""
        raise NotImplementedError

    def targets(self) -> Sequence[DownloadSnapshot]:
        """Return the downloads that a key acts on."""
        raise NotImplementedError

    def action_pause(self) -> None:
        """Pause the targets."""
        if ids := self._ids():
            self.tui.spawn(self.tui.steering.pause(ids))

    def action_resume(self) -> None:
        """Resume or retry the targets."""
        if ids := self._ids():
            self.tui.spawn(self.tui.steering.resume(ids))

    def action_remove(self) -> None:
        """Take the targets off the list; their files stay."""
        if chosen := self.targets():
            self.tui.spawn(self.tui.deleting.begin(chosen))

    def action_undo(self) -> None:
        """Bring back what was deleted from the list a moment ago."""
        self.tui.spawn(self.tui.deleting.undo())

    def action_delete_files(self) -> None:
        """Ask, naming the files, then delete the targets and what is on the disk."""
        chosen = self.targets()
        if not chosen:
            return
        ids = [download.id for download in chosen]

        def answered(yes: bool | None) -> None:
            if yes:
                self.tui.spawn(self.tui.steering.remove(ids, with_files=True))

        self.app.push_screen(ConfirmDialog(deletion_question(chosen)), answered)

    def action_move(self, to: str) -> None:
        """Move the targets in the queue."""
        if ids := self._ids():
            self.tui.spawn(self.tui.steering.move(ids, MoveTo(to)))

    def action_limits(self, all_first: bool = False) -> None:
        """Ask for a limit, for the targets or for everything; what is done needs none."""
        chosen = [one for one in self.targets() if one.status is not Status.COMPLETED]
        ids = [download.id for download in chosen]

        def answered(choice: LimitChoice | None) -> None:
            if choice is None:
                return
            if choice.for_all:
                self.tui.spawn(self.tui.steering.set_global_limit(choice.limit_bps or 0))
            else:
                self.tui.spawn(self.tui.steering.set_limit(ids, choice.limit_bps))

        self.app.push_screen(
            LimitDialog(self.tui.feed.latest, chosen, all_first=all_first), answered
        )

    def action_link(self) -> None:
        """Ask for another URL of the one download under the cursor."""
        chosen = self.targets()
        if len(chosen) != 1:
            if chosen:
                self.tui.say("A new link is for one download: select a single one.", "warning")
            return
        target = chosen[0]

        def answered(url: str | None) -> None:
            if url is not None:
                self.tui.spawn(self.tui.steering.set_url(target, url))

        self.app.push_screen(LinkDialog(target), answered)

    def action_relocate(self) -> None:
        """Ask for another folder or name of the targets."""
        chosen = self.targets()

        def answered(place: Place | None) -> None:
            if place is not None and (place.directory is not None or place.name is not None):
                self.tui.spawn(
                    self.tui.steering.relocate(
                        [download.id for download in chosen], place.directory, place.name
                    )
                )

        if chosen:
            self.app.push_screen(PlaceDialog(chosen, is_remote=self.tui.remote), answered)

    def action_copy_url(self) -> None:
        """Send the URLs of the targets to the terminal's clipboard."""
        if chosen := self.targets():
            self.app.copy_to_clipboard("\n".join(download.url for download in chosen))
            self.tui.say(f"{plural(len(chosen), 'URL')} sent to the terminal's clipboard.")

    def action_copy_path(self) -> None:
        """Send the paths of the targets to the terminal's clipboard."""
        if chosen := self.targets():
            paths = [str(Path(row.directory, row.name)) for row in chosen]
            self.app.copy_to_clipboard("\n".join(paths))
            shown = shorten_middle(display_text(paths[0]), 60)
            what = shown if len(paths) == 1 else plural(len(paths), "path")
            self.tui.say(f"{what} sent to the terminal's clipboard.")

    def action_verify(self) -> None:
        """Ask whether the finished targets are still what their sources have."""
        if chosen := self.targets():
            self.tui.spawn(self.tui.steering.verify(chosen))

    def action_open_file(self) -> None:
        """Open the finished file with the desktop's program for it."""
        if chosen := self.targets():
            self.tui.open_outside(chosen[0], folder=False)

    def action_open_folder(self) -> None:
        """Open the folder of the download."""
        if chosen := self.targets():
            self.tui.open_outside(chosen[0], folder=True)

    def _ids(self) -> list[str]:
        return [download.id for download in self.targets()]
