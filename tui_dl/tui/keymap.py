"""Other keys out of the settings: which names exist, and which keys would do two things.

Textual drops the loser of a clash without a word, so that a clash is found here first:
the binding then keeps its own key, and a sentence says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from textual.binding import Binding
from textual.keys import _character_to_key

from tui_dl.domain.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class KeyMap:
    """What can be given to Textual, and what was left out, a sentence each."""

    keys: Mapping[str, str]
    problems: tuple[str, ...] = ()


def read_keymap(text: str) -> KeyMap:
    """Read ``list.add=i download.pause=f2,ctrl+x``. Never raises."""
    contexts = _contexts()
    known = {id for context in contexts for id in context}
    wanted: dict[str, str] = {}
    problems: list[str] = []
    for piece in text.split():
        id, equals, keys = piece.partition("=")
        names = [_named(key) for key in keys.split(",")] if keys else []
        if not equals or not names or not all(names):
            problems.append(f"ui.keys: {piece!r} is no NAME=KEY, such as list.add=i.")
        elif id not in known:
            problems.append(f"ui.keys: there is nothing called {id!r}.{_near(id, known)}")
        else:
            wanted[id] = ",".join(names)
    for id in list(wanted):
        other = _rival(id, wanted, contexts)
        if other is not None:
            key, rival = other
            problems.append(f"ui.keys: {key} is the key of {rival}; {id} keeps its own.")
            del wanted[id]
    return KeyMap(wanted, tuple(problems))


@dataclass(frozen=True, slots=True)
class Named:
    """Something that has a key: its name, what it does, the keys that it came with."""

    id: str
    words: str
    keys: str


def named_bindings() -> list[Named]:
    """Return everything that has a key, by place and then in the order of the help."""
    found: dict[str, Named] = {}
    for owner in dict.fromkeys(owner for place in _places() for owner in place):
        for binding in Binding.make_bindings(vars(owner)["BINDINGS"]):
            if binding.id is not None:
                before = found.get(binding.id)
                keys = binding.key if before is None else f"{before.keys},{binding.key}"
                found[binding.id] = Named(binding.id, binding.description, keys)
    order = list(dict.fromkeys(id.partition(".")[0] for id in found))
    return sorted(found.values(), key=lambda named: order.index(named.id.partition(".")[0]))


def with_key(text: str, id: str, key: str | None) -> str:
    """Return the setting with one key for ``id``; ``None`` takes it out."""
    kept = [piece for piece in text.split() if piece.partition("=")[0] != id]
    return " ".join(kept if key is None else [*kept, f"{id}={key}"])


def _rival(
    id: str, wanted: Mapping[str, str], contexts: Iterable[Mapping[str, frozenset[str]]]
) -> tuple[str, str] | None:
    """Return a key of ``id`` and who has it too, where both work at the same time."""
    for context in contexts:
        if id not in context:
            continue
        for other, own_keys in context.items():
            keys = frozenset(wanted[other].split(",")) if other in wanted else own_keys
            common = keys & frozenset(wanted[id].split(","))
            if other != id and common:
                return min(common), other
    return None


def _named(key: str) -> str:
    """Return Textual's name of a key: ``?`` is ``question_mark``."""
    return _character_to_key(key) if len(key) == 1 else key.lower()


def _near(id: str, known: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(id, sorted(known), n=1)
    return f" Did you mean {near[0]}?" if near else ""


@cache
def _contexts() -> tuple[Mapping[str, frozenset[str]], ...]:
    """Return for each place which names have which keys there."""
    return tuple(_bound(place) for place in _places())


def _places() -> tuple[tuple[type, ...], ...]:
    """Return who shares the keyboard: screens with their lists, dialogs with their fields."""
    # The screens import widgets that ask for keys themselves.
    from tui_dl.tui.app import TuiDlApp
    from tui_dl.tui.screens.add import AddDialog, LinkArea
    from tui_dl.tui.screens.base import DownloadScreen
    from tui_dl.tui.screens.confirm import ConfirmDialog
    from tui_dl.tui.screens.details import DetailsScreen
    from tui_dl.tui.screens.dialog import Dialog
    from tui_dl.tui.screens.folder import FolderDialog
    from tui_dl.tui.screens.help import HelpDialog
    from tui_dl.tui.screens.history import HistoryScreen
    from tui_dl.tui.screens.keys import KeysScreen
    from tui_dl.tui.screens.main import MainScreen
    from tui_dl.tui.screens.place import PlaceDialog
    from tui_dl.tui.screens.settings import SettingsScreen
    from tui_dl.tui.widgets.download_list import DownloadList
    from tui_dl.tui.widgets.line_list import LineList

    return (
        (TuiDlApp, DownloadScreen, MainScreen, DownloadList),
        (TuiDlApp, DownloadScreen, DetailsScreen),
        (TuiDlApp, DownloadScreen, HistoryScreen, LineList),
        (TuiDlApp, SettingsScreen, LineList),
        (TuiDlApp, KeysScreen, LineList),
        (Dialog, AddDialog, LinkArea),
        (Dialog, ConfirmDialog),
        (Dialog, FolderDialog, LineList),
        (Dialog, HelpDialog),
        (Dialog, PlaceDialog),
    )


def _bound(owners: Iterable[type]) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for owner in owners:
        for binding in Binding.make_bindings(vars(owner)["BINDINGS"]):
            if binding.id is not None:
                found[binding.id] = found.get(binding.id, frozenset()) | {binding.key}
    return found
