"""``tui-dl doctor --bundle FILE``: what somebody who helps needs to see, and no secret.

A zip of its own making: the findings, the settings that differ from their defaults, the
list without what identifies a link, and the log. Must not read the files of downloads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui_dl.domain.errors import ErrorCode, TuiDlError
from tui_dl.domain.redaction import redacted, redacted_text

if TYPE_CHECKING:
    from tui_dl.cli.settings import Setup

_MOST_LOG_BYTES = 4 * 1024 * 1024


def write_bundle(path: Path, report: Sequence[str], setup: Setup) -> None:
    """Write the report to ``path``, which must not exist yet; only its owner can read it.

    Raises:
        TuiDlError: the file exists, or cannot be written.
    """
    from zipfile import ZIP_DEFLATED, ZipFile

    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file, ZipFile(file, "w", ZIP_DEFLATED) as bundle:
            for name, text in _parts(report, setup):
                bundle.writestr(name, text)
    except OSError as error:
        raise TuiDlError(
            f"{path} cannot be written: {error.strerror}.", code=ErrorCode.NOT_WRITABLE
        ) from error


def _parts(report: Sequence[str], setup: Setup) -> Iterator[tuple[str, str]]:
    yield "doctor.txt", _text(report)
    yield "settings.txt", _text(_settings(setup)) or "all as by default\n"
    yield "list.txt", _text(_list(setup.paths.data_dir)) or "no downloads\n"
    yield from _logs(setup.paths.data_dir)


def _text(lines: Sequence[str] | Iterator[str]) -> str:
    return "".join(f"{redacted_text(line)}\n" for line in lines)


def _settings(setup: Setup) -> Iterator[str]:
    """Give each setting that is not its default."""
    from tui_dl.config.schema import entries

    for entry in entries():
        value = getattr(getattr(setup.settings, entry.section), entry.name)
        if value != entry.default:
            yield f"{entry.key} = {redacted(value) if isinstance(value, str) else value}"


def _list(data_dir: Path) -> Iterator[str]:
    """Give a line per download: state and sizes, of the link only scheme and host."""
    from tui_dl.domain.urls import parse_url
    from tui_dl.service.offline import read_stored

    try:
        stored = read_stored(data_dir)
    except TuiDlError as error:
        yield error.message
        return
    for download in stored.downloads:
        record = download.record
        try:
            url = parse_url(record.url)
            place = f"{url.scheme}://{url.host_port}"
        except TuiDlError:
            place = "a URL that cannot be read"
        total = "?" if record.total_bytes is None else record.total_bytes
        failure = "" if record.failure is None else f" {record.failure.code}"
        yield (
            f"{record.id} {record.status} {download.done_bytes} of {total} {place}"
            f" try {record.tries} generation {record.generation} {record.assurance}{failure}"
        )
    if stored.damaged:
        yield f"damaged: {stored.damaged}"


def _logs(data_dir: Path) -> Iterator[tuple[str, str]]:
    """Give the end of each log file; its lines hold no secret, but are asked once more."""
    from tui_dl.cli.log_file import log_path

    path = log_path(data_dir)
    for file in sorted(path.parent.glob(f"{path.name}*")):
        try:
            text = file.read_text(errors="replace")[-_MOST_LOG_BYTES:]
        except OSError as error:
            text = f"cannot be read: {error.strerror}"
        yield f"log/{file.name}", _text(text.splitlines())
