"""The dialog that adds downloads: links or a curl command, a folder, a name, and more.

Nothing typed is lost: wrong lines stay in the box with a sentence each, and what was
taken leaves it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static, TextArea

from tui_dl.config.categories import categories_of
from tui_dl.domain.categories import Category, category_of
from tui_dl.domain.curl import is_curl
from tui_dl.domain.display import display_text
from tui_dl.domain.model import AddRequest, DownloadOptions
from tui_dl.tui.completion import FolderSuggester
from tui_dl.tui.keys import key_of
from tui_dl.tui.preview_feed import PreviewFeed
from tui_dl.tui.screens.dialog import Dialog
from tui_dl.tui.screens.folder import FolderDialog
from tui_dl.tui.view.ink import Line, cut_at_word
from tui_dl.tui.wanted import Form, curl_summary, link_count, read_form, shown_url
from tui_dl.tui.widgets.fields import SafeInput, SafeStatic, SafeTextArea
from tui_dl.tui.widgets.toggles import Tick

if TYPE_CHECKING:
    from tui_dl.tui.app import TuiDlApp

PROBLEMS_SHOWN = 4
FIELD_CELLS = 52
AS_SERVER = "as the server says"
MORE = (
    ("Mirrors", "mirrors", "other links of the same file"),
    ("Checksum", "checksum", "sha-256=HEX"),
    ("Connections", "connections", "1 to 64"),
    ("Limit", "limit", "2M, 500K, or 0 for no limit"),
)
"""Label, id and hint of the fields that are folded away."""
FOR_ONE = ("name", "mirrors", "checksum")


class LinkArea(SafeTextArea):
    """Many lines of links where ``enter`` adds, as in a field of one line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+j,shift+enter,alt+enter", "new_line", "New line", id="add.new_line"),
        Binding("enter", "submit", "Add", priority=True, show=False, id="add.submit"),
    ]

    def action_new_line(self) -> None:
        """Break the line."""
        self.insert("\n")

    def action_submit(self) -> None:
        """Hand everything to the dialog."""
        cast(AddDialog, self.screen).action_submit()


class AddDialog(Dialog[None]):
    """Ask for links; close once all of them are taken."""

    title_text = "Add downloads"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "submit", "Add", id="add.submit_all"),
        Binding("ctrl+o", "more", "More", tooltip="Mirrors, checksum, limit", id="add.more"),
        Binding("ctrl+f", "browse", "Folders", tooltip="Choose one", id="add.browse"),
    ]

    def __init__(self, directory: str, options: DownloadOptions, text: str = "") -> None:
        super().__init__()
        self._directory = directory
        self._options = options
        self._text = text
        self._busy = False
        self._preview = PreviewFeed(self, self._show_preview, self._sorted_to)
        self._categories: Sequence[Category] = ()

    def body(self) -> Iterator[Widget]:
        """Yield the links, the folder, the name, the choice to wait, and what is seldom needed."""
        yield LinkArea(
            self._text,
            id="links",
            compact=True,
            soft_wrap=True,
            highlight_cursor_line=False,
            placeholder=Content("Paste one link or many, one a line, or a curl command"),
        )
        yield SafeStatic(id="preview")
        app = cast("TuiDlApp", self.app)
        with Horizontal(classes="dialog-field -first"):
            yield Label("Folder")
            yield SafeInput(
                display_text(self._directory),
                id="folder",
                placeholder="" if self._directory else "the server's own",
                compact=True,
                # The folders of a remote engine are not here.
                suggester=None if app.remote else FolderSuggester(self._directory),
            )
        self._categories = () if app.remote else categories_of(app.preferences.settings)
        if self._categories:
            yield from self._category_field(app)
        yield from _field("Name", "name", AS_SERVER)
        for label, id, hint in MORE:
            yield from _field(label, id, hint, "-more")
        with Horizontal(classes="dialog-field"):
            yield Label("")
            yield Tick("start paused", id="paused", compact=True)

    def _category_field(self, app: TuiDlApp) -> Iterator[Widget]:
        names = [category.name for category in self._categories]
        hint = " · ".join(names)
        if self._directory == app.sorted_from:
            hint = f"by the file's name, or {hint}"
        with Horizontal(classes="dialog-field"):
            yield Label("Category")
            yield SafeInput(
                placeholder=cut_at_word(hint, FIELD_CELLS),
                id="category",
                compact=True,
                suggester=SuggestFromList(names, case_sensitive=False),
            )

    def buttons(self) -> Iterator[Widget]:
        """Yield add and cancel, and how to break a line."""
        yield SafeStatic(id="add-keys", classes="dialog-keys")
        yield Button("Add", id="add", variant="primary")
        yield Button("Cancel", id="cancel")

    def on_mount(self) -> None:
        """Type at once, behind what was handed in."""
        area = self.query_one(LinkArea)
        area.focus()
        area.move_cursor(area.document.end)
        self._links_changed()

    @on(TextArea.Changed, "#links")
    def _links_changed(self) -> None:
        """What belongs to one file is for one link only."""
        text = self.query_one(LinkArea).text
        many = link_count(text) > 1
        for id in FOR_ONE:
            self.query_one(f"#{id}", Input).disabled = many
        self.query_one("#name", Input).placeholder = "each its own" if many else AS_SERVER
        self._show_hint()
        self._preview.want(
            read_form(Form(text, self._directory), self._directory, self._options).requests
        )

    @on(Input.Changed, "#category")
    def _category_changed(self, event: Input.Changed) -> None:
        """Show the folder of the category where folders stand; without one, that before it."""
        field = self.query_one("#folder", Input)
        shown = {display_text(category.folder) for category in self._categories}
        chosen = self._category_of(event.value)
        if chosen is not None:
            field.value = display_text(chosen.folder)
        elif field.value in shown:
            field.value = display_text(self._directory)

    def _category_of(self, name: str) -> Category | None:
        wanted = name.strip().lower()
        return next((each for each in self._categories if each.name.lower() == wanted), None)

    def _sorted_to(self, name: str) -> str:
        """Return the folder that the engine will sort a file of this name into."""
        typed = {id: field.value for id in ("folder", "name") for field in self._inputs(id)}
        app = cast("TuiDlApp", self.app)
        if self._directory != app.sorted_from or typed["folder"] != display_text(self._directory):
            return ""
        category = category_of(typed["name"] or name, self._categories)
        return display_text(category.folder) if category is not None else ""

    def _inputs(self, id: str) -> Iterator[Input]:
        yield from self.query(f"#{id}").results(Input)

    def _show_preview(self, line: Line) -> None:
        if self.is_attached:
            self.query_one("#preview", Static).update(
                Content.assemble(*((text, f"$ink-{ink.value}") for text, ink in line))
            )

    @on(events.DescendantFocus)
    def _show_hint(self) -> None:
        """Name the keys that help where the focus is; what a curl command brought comes first."""
        text = self.query_one(LinkArea).text
        if self.focused is not None and self.focused.id == "folder" and self._has_folders:
            hint = f"→ completes · {key_of(self, 'add.browse')} shows folders"
        elif not (hint := curl_summary(text)):
            more = "less" if self.has_class("-with-more") else "more"
            hint = f"enter adds · ctrl+j new line · {self._more_key()} {more}"
        place = self.query_one("#add-keys", Static)
        place.update(Content(cut_at_word(hint, place.size.width or FIELD_CELLS)))

    @property
    def _has_folders(self) -> bool:
        """Whether the folders that files go to are here, not where a remote engine runs."""
        return not cast("TuiDlApp", self.app).remote

    def _more_key(self) -> str:
        return key_of(self, "add.more")

    def action_more(self) -> None:
        """Fold the seldom fields out, or in again if nothing is in them."""
        fields = [self.query_one(f"#{id}", Input) for _, id, _ in MORE]
        opened = not self.has_class("-with-more") or any(field.value for field in fields)
        self.set_class(opened, "-with-more")
        if opened:
            fields[0 if not fields[0].disabled else 2].focus()
        else:
            self.query_one(LinkArea).focus()
        self._show_hint()

    def action_browse(self) -> None:
        """Choose the folder from a list."""
        field = self.query_one("#folder", Input)

        def chosen(folder: str | None) -> None:
            if folder is not None:
                field.value = display_text(folder)

        if self._has_folders:
            start = Path(self._directory, Path(field.value).expanduser())
            self.app.push_screen(FolderDialog(start), chosen)

    @on(Input.Submitted)
    @on(Button.Pressed, "#add")
    def action_submit(self) -> None:
        """Check every line; add all of them if all are good."""
        if self._busy:
            return
        for field in self._inputs("category"):
            if field.value.strip() and self._category_of(field.value) is None:
                names = ", ".join(category.name for category in self._categories)
                self._show([f"There is no such category. There are: {names}."])
                return
        reading = read_form(self._form(), self._directory, self._options)
        if reading.problems:
            self._show(reading.problems)
            return
        self._busy = True
        cast("TuiDlApp", self.app).spawn(self._add(reading.requests))

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    def _form(self) -> Form:
        def typed(id: str) -> str:
            return self.query_one(f"#{id}", Input).value.strip()

        return Form(
            links=self.query_one(LinkArea).text,
            folder=typed("folder"),
            name=typed("name"),
            mirrors=typed("mirrors"),
            checksum=typed("checksum"),
            connections=typed("connections"),
            limit=typed("limit"),
            paused=self.query_one("#paused", Tick).value,
        )

    async def _add(self, requests: Sequence[AddRequest]) -> None:
        """Add; keep what was refused in the box, with the reasons under it."""
        app = cast("TuiDlApp", self.app)
        try:
            refused = await app.add(requests)
        finally:
            self._busy = False
        if not self.is_attached:
            return
        if not refused:
            self.dismiss(None)
            return
        area = self.query_one(LinkArea)
        if not is_curl(area.text):  # a command keeps its headers: the links alone would lose them
            area.text = "\n".join(each.request.url for each in refused)
        self._show([f"{shown_url(each.request.url)}: {each.reason}" for each in refused])

    def _show(self, problems: Sequence[str]) -> None:
        shown = list(problems[:PROBLEMS_SHOWN])
        if len(problems) > PROBLEMS_SHOWN:
            shown.append(f"… and {len(problems) - PROBLEMS_SHOWN} more")
        self.show_problem("\n".join(shown))
        self.query_one(LinkArea).focus()


def _field(label: str, id: str, hint: str, *more: str) -> Iterator[Widget]:
    with Horizontal(classes=" ".join(("dialog-field", *more))):
        yield Label(label)
        yield SafeInput(placeholder=hint, id=id, compact=True)
