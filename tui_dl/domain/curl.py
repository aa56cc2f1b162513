"""A pasted ``curl`` command as links and options: what browsers copy. Pure.

Nothing is run, no file is read: a value that names a file (``@file``) is refused, because
a pasted command must not send files of the user. An option that would change what is
fetched and is not known here is refused by name instead of being dropped silently.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import field, replace
from typing import Any

from tui_dl.domain.errors import UsageError
from tui_dl.domain.late_pattern import late_pattern
from tui_dl.domain.model import DownloadOptions
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.routes import check_interface, parse_proxy, parse_resolve
from tui_dl.domain.units import parse_size

LONG_NAMES = {
    "-H": "--header",
    "-b": "--cookie",
    "-u": "--user",
    "-A": "--user-agent",
    "-e": "--referer",
    "-o": "--output",
    "-x": "--proxy",
    "-X": "--request",
    "-C": "--continue-at",
    "-k": "--insecure",
    "-L": "--location",
    "-4": "--ipv4",
    "-6": "--ipv6",
    "-s": "--silent",
    "-S": "--show-error",
    "-f": "--fail",
    "-#": "--progress-bar",
    "-v": "--verbose",
    "-O": "--remote-name",
    "-J": "--remote-header-name",
    "-g": "--globoff",
    "-R": "--remote-time",
    "-d": "--data",
    "-F": "--form",
    "-T": "--upload-file",
    "-I": "--head",
}
WITHOUT_EFFECT = frozenset(
    (
        *("--compressed", "--location", "--silent", "--show-error", "--fail", "--progress-bar"),
        *(
            "--http2",
            "--verbose",
            "--remote-name",
            "--remote-header-name",
            "--globoff",
            "--remote-time",
        ),
        *("--http1.1", "--http2", "--no-progress-meter", "--basic"),
    )
)
"""tui-dl does these by itself, or they are about curl's own output."""
WITHOUT_EFFECT_VALUED = frozenset(("--continue-at", "--retry", "--retry-delay"))
SENDING = frozenset(
    (
        *("--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode", "--json"),
        *("--form", "--form-string", "--upload-file", "--head"),
    )
)
TRANSFER_HEADERS = frozenset(
    (
        *("accept-encoding", "range", "if-range", "if-none-match", "if-modified-since", "host"),
        *("connection", "te", "content-length", "transfer-encoding", "upgrade"),
    )
)
"""Headers of the browser's own transfer; tui-dl says its own."""
CHOICES: dict[str, tuple[str, object]] = {
    "--insecure": ("check_certificate", False),
    "--digest": ("auth_challenge", True),
    "--anyauth": ("auth_challenge", True),
    "--ipv4": ("ip_version", 4),
    "--ipv6": ("ip_version", 6),
}
"""curl's flag -> field of ``DownloadOptions`` and its value."""
_QUOTED = late_pattern(
    r"""(?P<ansi>(?<!\S)\$') | '[^']*' | "(?:\\.|[^"\\])*" | \\.""", re.DOTALL | re.VERBOSE
)
"""What a shell takes together; in it ``$'`` is text like any other."""


@dataclass(frozen=True, slots=True)
class CurlCommand:
    """What a command wants, with ``options`` on top of those that it started from."""

    urls: tuple[str, ...]
    options: DownloadOptions
    is_literal: bool = False
    """``-g`` was given: brackets and braces in the URLs are no patterns."""


def is_curl(text: str) -> bool:
    """Return whether pasted text is a curl command rather than links."""
    words = text.split(maxsplit=1)
    return bool(words) and words[0] in ("curl", "curl.exe")


def has_ansi_quote(text: str) -> bool:
    """Return whether a word begins with ``$'``, which only some shells understand."""
    return any(match["ansi"] for match in _QUOTED.finditer(text))


def read_curl(text: str, options: DownloadOptions = DownloadOptions()) -> CurlCommand:
    """Read the command.

    Raises:
        UsageError: it is not well-formed, would send something, or has an unknown option.
    """
    if has_ansi_quote(text):
        raise UsageError("The command is quoted with $'…', which is not understood here.")
    try:
        words = shlex.split(text.replace("\\\r\n", " ").replace("\\\n", " "))
    except ValueError as error:
        raise UsageError("A quote of the curl command is not closed.") from error
    reading = _Reading(options)
    arguments = iter(words[1:])
    only_urls = False
    for word in arguments:
        if only_urls or not word.startswith("-") or word == "-":
            reading.urls.append(word)
        elif word == "--":
            only_urls = True
        elif word.startswith("--"):
            reading.take(word, arguments)
        else:
            reading.take_short(word, arguments)
    if not reading.urls:
        raise UsageError("The curl command has no URL.")
    return CurlCommand(tuple(reading.urls), reading.options, reading.is_literal)


@dataclass(slots=True)
class _Reading:
    options: DownloadOptions
    urls: list[str] = field(default_factory=list)
    is_literal: bool = False

    def take(self, name: str, rest: Iterator[str], attached: str | None = None) -> None:
        """Take one long option, its value from ``attached`` or the next word."""
        if name == "--globoff":
            self.is_literal = True
        if name in WITHOUT_EFFECT:
            return
        if name in SENDING:
            raise UsageError(f"{name} sends something; tui-dl can only fetch.")
        if name in CHOICES:
            field_name, choice = CHOICES[name]
            change: dict[str, Any] = {field_name: choice}
            self.options = replace(self.options, **change)
            return
        setter = VALUED.get(name)
        if setter is None and name not in WITHOUT_EFFECT_VALUED:
            raise UsageError(f"curl's option {name} is not known here; leave it out.")
        value = attached or next(rest, None)
        if value is None:
            raise UsageError(f"{name} of the curl command has no value.")
        if setter is None:
            return
        if value.startswith("@"):
            raise UsageError(f"{name} names a file; a pasted command may not send files.")
        setter(self, value)

    def take_short(self, word: str, rest: Iterator[str]) -> None:
        """Take a cluster such as ``-sSL`` or ``-oNAME``."""
        for place, letter in enumerate(word[1:], start=2):
            name = LONG_NAMES.get(f"-{letter}", f"-{letter}")
            if name in VALUED or name in WITHOUT_EFFECT_VALUED:
                self.take(name, rest, word[place:] or None)
                return
            self.take(name, rest)


def _url(reading: _Reading, value: str) -> None:
    reading.urls.append(value)


def _header(reading: _Reading, value: str) -> None:
    name, colon, content = value.partition(":")
    name, content = name.strip(), content.strip()
    if not colon:
        if value.endswith(";"):
            return  # curl's way to send it empty
        raise UsageError("A header of the curl command is not written 'Name: value'.")
    if not content or name.lower() in TRANSFER_HEADERS:
        return
    if name.lower() == "user-agent":
        reading.options = replace(reading.options, user_agent=content)
    elif name.lower() == "referer":
        reading.options = replace(reading.options, referer=content)
    else:
        headers = (*reading.options.headers, (name, content))
        reading.options = replace(reading.options, headers=headers)


def _cookie(reading: _Reading, value: str) -> None:
    if "=" not in value:
        raise UsageError("--cookie names a file; paste the cookies themselves: 'name=value'.")
    _header(reading, f"Cookie: {value}")


def _user(reading: _Reading, value: str) -> None:
    user, colon, password = value.partition(":")
    if not colon:
        raise UsageError("--user has no password; curl would ask for it. Write NAME:PASSWORD.")
    reading.options = replace(reading.options, http_user=user, http_password=password)


def _user_agent(reading: _Reading, value: str) -> None:
    reading.options = replace(reading.options, user_agent=value)


def _referer(reading: _Reading, value: str) -> None:
    address = value.removesuffix(";auto")
    if address:
        reading.options = replace(reading.options, referer=address)


def _output(reading: _Reading, value: str) -> None:
    if value == "-":
        raise UsageError("A download cannot be written to standard output; it needs a file.")
    # Only its name: the folder is the one of the dialog.
    name = value.rstrip("/").rpartition("/")[2]
    if name in ("", ".", ".."):
        raise UsageError("--output names no file.")
    reading.options = replace(reading.options, out=name)


def _proxy(reading: _Reading, value: str) -> None:
    parse_proxy(value)
    reading.options = replace(reading.options, proxy=value)


def _socks(reading: _Reading, value: str) -> None:
    reading.options = replace(reading.options, proxy=f"socks5://{value}")


def _socks_hostname(reading: _Reading, value: str) -> None:
    reading.options = replace(reading.options, proxy=f"socks5h://{value}")


def _bearer(reading: _Reading, value: str) -> None:
    reading.options = replace(reading.options, bearer=value)


def _no_proxy(reading: _Reading, value: str) -> None:
    reading.options = replace(reading.options, no_proxy=value)


def _interface(reading: _Reading, value: str) -> None:
    reading.options = replace(reading.options, interface=check_interface(value))


def _resolve(reading: _Reading, value: str) -> None:
    parse_resolve(value)
    entries = (*reading.options.resolve, value)
    reading.options = replace(reading.options, resolve=entries)


def _request(_reading: _Reading, value: str) -> None:
    if value.upper() != "GET":
        raise UsageError("The curl command does not GET; tui-dl can only fetch.")


def _limit(reading: _Reading, value: str) -> None:
    reading.options = replace(reading.options, limit_bps=parse_size(value))


VALUED: dict[str, Callable[[_Reading, str], None]] = {
    "--url": _url,
    "--header": _header,
    "--cookie": _cookie,
    "--user": _user,
    "--user-agent": _user_agent,
    "--referer": _referer,
    "--output": _output,
    "--proxy": _proxy,
    "--socks5": _socks,
    "--socks5-hostname": _socks_hostname,
    "--noproxy": _no_proxy,
    "--interface": _interface,
    "--resolve": _resolve,
    "--oauth2-bearer": _bearer,
    "--request": _request,
    "--limit-rate": _limit,
}
