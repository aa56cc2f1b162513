"""``tui-dl limit``: bytes per second of one download, of each, or of all together."""

from __future__ import annotations

from typing import Any

import click

from tui_dl.cli.client import Client, ClientFlags, client_options, find_ids, run_client, tell
from tui_dl.cli.console import Console
from tui_dl.cli.ids import complete_ids
from tui_dl.domain.errors import UsageError
from tui_dl.domain.quick_dataclass import dataclass

_NONE = frozenset({"unlimited", "none", "off"})
_INHERIT = frozenset({"default", "inherit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFlags(ClientFlags):
    """Every flag of ``limit``, parsed."""

    words: tuple[str, ...]
    is_global: bool
    is_default: bool


@click.command("limit")
@click.argument("words", nargs=-1, metavar="[ID...] RATE", shell_complete=complete_ids)
@click.option("--global", "is_global", is_flag=True, help="Limit all downloads together.")
@click.option(
    "--default", "is_default", is_flag=True, help="Limit each that has no limit of its own."
)
@client_options
def command(**flags: Any) -> int:
    """Limit downloads at once: 500K, 2M, 0 or unlimited, or default.

    ``default`` takes a download's own limit away.
    """
    return run(LimitFlags(**flags), Console())


def run(flags: LimitFlags, console: Console) -> int:
    """Do what the flags say and return the exit code.

    Raises:
        TuiDlError: a bad rate, an unknown id, or an engine that cannot be reached.
    """
    if not flags.words:
        raise UsageError("Say how much: tui-dl limit ID 2M, or tui-dl limit --global 2M.")
    *ids, text = flags.words
    limit_bps = _rate(text)
    if flags.is_global or flags.is_default:
        if ids or (flags.is_global and flags.is_default) or limit_bps is None:
            raise UsageError("--global and --default take one rate and nothing else.")
    elif not ids:
        raise UsageError("Say which download, or --global, or --default.")

    async def work(client: Client) -> int:
        if not ids and client.place is None:
            raise UsageError(
                "No tui-dl is running. For the next one: downloads.limit and "
                "downloads.limit_each in the settings."
            )
        if flags.is_global and limit_bps is not None:
            await client.service.set_global_limit(limit_bps)
        elif flags.is_default and limit_bps is not None:
            await client.service.set_default_limit(limit_bps)
        else:
            found = find_ids(client.service, ids)
            results = [await client.service.set_limit(id_, limit_bps) for id_ in found]
            return tell(results, "limited" if limit_bps else "no longer limited", console)
        return 0

    return run_client(flags, console, work)


def _rate(text: str) -> int | None:
    """Return bytes per second; ``None`` lets the default decide."""
    from tui_dl.cli import parse

    if text.lower() in _INHERIT:
        return None
    return 0 if text.lower() in _NONE else parse.limit(text)
