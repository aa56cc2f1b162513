"""The log: one JSON object a line, in the folder of the state, turned over when it is full.

Owns format, place and size. Quiet by default: only what went wrong inside tui-dl, never
what a server did; ``--debug`` adds each download's own log and more. Nothing is written,
no file is made and no module imported before the first record.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

from tui_dl.domain.redaction import redacted_text

FOLDER = "log"
FILE_NAME = "tui-dl.jsonl"
MOST_BYTES = 1024 * 1024
OLDER_FILES = 3


class JsonLines(logging.Formatter):
    """Turns a record into one line: time (UTC), level, logger, process, message, error.

    A line break in a message stays inside its JSON string, so nobody forges a line
    (trap S10), and secrets are hidden wherever they stand (trap S7).
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without its end."""
        import json
        import traceback

        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": redacted_text(record.getMessage()),
        }
        if record.exc_info is not None and record.exc_info[1] is not None:
            lines = traceback.format_exception(record.exc_info[1])
            fields["error"] = redacted_text("".join(lines))
        return json.dumps(fields, ensure_ascii=True)


class LazyFile(logging.Handler):
    """Opens the log at its first record. A log that cannot be written stops nothing."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._file: logging.Handler | None = None
        self._is_broken = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, or drop it when there is no place for it."""
        if self._is_broken:
            return
        try:
            if self._file is None:
                self._file = self._opened()
            self._file.emit(record)
        except OSError:
            # A full disk or a folder without rights is told by whoever needs the folder.
            self._is_broken = True

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()
        super().close()

    def _opened(self) -> logging.Handler:
        from tui_dl.cli.private_log import PrivateRotatingFile

        # One by one: the mode is that of the last folder only, and the log may come first.
        for folder in (self.path.parent.parent, self.path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = PrivateRotatingFile(
            self.path, maxBytes=MOST_BYTES, backupCount=OLDER_FILES, encoding="utf-8"
        )
        file.setFormatter(JsonLines())
        return file


def log_path(data_dir: Path) -> Path:
    """Return where the log of a state folder is."""
    return data_dir / FOLDER / FILE_NAME


def open_log(data_dir: Path, *, debug: bool) -> None:
    """Send every record of this process to the log of ``data_dir``, and none to the terminal."""
    root = logging.getLogger()
    for handler in [*root.handlers]:
        if isinstance(handler, LazyFile):
            root.removeHandler(handler)
            handler.close()
    root.addHandler(LazyFile(log_path(data_dir)))
    # Else a broken disk would have logging print its own traceback over the screen.
    logging.raiseExceptions = False
    logging.getLogger("tui_dl").setLevel(logging.DEBUG if debug else logging.WARNING)
    if debug:
        logging.getLogger("tui_dl").debug("command line of %d words", len(sys.argv))
