"""``tui-dl history``: what is completed, the latest first, out of the stored list."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from tui_dl.cli.client import Client, ClientFlags, client_options, run_client
from tui_dl.cli.console import Console
from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from tui_dl.domain.snapshot import DownloadSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFlags(ClientFlags):
    """Every flag of ``history``, parsed."""

    json_lines: bool


@click.command("history")
@click.option("--json", "json_lines", is_flag=True, help="One JSON object per line.")
@client_options
def command(**flags: Any) -> int:
    """List what is completed, the latest first."""
    return run(HistoryFlags(**flags), Console())


def run(flags: HistoryFlags, console: Console) -> int:
    """Print the history and return the exit code.

    Raises:
        TuiDlError: an engine that cannot be reached.
    """

    async def work(client: Client) -> int:
        from tui_dl.domain.model import Status

        rows = client.service.snapshot().downloads
        done = [row for row in rows if row.status is Status.COMPLETED]
        done.sort(key=_ended, reverse=True)
        for row in done:
            if flags.json_lines:
                console.data(json.dumps(_as_json(row)))
            else:
                console.row(_line(row))
        if not done:
            console.say("Nothing is completed yet.")
        return 0

    return run_client(flags, console, work)


def _ended(row: DownloadSnapshot) -> tuple[float, str]:
    return (0.0 if row.completed_at is None else row.completed_at.timestamp(), row.id)


def _path(row: DownloadSnapshot) -> str:
    return os.path.join(row.directory, row.name)  # noqa: PTH118 - str in, str out


def _line(row: DownloadSnapshot) -> str:
    from tui_dl.domain.units import format_size

    when = "" if row.completed_at is None else f"{row.completed_at.astimezone():%Y-%m-%d %H:%M}"
    return f"{row.id[:8]}  {when:16}  {format_size(row.done_bytes):>9}  {_path(row)}"


def _as_json(row: DownloadSnapshot) -> dict[str, object]:
    from tui_dl.domain.redaction import redacted

    return {
        "id": row.id,
        "path": _path(row),
        "url": redacted(row.url),
        "size_bytes": row.done_bytes,
        "assurance": row.assurance.value,
        "digest": None if row.digest is None else f"{row.digest.algorithm}={row.digest.hex}",
        "elapsed_s": row.elapsed_s,
        "completed_at": None if row.completed_at is None else row.completed_at.isoformat(),
    }
