"""``tui-dl service``: ``serve`` as a systemd unit of the user, so that it outlives a login.

Owns one file, the unit; it never touches one that somebody else wrote. Everything else is
asked of ``systemctl --user``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui_dl.cli.console import Console
from tui_dl.cli.options import shared_options
from tui_dl.cli.settings import SharedFlags
from tui_dl.domain.errors import ErrorCode, TuiDlError, UsageError
from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from tui_dl.cli.settings import Setup

UNIT_NAME = "tui-dl.service"
MARK = "# Written by tui-dl service install; tui-dl service remove takes it away.\n"
_SYSTEMCTL_S = 60.0

_UNIT = """[Unit]
Description=tui-dl: downloads in the background
Documentation=man:tui-dl(1)

[Service]
ExecStart={command}
Restart=on-failure
RestartSec=5
# The state is saved at the first SIGTERM; a slow disk may need a while to sync.
TimeoutStopSec=60

[Install]
WantedBy=default.target
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFlags(SharedFlags):
    """Every flag of ``service``, parsed."""

    action: str


@click.command("service")
@click.argument("action", type=click.Choice(["install", "status", "remove"]))
@shared_options
def command(**flags: Any) -> int:
    """Run `tui-dl serve` in the background: install, status or remove.

    It starts now and at each login. For one that runs without a login: loginctl enable-linger.
    --data-dir, --config and --set of install are kept in the unit.
    """
    return run(ServiceFlags(**flags), Console())


def run(flags: ServiceFlags, console: Console) -> int:
    """Do the action and return the exit code.

    Raises:
        TuiDlError: there is no systemd, it refuses, or the unit is not ours.
    """
    from tui_dl.cli.settings import read_setup

    setup = read_setup(flags)
    unit = unit_path()
    if flags.action == "install":
        return _install(unit, flags, console)
    if flags.action == "remove":
        return _remove(unit, setup, console)
    return _status(unit, setup, console)


def unit_path() -> Path:
    """Return where systemd looks for the units of this user."""
    config = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(config) / "systemd" / "user" / UNIT_NAME


def unit_text(flags: SharedFlags) -> str:
    """Return the unit: this very Python, and the places that the flags name."""
    words = [sys.executable, "-m", "tui_dl", "serve", "--quiet"]
    for name, value in (("--data-dir", flags.data_dir), ("--config", flags.config_file)):
        if value:
            words += [name, str(Path(value).expanduser().absolute())]
    for override in flags.overrides:
        words += ["--set", override]
    if flags.debug:
        words.append("--debug")
    return MARK + _UNIT.format(command=" ".join(map(_quoted, words)))


def _quoted(word: str) -> str:
    """Return a word as systemd reads it (systemd.service(5), "Command lines").

    Raises:
        UsageError: the word has a control character in it, which no unit can hold.
    """
    if not word.isprintable():
        raise UsageError(f"A unit cannot hold {word!r}.")
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if set(escaped) & set(" ;'\"\\") or not escaped else escaped


def _install(unit: Path, flags: SharedFlags, console: Console) -> int:
    _need_systemctl()
    _need_ours(unit)
    _write(unit, unit_text(flags))
    console.say(f"Written: {unit}")
    try:
        _systemctl("daemon-reload")
        _systemctl("enable", UNIT_NAME)
        _systemctl("restart", UNIT_NAME)
    except _UnreachableError as away:
        raise _installed_for_later(away) from away
    console.say("It runs, and starts again at each login. `tui-dl` shows its list.")
    return 0


def _installed_for_later(away: _UnreachableError) -> TuiDlError:
    """Enable the unit without systemd's help; return the error that says what is left to do."""
    is_enabled = _ask_systemctl("enable", UNIT_NAME, is_offline=True).returncode == 0
    then = "It starts at your next login. To start it now, l" if is_enabled else "L"
    return TuiDlError(
        f"It does not run yet: {away.message} {then}og in as this user and give the same "
        "command again. Where no systemd runs, use: tui-dl serve --quiet",
        code=ErrorCode.INTERNAL,
    )


def _remove(unit: Path, setup: Setup, console: Console) -> int:
    if not unit.exists():
        console.say(f"There is no {unit}: nothing to remove.")
        return 0
    _need_ours(unit)
    _need_systemctl()
    try:
        _systemctl("disable", "--now", UNIT_NAME)
    except _UnreachableError as away:
        return _removed_unstopped(unit, setup, away, console)
    unit.unlink()
    _systemctl("daemon-reload")
    console.say(f"Stopped and removed: {unit}. The list and the files stay.")
    return 0


def _removed_unstopped(unit: Path, setup: Setup, away: _UnreachableError, console: Console) -> int:
    """Remove the unit without systemd's help; 1 when an engine runs that was to be stopped."""
    from tui_dl.storage.instance import read_owner

    _ask_systemctl("disable", UNIT_NAME, is_offline=True)
    unit.unlink()
    console.say(f"Removed: {unit}. The list and the files stay.")
    if read_owner(setup.paths.data_dir) is None:
        return 0
    console.say(
        f"An engine runs still: {away.message} "
        f"Log in as this user, then: systemctl --user stop {UNIT_NAME}"
    )
    return 1


def _status(unit: Path, setup: Setup, console: Console) -> int:
    """Print what is installed and what runs; 0 when it runs, 1 when it does not."""
    from tui_dl.storage.instance import read_owner

    console.row(f"unit     {unit if unit.exists() else 'not installed'}")
    if unit.exists() and shutil.which("systemctl"):
        for word in ("is-enabled", "is-active"):
            said = _ask_systemctl(word, UNIT_NAME).stdout.strip() or "unknown"
            console.row(f"{word[3:].ljust(8)} {said}")
    owner = read_owner(setup.paths.data_dir)
    if owner is None:
        console.row("engine   does not run")
        return 1
    who = "" if owner.pid is None else f" as process {owner.pid}"
    console.row(f"engine   runs{who}")
    return 0


def _write(unit: Path, text: str) -> None:
    """Replace the unit as a whole, so that systemd never reads a half of it."""
    draft = unit.with_name(f".{unit.name}.new")
    try:
        unit.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text)
        draft.replace(unit)
    except OSError as error:
        raise TuiDlError(
            f"{unit} cannot be written: {error.strerror}.", code=ErrorCode.NOT_WRITABLE
        ) from error


def _need_ours(unit: Path) -> None:
    if unit.exists() and not unit.read_text(errors="replace").startswith(MARK):
        raise UsageError(f"{unit} was not written by tui-dl: move it away first.")


def _need_systemctl() -> None:
    if shutil.which("systemctl") is None:
        raise TuiDlError(
            "There is no systemctl here. Let your own init system run: tui-dl serve --quiet",
            code=ErrorCode.INTERNAL,
        )


class _UnreachableError(TuiDlError):
    """The user's systemd cannot be reached from here: there is no session bus."""


def _systemctl(*words: str) -> None:
    """Ask systemd of the user for something that it must do.

    Raises:
        _UnreachableError: there is no way to it from here.
        TuiDlError: it refuses, or does not answer.
    """
    asked = _ask_systemctl(*words)
    if asked.returncode == 0:
        return
    reason = asked.stderr.strip() or f"exit code {asked.returncode}"
    # "... to bus: No medium found"; newer ones: "... to user scope bus via local transport: ..."
    if re.search(r"^Failed to connect to .*\bbus\b", reason, re.MULTILINE):
        raise _UnreachableError(
            "your systemd cannot be reached from here, as under su or in a container "
            f"({reason.splitlines()[-1]}).",
            code=ErrorCode.INTERNAL,
        )
    raise TuiDlError(
        f"systemctl --user {' '.join(words)} failed: {reason}", code=ErrorCode.INTERNAL
    )


def _ask_systemctl(*words: str, is_offline: bool = False) -> subprocess.CompletedProcess[str]:
    """Run systemctl; offline it changes links in the folder of units and asks nobody."""
    argv: Sequence[str] = ("systemctl", "--user", *words)
    env = {**os.environ, "SYSTEMD_OFFLINE": "1"} if is_offline else None
    try:
        return subprocess.run(
            argv, capture_output=True, text=True, timeout=_SYSTEMCTL_S, check=False, env=env
        )
    except subprocess.TimeoutExpired as error:
        raise TuiDlError(
            "systemd does not answer. Is there a user session?", code=ErrorCode.INTERNAL
        ) from error
