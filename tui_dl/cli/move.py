"""``tui-dl move``: another place in the queue, or another folder with the file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tui_dl.cli.client import Client, ClientFlags, client_options, find_ids, run_client, tell
from tui_dl.cli.console import Console
from tui_dl.cli.ids import complete_ids
from tui_dl.config.paths import absolute
from tui_dl.domain.errors import ErrorCode, UsageError
from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from tui_dl.service.contract import ActionResult

_WORDS = {"up": "up", "down": "down", "first": "top", "last": "bottom"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFlags(ClientFlags):
    """Every flag of ``move``, parsed."""

    words: tuple[str, ...]


@click.command("move")
@click.argument("words", nargs=-1, metavar="ID... PLACE|DIR", shell_complete=complete_ids)
@client_options
def command(**flags: Any) -> int:
    """Move downloads in the queue: up, down, first, last, or to place N, from 1.

    With a folder in its place, such as ./films or /srv/films, they go there with what they
    have on the disk, in whatever state they are; one that runs goes on there.
    """
    return run(MoveFlags(**flags), Console())


def run(flags: MoveFlags, console: Console) -> int:
    """Do what the flags say and return the exit code.

    Raises:
        TuiDlError: a bad place, an unknown id, one that is not queued, or no engine.
    """
    if len(flags.words) < 2:
        raise UsageError("Say which and where: tui-dl move ID up|down|first|last|N, or a folder.")
    *ids, where = flags.words
    if is_folder(where):
        return run_client(flags, console, lambda client: _to_folder(client, ids, where, console))
    index = _index(where)
    if index is not None and len(ids) > 1:
        raise UsageError("One download at a time goes to a numbered place.")

    async def work(client: Client) -> int:
        return tell(await _in_queue(client, ids, where, index), "moved", console)

    return run_client(flags, console, work)


async def _in_queue(
    client: Client, texts: Sequence[str], where: str, index: int | None
) -> list[ActionResult]:
    from tui_dl.domain.model import Status
    from tui_dl.service.contract import MoveTo

    service = client.service
    found = find_ids(service, texts)
    for row in service.snapshot().downloads:
        if row.id in found and row.status is not Status.QUEUED:
            raise UsageError(
                f"{row.id[:8]} is {row.status}; only what is queued has a place to move.",
                code=ErrorCode.NOT_ALLOWED_NOW,
            )
    if index is not None:
        return [await service.move_to_index(found[0], index)]
    return await service.move(found, MoveTo(_WORDS[where.lower()]))


async def _to_folder(client: Client, texts: Sequence[str], where: str, console: Console) -> int:
    from tui_dl.cli.add import folder_there

    folder = str(absolute(where))
    if client.place is not None and not client.place.is_own:
        folder = folder_there(folder)
    results = [
        await client.service.relocate(id_, directory=folder)
        for id_ in find_ids(client.service, texts)
    ]
    return tell(results, f"moved to {folder}", console)


def is_folder(text: str) -> bool:
    """Return whether a last word means a folder and no place in the queue."""
    if text.lower() in _WORDS:
        return False
    return os.sep in text or text in (".", "..", "~") or os.path.isdir(text)  # noqa: PTH112 - a text


def _index(text: str) -> int | None:
    """Return the 0-based place of a number, ``None`` for a word."""
    if text.lower() in _WORDS:
        return None
    if text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) > 0:
        return int(text) - 1
    raise UsageError(
        f"{text!r} is no place; it is up, down, first, last, a number from 1, or a folder as ./DIR."
    )
