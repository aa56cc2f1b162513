"""``tui-dl move``: give queued downloads another place in the queue."""

from __future__ import annotations

from typing import Any

import click

from tui_dl.cli.client import Client, ClientFlags, client_options, find_ids, run_client, tell
from tui_dl.cli.console import Console
from tui_dl.cli.ids import complete_ids
from tui_dl.domain.errors import ErrorCode, UsageError
from tui_dl.domain.quick_dataclass import dataclass

_WORDS = {"up": "up", "down": "down", "first": "top", "last": "bottom"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFlags(ClientFlags):
    """Every flag of ``move``, parsed."""

    words: tuple[str, ...]


@click.command("move")
@click.argument("words", nargs=-1, metavar="ID... PLACE", shell_complete=complete_ids)
@client_options
def command(**flags: Any) -> int:
    """Move queued downloads: up, down, first, last, or to place N, from 1."""
    return run(MoveFlags(**flags), Console())


def run(flags: MoveFlags, console: Console) -> int:
    """Do what the flags say and return the exit code.

    Raises:
        TuiDlError: a bad place, an unknown id, one that is not queued, or no engine.
    """
    from tui_dl.domain.model import Status
    from tui_dl.service.contract import MoveTo

    if len(flags.words) < 2:
        raise UsageError("Say which and where: tui-dl move ID up|down|first|last|N.")
    *ids, where = flags.words
    index = _index(where)
    if index is not None and len(ids) > 1:
        raise UsageError("One download at a time goes to a numbered place.")

    async def work(client: Client) -> int:
        service = client.service
        found = find_ids(service, ids)
        for row in service.snapshot().downloads:
            if row.id in found and row.status is not Status.QUEUED:
                raise UsageError(
                    f"{row.id[:8]} is {row.status}; only what is queued has a place to move.",
                    code=ErrorCode.NOT_ALLOWED_NOW,
                )
        if index is not None:
            results = [await service.move_to_index(found[0], index)]
        else:
            results = await service.move(found, MoveTo(_WORDS[where.lower()]))
        return tell(results, "moved", console)

    return run_client(flags, console, work)


def _index(text: str) -> int | None:
    """Return the 0-based place of a number, ``None`` for a word."""
    if text.lower() in _WORDS:
        return None
    if text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) > 0:
        return int(text) - 1
    raise UsageError(f"{text!r} is no place; it is up, down, first, last, or a number from 1.")
