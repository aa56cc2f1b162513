"""From flags and input entries to ``AddRequest`` values. All or nothing.

Everything that can be known to be wrong without a network is refused here, before a
record exists. Must not do I/O beyond reading the list and looking for named files.
"""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tui_dl.cli import parse
from tui_dl.cli.input_file import InputEntry, InputOption, expand_entry, parse_input
from tui_dl.cli.login_options import bearer
from tui_dl.cli.moments import read_moment
from tui_dl.cli.source_options import folder
from tui_dl.config.paths import absolute
from tui_dl.domain.categories import Category, category_named
from tui_dl.domain.errors import TuiDlError, UsageError
from tui_dl.domain.model import AddRequest, Digest, DownloadOptions
from tui_dl.domain.priority import parse_priority
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.redaction import redacted
from tui_dl.domain.url_patterns import MOST_URLS
from tui_dl.domain.urls import parse_url


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks of every download that says nothing else itself."""

    directory: Path
    options: DownloadOptions
    paused: bool = False
    categories: tuple[Category, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """The requests of one command, each once, and what was left out, as sentences."""

    requests: tuple[AddRequest, ...]
    notes: tuple[str, ...] = ()


def read_entries(
    urls: Sequence[str], input_file: str | None, *, is_literal: bool = False
) -> list[InputEntry]:
    """Return what is to be downloaded: the arguments first, then the list.

    Patterns stand for many entries, unless addresses are meant as they are. An entry of a
    saved session has a gid: it is one download, with its address to the letter.

    Raises:
        UsageError: the list cannot be read, or is not one; a pattern is wrong.
    """
    for url in urls:
        refuse_foreign_part(url)
    entries = [InputEntry(0, (url,)) for url in urls]
    if input_file is not None:
        entries += _listed(input_file)
    if is_literal:
        return entries
    expanded: list[InputEntry] = []
    for entry in entries:
        expanded += [entry] if entry.has("gid") else expand_entry(entry)
    if len(expanded) > max(MOST_URLS, len(entries)):
        raise UsageError(
            f"The patterns stand for {len(expanded)} addresses; "
            f"at most {MOST_URLS} are taken at once."
        )
    return expanded


def refuse_foreign_part(text: str) -> None:
    """Say why another program's unfinished file is not taken over.

    Raises:
        UsageError: it is one.
    """
    if "://" in text:
        return
    if text.endswith(".aria2"):
        raise UsageError(f"{text} does not know its URL: tui-dl get --adopt {text} URL.")
    if text.endswith(".surge"):
        raise UsageError(
            f"{text} belongs to Surge, whose unfinished files are not taken over: what they "
            "hold is told nowhere beside them. Give the URL; it is fetched anew."
        )


def _listed(input_file: str) -> list[InputEntry]:
    try:
        if input_file == "-":
            text = sys.stdin.buffer.read().decode("utf-8")
        else:
            data = Path(input_file).read_bytes()
            is_packed = input_file.endswith(".gz")
            text = (gzip.decompress(data) if is_packed else data).decode("utf-8")
        return parse_input(text)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UsageError(f"The list {input_file} is not what gzip writes.") from error
    except OSError as error:
        raise UsageError(f"The list {input_file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"The list {input_file} is not UTF-8 text.") from error
    except UsageError as error:
        raise UsageError(f"The list {input_file}: {error.message}") from error


def build_batch(entries: Sequence[InputEntry], wanted: Wanted) -> Batch:
    """Return one request per entry; the same URL, folder and name again is left out.

    Raises:
        UsageError: no entry, a bad one, or an option that cannot hold for several files.
    """
    if not entries:
        raise UsageError("Nothing to download: give a URL, or a list with -i FILE.")
    if len(entries) > 1:
        _refuse_single_file_options(wanted.options, len(entries))
    seen: set[tuple[str | None, ...]] = set()
    requests: list[AddRequest] = []
    notes: list[str] = []
    for entry in entries:
        request, entry_notes = _build(entry, wanted)
        notes.extend(entry_notes)
        key = (request.url, request.directory, request.options.out, request.gid)
        if key in seen:
            notes.append(f"{redacted(entry.urls[0])} is given twice; it is fetched once.")
            continue
        seen.add(key)
        requests.append(request)
    return Batch(tuple(requests), tuple(dict.fromkeys(notes)))


def _refuse_single_file_options(options: DownloadOptions, count: int) -> None:
    for given, name in (
        (options.out, "-o/--out"),
        (options.digests, "--checksum"),
        (options.mirrors, "--mirror"),
        (options.adopt, "--adopt"),
    ):
        if given:
            raise UsageError(
                f"{name} speaks of one file, but there are {count}. "
                "Use an input file (-i), where each can have its own."
            )


def _build(entry: InputEntry, wanted: Wanted) -> tuple[AddRequest, list[str]]:
    notes: list[str] = []
    directory, options, paused = wanted.directory, wanted.options, wanted.paused
    options = replace(options, pieces=entry.pieces)
    if entry.given_for is not None and not _has_origin(entry.urls[0], entry.given_for):
        options = without_secrets(options)
    gid: str | None = None
    for option in entry.options:
        try:
            if option.name == "dir":
                directory = absolute(option.value)
            elif option.name == "category":
                category = category_named(option.value, wanted.categories)
                directory, options = Path(category.folder), in_category(options, category)
            elif option.name.startswith("on-"):
                raise UsageError("Hooks are set in the settings file only.")
            elif option.name == "pause":
                paused = parse.flag(option.value)
            elif option.name == "gid":
                gid = parse.gid(option.value)
            elif option.name == "header":
                options = replace(options, headers=(*options.headers, parse.header(option.value)))
            elif option.name == "checksum":
                options = replace(options, digests=_digests(options, option.value))
            elif option.name in ("http-proxy", "https-proxy"):
                proxy = parse.proxy(option.value)
                if entry.urls[0].lower().startswith(option.name.removesuffix("-proxy") + ":"):
                    options = replace(options, proxy=proxy)
            elif option.name in _OPTIONS:
                options = _apply(options, option)
            else:
                notes.append(f"The option {option.name} of the list is not known; it is ignored.")
        except TuiDlError as error:
            raise UsageError(f"line {option.line}: {option.name}: {error.message}") from error
    try:
        for url in (*entry.urls, *options.mirrors):
            parse_url(url)
        directory, options = _place(directory, options)
    except TuiDlError as error:
        where = f"line {entry.line}" if entry.line else redacted(entry.urls[0])
        raise UsageError(f"{where}: {error.message}", code=error.code) from error
    options = replace(options, mirrors=(*entry.urls[1:], *options.mirrors))
    request = AddRequest(
        entry.urls[0],
        str(directory),
        options,
        paused=paused,
        gid=gid,
        # Whoever gives gids says which downloads are the same.
        allow_duplicate=gid is not None,
    )
    return request, notes


def in_category(options: DownloadOptions, category: Category) -> DownloadOptions:
    """Return the options with the folder that finished files of a category go to."""
    return options if options.move_to is not None else replace(options, move_to=category.move_to)


def _has_origin(url: str, other: str) -> bool:
    return parse_url(url).origin == parse_url(other).origin


def without_secrets(options: DownloadOptions) -> DownloadOptions:
    """Return the options without what was given for one origin only (trap H31)."""
    return replace(
        options,
        headers=(),
        referer=None,
        http_user=None,
        http_password=None,
        bearer=None,
        certificate=None,
        private_key=None,
        private_key_password=None,
    )


def _place(directory: Path, options: DownloadOptions) -> tuple[Path, DownloadOptions]:
    """Split a name that holds folders, as curl's and aria2's users write it."""
    out = options.out
    if out is None:
        return directory, options
    if out == "-":
        raise UsageError("A download cannot be written to standard output; it needs a file.")
    folder, name = os.path.split(Path(out).expanduser() if out.startswith("~") else out)
    if name in ("", ".", ".."):
        raise UsageError(f"{out!r} names a folder; -o takes the name of a file.")
    return absolute(os.path.join(directory, folder)), replace(options, out=name)  # noqa: PTH118 - str in, str out


def _existing_file(text: str) -> str:
    path = absolute(text)
    if not path.is_file():
        raise UsageError(f"There is no file {text!r}.")
    return str(path)


def _digests(options: DownloadOptions, text: str) -> tuple[Digest, ...]:
    return tuple(dict.fromkeys((*options.digests, parse.checksum(text))))


def _same(text: str) -> str:
    return text


_OPTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "out": ("out", _same),
    "checksum-from": ("checksum_from", parse.url),
    "remote-time": ("remote_time", parse.flag),
    "conditional-get": ("conditional_get", parse.flag),
    "sequential": ("sequential", parse.flag),
    "move-to": ("move_to", folder),
    "split": ("connections", parse.connections),
    "max-connection-per-server": ("connections", parse.connections),
    "max-download-limit": ("limit_bps", parse.limit),
    "max-tries": ("max_tries", parse.tries),
    "timeout": ("timeout_s", parse.seconds),
    "connect-timeout": ("connect_timeout_s", parse.seconds),
    "user-agent": ("user_agent", parse.user_agent),
    "referer": ("referer", parse.referer),
    "start-at": ("start_at", read_moment),
    "priority": ("priority", parse_priority),
    "all-proxy": ("proxy", parse.proxy),
    "no-proxy": ("no_proxy", _same),
    "interface": ("interface", parse.interface),
    "disable-ipv6": ("ip_version", lambda text: 4 if parse.flag(text) else None),
    "http2": ("http2", parse.flag),
    "resolve": ("resolve", lambda text: tuple(map(parse.resolve, text.split()))),
    "http-user": ("http_user", _same),
    "http-passwd": ("http_password", _same),
    "load-cookies": ("cookie_file", _existing_file),
    "ca-certificate": ("ca_certificate", _existing_file),
    "check-certificate": ("check_certificate", parse.flag),
    "http-auth-challenge": ("auth_challenge", parse.flag),
    "bearer": ("bearer", bearer),
    "no-netrc": ("use_netrc", lambda text: not parse.flag(text)),
    "netrc-path": ("netrc_file", _existing_file),
    "save-cookies": ("save_cookies", lambda text: str(absolute(text))),
    "certificate": ("certificate", _existing_file),
    "private-key": ("private_key", _existing_file),
}
"""aria2's name of an input option -> field of ``DownloadOptions`` and its reader."""


def _apply(options: DownloadOptions, option: InputOption) -> DownloadOptions:
    field, read = _OPTIONS[option.name]
    # The table ties each field to a reader of its type; mypy cannot follow names in a table.
    change: dict[str, Any] = {field: read(option.value)}
    return replace(options, **change)
