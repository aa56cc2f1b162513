"""The list of downloads in a text file: aria2's format. Pure; must not open anything.

One entry a line. Addresses on one line, separated by TAB, are the same file. Lines that
begin with white space are options of the entry above, ``name=value``. Blank lines and
lines that begin with ``#`` are skipped.
"""

from __future__ import annotations

from tui_dl.domain.errors import UsageError
from tui_dl.domain.model import PieceHashes
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.url_patterns import expand_url


@dataclass(frozen=True, slots=True)
class InputOption:
    """One indented line."""

    line: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class InputEntry:
    """One download of the file, as it was written."""

    line: int
    """1-based, for the sentence about it. 0: it stood on the command line."""
    urls: tuple[str, ...]
    """The address and its mirrors; never empty."""
    options: tuple[InputOption, ...] = ()
    pieces: PieceHashes | None = None
    """Digests of its pieces, when a Metalink document states them."""
    given_for: str | None = None
    """The address of that document: the user's headers and logins were given for it."""

    def has(self, name: str) -> bool:
        """Return whether an option of that name is given."""
        return any(option.name == name for option in self.options)


def parse_input(text: str) -> list[InputEntry]:
    """Return the entries of a file in order.

    Raises:
        UsageError: an option stands before the first address or has no ``=``.
    """
    entries: list[InputEntry] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        if line[0] not in " \t":
            urls = tuple(part.strip() for part in line.split("\t") if part.strip())
            entries.append(InputEntry(number, urls))
            continue
        if not entries:
            raise UsageError(f"line {number}: an option stands before the first address.")
        last = entries[-1]
        option = _parse_option(number, content)
        entries[-1] = InputEntry(last.line, last.urls, (*last.options, option))
    return entries


def expand_entry(entry: InputEntry) -> list[InputEntry]:
    """Return an entry for each address that the patterns of this one stand for.

    Raises:
        UsageError: a pattern is wrong, or its mirrors stand for another number.
    """
    try:
        columns = [expand_url(url) for url in entry.urls]
    except UsageError as error:
        where = f"line {entry.line}: " if entry.line else ""
        raise UsageError(f"{where}{error.message}") from error
    if len({len(column) for column in columns}) > 1:
        raise UsageError(
            f"line {entry.line}: the addresses of one file must stand for equally many."
        )
    return [InputEntry(entry.line, urls, entry.options) for urls in zip(*columns, strict=True)]


def _parse_option(number: int, content: str) -> InputOption:
    name, equals, value = content.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"line {number}: an indented line must be an option, name=value.")
    return InputOption(number, name.strip(), value.strip())
