"""The flags that let a download log in: names, help texts, and how secrets are read.

Must not act on values. A secret need not stand on the command line, where other users of
the machine can see it: it may come from a file, the environment or the terminal.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tui_dl.cli.options import FILE, Command, Parsed, combined
from tui_dl.cli.settings import SharedFlags
from tui_dl.domain.errors import UsageError
from tui_dl.domain.quick_dataclass import dataclass

LONGEST_SECRET = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginFlags(SharedFlags):
    """What ``login_options`` adds to a command."""

    http_user: str | None
    http_password: str | None
    password_file: str | None
    auth_challenge: bool
    bearer: str | None
    netrc_file: str | None
    no_netrc: bool
    cookie_file: str | None
    save_cookies: str | None
    certificate: str | None
    private_key: str | None
    key_password_file: str | None


def bearer(text: str) -> str:
    """Return the token that ``TOKEN``, ``@FILE`` or ``env:NAME`` stands for.

    Raises:
        UsageError: there is none, or it cannot be sent.
    """
    from tui_dl.net.request import check_bearer

    if text.startswith("@"):
        text = read_secret(text[1:])
    elif text.startswith("env:"):
        name = text.removeprefix("env:")
        text = os.environ.get(name, "")
        if not text:
            raise UsageError(f"The variable {name} is not set.")
    check_bearer(text)
    return text


def read_secret(path: str) -> str:
    """Return the first line of a file; ``-`` asks on the terminal.

    Raises:
        UsageError: it cannot be read, or is empty.
    """
    if path == "-":
        return str(click.prompt("Password", hide_input=True, err=True))
    try:
        with Path(path).expanduser().open(encoding="utf-8") as file:
            line = file.readline(LONGEST_SECRET).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"The file {path} cannot be read: {reason}.") from error
    if not line:
        raise UsageError(f"The file {path} has an empty first line.")
    return line


def login_values(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of ``DownloadOptions`` out of the flags.

    Raises:
        UsageError: a file with a secret cannot be read, or a key has no certificate.
    """
    names = ("http_user", "http_password", "auth_challenge", "bearer", "netrc_file", "cookie_file")
    values = {name: flags[name] for name in (*names, "save_cookies", "certificate", "private_key")}
    values["use_netrc"] = not flags["no_netrc"]
    if flags["password_file"] is not None:
        values["http_password"] = read_secret(flags["password_file"])
    if flags["key_password_file"] is not None:
        values["private_key_password"] = read_secret(flags["key_password_file"])
    if flags["private_key"] is not None and flags["certificate"] is None:
        raise UsageError("--private-key needs --certificate, the certificate that it belongs to.")
    return values


def login_options(command: Command) -> Command:
    """Add everything that lets a download log in."""
    return combined(
        click.option("--http-user", metavar="NAME", help="User name for the host of the URL."),
        click.option(
            "--http-passwd",
            "--http-password",
            "http_password",
            metavar="TEXT",
            help="Its password; others see it in the list of processes.",
        ),
        click.option(
            "--http-passwd-file",
            "password_file",
            metavar="FILE",
            help="Its password, the first line of a file; - asks for it.",
        ),
        click.option(
            "--http-auth-challenge",
            "auth_challenge",
            is_flag=True,
            help="Log in only when asked: Digest then never shows the password.",
        ),
        click.option(
            "--bearer",
            metavar="TOKEN",
            type=Parsed("TOKEN", bearer),
            help="Token for the host of the URL; @FILE and env:NAME read it from there.",
        ),
        click.option(
            "--netrc-path",
            "netrc_file",
            metavar="FILE",
            type=FILE,
            help="In place of ~/.netrc.",
        ),
        click.option("-n", "--no-netrc", is_flag=True, help="Look at no netrc file."),
        click.option(
            "--load-cookies",
            "cookie_file",
            metavar="FILE",
            type=FILE,
            help="Cookies in Netscape's format.",
        ),
        click.option(
            "--save-cookies",
            metavar="FILE",
            type=click.Path(dir_okay=False, resolve_path=True),
            help="Write the cookies there in the end, readable by you alone.",
        ),
        click.option(
            "--certificate",
            metavar="FILE",
            type=FILE,
            help="Your own certificate (PEM) for the host of the URL.",
        ),
        click.option("--private-key", metavar="FILE", type=FILE, help="Its key, if apart."),
        click.option(
            "--private-key-password-file",
            "key_password_file",
            metavar="FILE",
            help="Password of the key, the first line of a file; - asks for it.",
        ),
    )(command)
