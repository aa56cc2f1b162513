"""``tui-dl priority``: which of the waiting downloads start first."""

from __future__ import annotations

from typing import Any

import click

from tui_dl.cli.client import Client, ClientFlags, client_options, find_ids, run_client, tell
from tui_dl.cli.console import Console
from tui_dl.cli.ids import complete_ids
from tui_dl.domain.errors import UsageError
from tui_dl.domain.priority import parse_priority
from tui_dl.domain.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityFlags(ClientFlags):
    """Every flag of ``priority``, parsed."""

    words: tuple[str, ...]


# A number below 0 begins as flags do: what is no flag of ours comes in as a word.
@click.command("priority", context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, metavar="ID... N", shell_complete=complete_ids)
@client_options
def command(**flags: Any) -> int:
    """Let downloads start before or after others: -100 to 100, 0 is usual.

    Of what waits, higher numbers start first; places in the queue count among equals.
    Nothing that runs is stopped for it: the next free slot is taken.
    """
    return run(PriorityFlags(**flags), Console())


def run(flags: PriorityFlags, console: Console) -> int:
    """Do what the flags say and return the exit code.

    Raises:
        TuiDlError: a bad number, an unknown id, or an engine that cannot be reached.
    """
    *ids, text = flags.words or ("",)
    for word in ids:
        if word.startswith("-"):
            raise UsageError(f"{word} is neither an id nor a flag of this command.")
    if not ids:
        raise UsageError("Say which and how much: tui-dl priority ID 10.")
    priority = parse_priority(text)

    async def work(client: Client) -> int:
        found = find_ids(client.service, ids)
        results = await client.service.set_priority(found, priority)
        return tell(results, f"given priority {priority}", console)

    return run_client(flags, console, work)
