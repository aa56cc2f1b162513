"""``tui-dl import``: add what ``tui-dl export`` wrote. All of it, or nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from tui_dl.cli.add import tell_added
from tui_dl.cli.client import Client, ClientFlags, client_options, run_client
from tui_dl.cli.console import Console
from tui_dl.domain.errors import UsageError
from tui_dl.domain.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFlags(ClientFlags):
    """Every flag of ``import``, parsed."""

    file: str
    paused: bool
    with_secrets: bool


@click.command("import")
@click.argument("file", metavar="FILE")
@click.option("--paused", is_flag=True, help="Add them, but start nothing.")
@click.option(
    "--with-secrets",
    is_flag=True,
    help="Let the document name files to read or write, such as cookies and keys.",
)
@client_options
def command(**flags: Any) -> int:
    """Add the downloads of an exported queue; - is standard input. Ids go to stdout."""
    return run(ImportFlags(**flags), Console())


def run(flags: ImportFlags, console: Console) -> int:
    """Add what the document asks for and return the exit code.

    Raises:
        TuiDlError: a bad document, before anything was added, or no engine.
    """
    from dataclasses import replace

    from tui_dl.service.queue_file import read_queue

    found = read_queue(_read(flags.file), with_secrets=flags.with_secrets)
    if found.without_link:
        console.say(
            f"Left out because their links lost their secrets: {found.without_link}. "
            "An export --with-secrets keeps them."
        )
    requests = [replace(item, paused=item.paused or flags.paused) for item in found.requests]

    async def work(client: Client) -> int:
        return tell_added(requests, await client.service.add(requests), client, console)

    return run_client(flags, console, work)


def _read(name: str) -> bytes:
    from tui_dl.service.queue_file import MOST_BYTES

    try:
        if name == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}.") from error
    if len(data) > MOST_BYTES:
        raise UsageError(f"{name} is too long for an exported queue.")
    return data
