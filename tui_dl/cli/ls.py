"""``tui-dl ls``: the list, or one download, as text or as JSON, once or again and again.

Asks the engine that is named or that runs; else, and when that one cannot be asked, the
stored list is read. Never starts an engine and never takes the lock.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from tui_dl.cli.client import ClientFlags, client_options
from tui_dl.cli.console import Console
from tui_dl.cli.ids import complete_ids
from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from tui_dl.cli.listing import Listing
    from tui_dl.cli.reach import Place
    from tui_dl.cli.settings import Setup

LOOK_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFlags(ClientFlags):
    """Every flag of ``ls``, parsed."""

    id_text: str | None = None
    json_lines: bool = False
    watch: bool = False


@click.command("ls")
@click.argument("id_text", metavar="[ID]", required=False, shell_complete=complete_ids)
@click.option("--json", "json_lines", is_flag=True, help="One JSON object per line.")
@click.option(
    "--watch", is_flag=True, help="Again each second, until Ctrl-C, or until ID has ended."
)
@client_options
def command(**flags: Any) -> int:
    """List the downloads in queue order, or show one. Works while another tui-dl runs."""
    return run(ListFlags(**flags), Console())


def run(flags: ListFlags, console: Console) -> int:
    """Print the list and return the exit code.

    Raises:
        UsageError: the ID is unknown, or the beginning of several.
        TuiDlError: the state cannot be read, or a named engine not be reached.
    """
    from tui_dl.cli.settings import read_setup

    setup = read_setup(flags)
    for sentence in setup.problems:
        console.say(sentence)
    return asyncio.run(_run(flags, setup, console))


async def _run(flags: ListFlags, setup: Setup, console: Console) -> int:
    from tui_dl.cli.client import find_one

    async with _source(flags, setup) as look:
        listing = look()
        id_ = None if flags.id_text is None else find_one(listing.rows, flags.id_text).id
        before: Listing | None = None
        while True:
            listing = replace(listing, rows=tuple(r for r in listing.rows if id_ in (None, r.id)))
            if listing != before:
                _print(flags, console, listing, before)
            before = listing
            is_over = id_ is not None and all(row.status.is_over for row in listing.rows)
            if not flags.watch or is_over or not console.is_heard:
                return 0
            await asyncio.sleep(LOOK_S)
            listing = look()


def _print(flags: ListFlags, console: Console, listing: Listing, before: Listing | None) -> None:
    """Print what is new since the last look."""
    from tui_dl.cli.listing import as_json, portrait, table

    rows = listing.rows
    notes = _notes(flags, listing)
    if flags.json_lines:
        told = {} if before is None else {row.id: row for row in before.rows}
        for row in rows:
            if told.get(row.id) != row:
                console.data(json.dumps(as_json(row)))
    else:
        if flags.id_text is not None:
            lines = [line for row in rows for line in portrait(row)]
        else:
            lines = table(rows, with_rate=listing.is_live) if rows else []
        if flags.watch:
            console.repaint([*lines, *notes])
            return
        for line in lines:
            console.row(line)
    if before is None or notes != _notes(flags, before):
        for sentence in notes:
            console.say(sentence)


def _notes(flags: ListFlags, listing: Listing) -> list[str]:
    notes = []
    if not listing.rows:
        gone = "It is not in the list any more."
        notes.append("There are no downloads yet." if flags.id_text is None else gone)
    if listing.schedule:
        notes.append(f"By the schedule: {listing.schedule}.")
    if listing.damaged:
        notes.append(f"Damaged records that cannot be shown: {listing.damaged}.")
    if listing.is_stale:
        notes.append("The engine is out of reach; this is what it said last.")
    return notes


@asynccontextmanager
async def _source(flags: ListFlags, setup: Setup) -> AsyncIterator[Callable[[], Listing]]:
    """Yield what looks at the list.

    Raises:
        StateError: a named engine cannot be reached.
    """
    from tui_dl.cli.listing import Listing, live_row, stored_listing

    place = _place(flags, setup)
    if place is not None:
        from tui_dl.cli.client import remote_service, start
        from tui_dl.domain.errors import StateError

        service = remote_service(place)
        try:
            try:
                await start(service)
            except StateError:
                if not place.is_own:
                    raise
                place = None  # it may be about to end; what it stored can be read
            else:

                def look() -> Listing:
                    picture = service.snapshot()
                    rows = tuple(live_row(row) for row in picture.downloads)
                    is_stale = picture.stale_s > 0
                    # Another engine has settings of its own.
                    words = _schedule(setup) if place.is_own else ""
                    return Listing(rows, is_live=True, is_stale=is_stale, schedule=words)

                yield look
        finally:
            await service.close()
    if place is None:
        yield lambda: replace(stored_listing(setup.paths.data_dir), schedule=_schedule(setup))


def _schedule(setup: Setup) -> str:
    from datetime import UTC, datetime

    from tui_dl.cli.schedule_words import schedule_words

    settings = setup.settings
    return schedule_words(settings.queue.schedule, settings.downloads.limit, datetime.now(UTC))


def _place(flags: ListFlags, setup: Setup) -> Place | None:
    from tui_dl.cli.reach import find_place
    from tui_dl.domain.errors import StateError

    try:
        place = find_place(setup.paths.data_dir, flags.host, flags.token)
    except StateError:
        return None  # one runs, but with its API off: the stored list can be read
    # A get may end at any moment; what it stores and notes can be read all the same.
    return None if place is not None and place.unix_socket is not None else place
