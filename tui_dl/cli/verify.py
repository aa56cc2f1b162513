"""``tui-dl verify``: hold finished files against the digests that they should have.

Owns where the digests are looked for. Reads the stored list, with or without another
tui-dl at work; never starts an engine and changes nothing. Hashing is ``checking.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui_dl.cli import parse
from tui_dl.cli.console import Console
from tui_dl.cli.options import Parsed, shared_options
from tui_dl.cli.settings import Setup, SharedFlags, read_setup
from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui_dl.cli.checking import Subject
    from tui_dl.domain.checksum_files import ChecksumLine
    from tui_dl.domain.model import Digest, DownloadRecord
    from tui_dl.engine.config import EngineConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyFlags(SharedFlags):
    """Every flag of ``verify``, parsed."""

    targets: tuple[str, ...]
    checksums: tuple[Digest, ...]
    checksum_from: str | None
    json_lines: bool


@click.command("verify")
@click.argument("targets", nargs=-1, required=True, metavar="FILE|ID...")
@click.option(
    "--checksum",
    "checksums",
    metavar="sha-256=HEX",
    multiple=True,
    type=Parsed("CHECKSUM", parse.checksum),
    help="Digest that the file must have; may be given again.",
)
@click.option(
    "--checksum-from", metavar="URL|FILE", help="List of digests that names the files: SHA256SUMS."
)
@click.option("--json", "json_lines", is_flag=True, help="One JSON object per line.")
@shared_options
def command(**flags: Any) -> int:
    """Check finished files, named by path or by the id of their download.

    Without --checksum or --checksum-from a file is held against what its download was
    promised, else against what the server states now. The paths of files that agree are
    printed on stdout. Exit code 3: a file differs; 1: nobody states a digest of it.
    """
    return run(VerifyFlags(**flags), Console())


def run(flags: VerifyFlags, console: Console) -> int:
    """Check every file and return the exit code.

    Raises:
        UsageError: a target is neither a file nor a download that is completed.
        TuiDlError: a list of digests or a file cannot be read.
    """
    import asyncio

    from tui_dl.cli.checking import check_all
    from tui_dl.service.offline import read_stored

    setup = read_setup(flags)
    for sentence in setup.problems:
        console.say(sentence)
    records = [item.record for item in read_stored(setup.paths.data_dir).downloads]
    found = [_find(text, records) for text in flags.targets]

    async def main() -> int:
        subjects = await _with_digests(found, flags, setup)
        return await check_all(subjects, console, as_json=flags.json_lines)

    return asyncio.run(main())


def _find(text: str, records: Sequence[DownloadRecord]) -> tuple[Path, DownloadRecord | None]:
    """Return the file that is meant, and its download where there is one.

    Raises:
        UsageError: there is neither, or the download is not completed.
    """
    from tui_dl.config.paths import absolute
    from tui_dl.domain.errors import ErrorCode, UsageError
    from tui_dl.domain.model import Status

    path = absolute(text)
    done = [record for record in records if record.status is Status.COMPLETED and record.name]
    if path.is_file():
        by_path = [record for record in done if _path(record) == path]
        return path, max(by_path, key=lambda record: record.created_at, default=None)
    wanted = text.lower()
    hits = [record for record in records if wanted in (record.id, record.gid)]
    if not hits and wanted:
        hits = [
            item for item in records if item.id.startswith(wanted) or item.gid.startswith(wanted)
        ]
    if len(hits) > 1:
        raise UsageError(f"{text} fits {len(hits)} downloads. Write more of it.")
    if not hits:
        raise UsageError(
            f"{text} is neither a file nor a download.", code=ErrorCode.UNKNOWN_DOWNLOAD
        )
    if hits[0] not in done:
        raise UsageError(f"The download {text} is not completed: {hits[0].status.value}.")
    return _path(hits[0]), hits[0]


def _path(record: DownloadRecord) -> Path:
    return Path(record.directory) / (record.name or "")


async def _with_digests(
    found: Sequence[tuple[Path, DownloadRecord | None]], flags: VerifyFlags, setup: Setup
) -> list[Subject]:
    """Look for the digests: on the command line, in the list, in the record, at the server."""
    from tui_dl.cli.checking import Subject
    from tui_dl.cli.engine import engine_config
    from tui_dl.domain.checksum_files import digests_for

    config = engine_config(setup.settings, setup.paths, setup.paths.data_dir)
    listed: tuple[ChecksumLine, ...] = ()
    if flags.checksum_from is not None:
        listed = await _read_list(flags.checksum_from, config)
    subjects: list[Subject] = []
    for path, record in found:
        digests, said_by = flags.checksums, "you gave"
        if flags.checksum_from is not None:
            names = (path.name, "" if record is None else _url_name(record))
            digests = (*digests, *digests_for(listed, names, where=flags.checksum_from))
            said_by = "the list has"
        elif not digests and record is not None:
            digests, said_by = await _known(record, config)
        subjects.append(Subject(path, tuple(dict.fromkeys(digests)), said_by, record))
    return subjects


def _url_name(record: DownloadRecord) -> str:
    from tui_dl.domain.names import name_from_url
    from tui_dl.domain.urls import parse_url

    return name_from_url(parse_url(record.url).target) or ""


async def _known(record: DownloadRecord, config: EngineConfig) -> tuple[tuple[Digest, ...], str]:
    """Return what the download was promised, else what its server states of the same size."""
    own = (*record.options.digests, *([record.digest] if record.digest else []))
    if own:
        return own, "its download was promised"
    from tui_dl.engine.lookup import look_at, opened_client

    async with opened_client(config) as client:
        look = await look_at(client, record.url, record.options, config)
    same = look.size_bytes in (None, record.total_bytes)
    return (look.digests if same else ()), "the server states"


async def _read_list(place: str, config: EngineConfig) -> tuple[ChecksumLine, ...]:
    """Read a list of digests from a file or an address.

    Raises:
        UsageError: there is no such file.
        TransferError: the address does not give it.
    """
    from tui_dl.cli.documents import read_place
    from tui_dl.domain.checksum_files import MOST_BYTES, parse_checksum_file

    body = await read_place(place, MOST_BYTES, config)
    return parse_checksum_file(body.decode("utf-8", "replace"))
