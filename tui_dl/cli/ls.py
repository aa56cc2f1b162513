"""``tui-dl ls``: the stored downloads as a table or as JSON. Reads, never starts an engine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from tui_dl.cli.console import Console
from tui_dl.cli.options import shared_options
from tui_dl.cli.settings import SharedFlags

if TYPE_CHECKING:
    from tui_dl.service.offline import StoredDownload

_SHORT_ID = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFlags(SharedFlags):
    """Every flag of ``ls``, parsed."""

    json_lines: bool


@click.command("ls")
@click.option("--json", "json_lines", is_flag=True, help="One JSON object per line.")
@shared_options
def command(**flags: Any) -> int:
    """List the downloads in queue order. Works while another tui-dl runs."""
    return run(ListFlags(**flags), Console())


def run(flags: ListFlags, console: Console) -> int:
    """Print the list and return the exit code.

    Raises:
        TuiDlError: the state cannot be read.
    """
    from datetime import UTC, datetime

    from tui_dl.cli.schedule_words import schedule_words
    from tui_dl.cli.settings import read_setup
    from tui_dl.service.offline import read_stored

    setup = read_setup(flags)
    for sentence in setup.problems:
        console.say(sentence)
    stored = read_stored(setup.paths.data_dir)
    if flags.json_lines:
        for download in stored.downloads:
            console.data(json.dumps(_as_json(download)))
    elif stored.downloads:
        for line in _table([_HEAD, *map(_cells, stored.downloads)]):
            console.row(line)
    else:
        console.say("There are no downloads yet.")
    words = schedule_words(
        setup.settings.queue.schedule, setup.settings.downloads.limit, datetime.now(UTC)
    )
    if words:
        console.say(f"By the schedule: {words}.")
    if stored.damaged:
        console.say(f"Damaged records that cannot be shown: {stored.damaged}.")
    return 0


_HEAD = ("ID", "STATUS", "SIZE", "DONE", "NAME")
_RIGHT = (False, False, True, True, False)


def _cells(download: StoredDownload) -> tuple[str, ...]:
    from tui_dl.cli.sentences import percent
    from tui_dl.domain.units import UNKNOWN, format_size

    record = download.record
    size_bytes = record.total_bytes if record.total_bytes is not None else download.done_bytes
    is_known = record.total_bytes is not None or download.done_bytes > 0
    done = UNKNOWN if download.fraction is None else percent(download.fraction)
    reason = f"  {record.failure.message}" if record.failure is not None else ""
    return (
        record.id[:_SHORT_ID],
        record.status.value,
        format_size(size_bytes) if is_known else UNKNOWN,
        done,
        _name(download) + reason,
    )


def _name(download: StoredDownload) -> str:
    from tui_dl.domain.redaction import redacted

    record = download.record
    return record.name or record.options.out or redacted(record.url)


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    """Return aligned lines; the last column is as wide as it is."""
    from tui_dl.domain.characters import cell_width

    widths = [max(cell_width(row[column]) for row in rows) for column in range(len(_HEAD) - 1)]
    lines = []
    for row in rows:
        cells = []
        for text, width, is_right in zip(row, widths, _RIGHT, strict=False):
            space = " " * (width - cell_width(text))
            cells.append(space + text if is_right else text + space)
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return lines


def _as_json(download: StoredDownload) -> dict[str, object]:
    from tui_dl.domain.redaction import redacted

    record = download.record
    failure = record.failure
    return {
        "id": record.id,
        "status": record.status.value,
        "name": record.name,
        "directory": record.directory,
        "url": redacted(record.url),
        "done_bytes": download.done_bytes,
        "total_bytes": record.total_bytes,
        "assurance": record.assurance.value,
        "code": None if failure is None else failure.code.value,
        "message": None if failure is None else failure.message,
        "created_at": record.created_at.isoformat(),
        "completed_at": None if record.completed_at is None else record.completed_at.isoformat(),
    }
