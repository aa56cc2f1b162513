"""What is written in the add dialog, checked and turned into requests. Pure.

Every complaint is a display-safe sentence; nothing is added while there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from tui_dl.config.schema import entries
from tui_dl.config.values import read_text
from tui_dl.domain.curl import is_curl, read_curl
from tui_dl.domain.digests import parse_checksum
from tui_dl.domain.display import display_text
from tui_dl.domain.errors import UsageError
from tui_dl.domain.model import AddRequest, DownloadOptions
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.redaction import redacted
from tui_dl.domain.units import parse_size
from tui_dl.domain.url_patterns import MOST_URLS, expand_url
from tui_dl.domain.urls import parse_url, split_url_text

ReadT = TypeVar("ReadT")
CONNECTIONS = next(entry.rule for entry in entries() if entry.key == "downloads.connections")


@dataclass(frozen=True, slots=True)
class Form:
    """The fields as they were typed; empty means: not said."""

    links: str
    folder: str
    name: str = ""
    mirrors: str = ""
    checksum: str = ""
    connections: str = ""
    limit: str = ""
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The requests, or what is wrong, one sentence each."""

    requests: tuple[AddRequest, ...] = ()
    problems: tuple[str, ...] = ()


def read_form(form: Form, directory: str, options: DownloadOptions) -> Reading:
    """Return the requests; relative folders count from ``directory``.

    Without a ``directory`` nobody here knows it, and no folder is the server's own one.
    """
    problems: list[str] = []
    urls: Sequence[str] = ()
    try:
        urls, options = _links(form.links, options)
    except UsageError as error:
        problems.append(display_text(error.message))
    else:
        problems += _link_problems(form.links, urls)
        if not urls:
            problems = ["Paste a link first, such as https://example.org/file.iso."]
    if directory and not form.folder and not problems:
        problems = ["Say which folder the files go to."]
    options = _with_fields(form, len(urls) == 1, options, problems)
    if problems:
        return Reading(problems=tuple(problems))
    folder = _absolute(form.folder, directory) if form.folder else ""
    return Reading(
        tuple(
            AddRequest(url=url, directory=folder, options=options, paused=form.paused)
            for url in urls
        )
    )


def link_count(text: str) -> int:
    """Return how many links the text holds, 0 when it cannot be read."""
    try:
        return len(_links(text, DownloadOptions())[0])
    except UsageError:
        return 0


def curl_summary(text: str) -> str:
    """Return what a curl command brings along, empty when it is none or is wrong.

    Names of headers only: their values are secrets.
    """
    if not is_curl(text):
        return ""
    try:
        options = read_curl(text).options
    except UsageError:
        return ""
    # What changes most comes first: where there is little room the end is cut.
    parts: list[str] = [] if options.check_certificate else ["no check of certificates"]
    if options.http_user is not None:
        parts.append("login")
    shown = options.headers[:4]
    parts += [display_text(name, max_cells=20) for name, _ in shown]
    if len(options.headers) > len(shown):
        parts.append(f"{len(options.headers) - len(shown)} more headers")
    return "curl" + (f" with {', '.join(parts)}" if parts else " command")


def shown_url(url: str) -> str:
    """Return a URL for a sentence: short, safe, without its secrets."""
    return display_text(redacted(url), max_cells=32)


def _links(text: str, options: DownloadOptions) -> tuple[Sequence[str], DownloadOptions]:
    if not is_curl(text):
        return _expanded(split_url_text(text)), options
    command = read_curl(text, options)
    return command.urls if command.is_literal else _expanded(command.urls), command.options


def _expanded(texts: Sequence[str]) -> list[str]:
    """Return what the patterns stand for.

    Raises:
        UsageError: a pattern is wrong, or there are too many.
    """
    urls = [url for text in texts for url in expand_url(text)]
    if len(urls) > max(MOST_URLS, len(texts)):
        raise UsageError(f"These patterns stand for more than {MOST_URLS} links.")
    return urls


def _link_problems(text: str, urls: Sequence[str]) -> list[str]:
    """Return a sentence for each link that cannot be one, with its line if there are many."""
    if is_curl(text):
        return [problem for url in urls if (problem := _url_problem(url))]
    lines = text.splitlines()
    problems: list[str] = []
    for number, line in enumerate(lines, start=1):
        for piece in split_url_text(line):
            # All that a pattern stands for differ in their path: one speaks for all.
            if problem := _url_problem(expand_url(piece)[0]):
                problems.append(f"Line {number}, {problem}" if len(lines) > 1 else problem)
    return problems


def _url_problem(url: str) -> str:
    try:
        parse_url(url)
    except UsageError as error:
        return f"{shown_url(url)}: {display_text(error.message)}"
    return ""


def _with_fields(
    form: Form, single: bool, options: DownloadOptions, problems: list[str]
) -> DownloadOptions:
    """Return the options with the fields on top; what is wrong joins ``problems``."""

    def read(label: str, text: str, reader: Callable[[str], ReadT]) -> ReadT | None:
        try:
            return reader(text) if text else None
        except (UsageError, ValueError) as error:
            reason = error.message if isinstance(error, UsageError) else f"{error}."
            problems.append(f"{label}: {display_text(reason)}")
            return None

    connections = read("Connections", form.connections, lambda t: read_text(CONNECTIONS, t))
    if isinstance(connections, int):
        options = replace(options, connections=connections)
    limit_bps = read("Limit", form.limit, parse_size)
    if limit_bps is not None:
        options = replace(options, limit_bps=limit_bps)
    if not single:
        return options
    digest = read("Checksum", form.checksum, parse_checksum)
    if digest is not None:
        options = replace(options, digests=(digest,))
    mirrors = split_url_text(form.mirrors)
    problems += [f"Mirror {problem}" for url in mirrors if (problem := _url_problem(url))]
    if mirrors:
        options = replace(options, mirrors=tuple(mirrors))
    return replace(options, out=form.name) if form.name else options


def _absolute(folder: str, default: str) -> str:
    """Return an absolute folder; an untouched field keeps the exact bytes of the default."""
    if folder == display_text(default):
        return default
    return str(Path(default).joinpath(Path(folder).expanduser()))
