"""aria2's session and input files: addresses on one line, indented options below. Pure.

saveSession writes them with ``session_text``; ``tui-dl serve --input-file`` reads them as
it reads every list. ``session_requests`` is what aria2 itself would add. Must not open files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tui_dl.api.aria2.adding import Place, request_for
from tui_dl.api.aria2.options import may_be_added, read_options
from tui_dl.api.aria2.uris import usable
from tui_dl.domain.errors import UsageError
from tui_dl.domain.model import AddRequest
from tui_dl.domain.quick_dataclass import dataclass

_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """One download of the file: mirrors of one file, and its options."""

    uris: tuple[str, ...]
    options: Mapping[str, str]
    """By aria2's names; ``header`` holds one header a line."""
    line: int = 0
    """1-based, of the addresses; 0 when it was not read from a file."""


def session_text(entries: Iterable[SessionEntry]) -> str:
    """Return the text of a session file.

    A value that would break out of its line is left out: a file that says less is better
    than one that says something else.
    """
    lines: list[str] = []
    for entry in entries:
        lines.append("".join(f"{uri}\t" for uri in dict.fromkeys(entry.uris)))
        for name, value in entry.options.items():
            values = value.split("\n") if name == "header" else [value]
            lines += [f" {name}={one}" for one in values if one and not _UNSAFE.search(one)]
    return "".join(line + "\n" for line in lines)


def read_session(text: str) -> list[SessionEntry]:
    """Read a session or input file; blank lines and lines with ``#`` are skipped.

    Raises:
        UsageError: an option stands before the first address, or has no ``=``.
    """
    entries: list[SessionEntry] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        if line[0] not in " \t":
            uris = tuple(part.strip() for part in line.split("\t") if part.strip())
            entries.append(SessionEntry(uris, {}, number))
            continue
        name, equals, value = content.partition("=")
        if not entries or not equals or not name.strip():
            raise UsageError(f"Line {number} is an option of nothing: NAME=VALUE was expected.")
        entries[-1] = _with_option(entries[-1], name.strip(), value.strip())
    return entries


def _with_option(entry: SessionEntry, name: str, value: str) -> SessionEntry:
    if name == "header" and "header" in entry.options:
        value = f"{entry.options[name]}\n{value}"
    return SessionEntry(entry.uris, {**entry.options, name: value}, entry.line)


def session_requests(text: str, place: Place) -> list[AddRequest]:
    """Return what a session or input file asks for, in its order.

    Raises:
        UsageError: an entry is broken; the sentence names its line. Nothing is half taken.
    """
    return [entry_request(entry, place) for entry in read_session(text)]


def entry_request(entry: SessionEntry, place: Place) -> AddRequest:
    """Return the request of one entry.

    Raises:
        UsageError: an option or all of its addresses are of no use.
    """
    try:
        texts = read_options(entry.options, may_be_added)
        is_pattern = texts.get("parameterized-uri") == "true"
        return request_for(usable(entry.uris, parameterized=is_pattern), texts, place)
    except UsageError as error:
        raise UsageError(f"Line {entry.line}: {error.message}", code=error.code) from error
