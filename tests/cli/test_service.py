"""``tui-dl service``: the unit it writes, what it asks of systemd, and whose files it leaves."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.processes import Place
from tui_dl.cli.service import MARK, unit_text
from tui_dl.cli.settings import SharedFlags
from tui_dl.storage.instance import InstanceLock

SYSTEMCTL = """#!/bin/sh
echo "$@" >> "$ASKED"
case "$SYSTEMD_OFFLINE$2" in 1enable|1disable) exit "${OFFLINE_CODE:-0}" ;; esac
if [ -n "$NO_BUS" ]; then echo "$NO_BUS" >&2; exit 1; fi
case "$2" in is-*) echo "${2#is-}" ;; "$REFUSED") echo "not today" >&2; exit 1 ;; esac
"""


@dataclass(frozen=True)
class Desk:
    """A place with a systemctl of its own that notes what it was asked."""

    place: Place
    unit: Path
    asked: Path

    def requests(self) -> list[str]:
        """Return the words of each call so far."""
        return self.asked.read_text().splitlines() if self.asked.exists() else []


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Put the stand-in for systemctl first on the path: there is no user session in a test."""
    programs = tmp_path / "programs"
    programs.mkdir()
    script = programs / "systemctl"
    script.write_text(SYSTEMCTL)
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    unit = tmp_path / "config/systemd/user/tui-dl.service"
    return Desk(Place(tmp_path), unit, tmp_path / "asked")


def test_install_status_remove(desk: Desk) -> None:
    installed = desk.place.run("service", "install", "--data-dir", "s p", "--set", "api.port=1800")
    assert installed.returncode == 0, installed.stderr
    (line,) = [row for row in desk.unit.read_text().splitlines() if row.startswith("ExecStart=")]
    words = shlex.split(line.removeprefix("ExecStart="))
    folder = str(desk.place.folder / "s p")
    assert words[1:5] == ["-m", "tui_dl", "serve", "--quiet"]
    assert words[5:] == ["--data-dir", folder, "--set", "api.port=1800"]
    assert desk.requests() == [
        "--user daemon-reload",
        "--user enable tui-dl.service",
        "--user restart tui-dl.service",
    ]
    status = desk.place.run("service", "status")
    assert status.returncode == 1, "systemctl is a stand-in: no engine runs"
    said = status.stdout.decode()
    assert str(desk.unit) in said
    assert "active   active" in said
    assert "does not run" in said
    assert desk.place.run("service", "remove").returncode == 0
    assert not desk.unit.exists()
    assert desk.requests()[-2:] == ["--user disable --now tui-dl.service", "--user daemon-reload"]
    assert desk.place.run("service", "remove").returncode == 0, "nothing to remove is no failure"


@pytest.mark.parametrize("action", ["install", "remove"])
def test_a_unit_of_somebody_else_stays(desk: Desk, action: str) -> None:
    desk.unit.parent.mkdir(parents=True)
    desk.unit.write_text("[Service]\nExecStart=/bin/true\n")
    done = desk.place.run("service", action)
    assert done.returncode == 2
    assert b"was not written by tui-dl" in done.stderr
    assert desk.unit.read_text() == "[Service]\nExecStart=/bin/true\n"
    assert desk.requests() == []


def test_what_systemd_says_is_passed_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFUSED", "enable")
    done = desk.place.run("service", "install")
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1].endswith("enable tui-dl.service failed: not today")


NO_BUS = (
    "Failed to connect to bus: No medium found",
    "Failed to connect to user scope bus via local transport: "
    "$DBUS_SESSION_BUS_ADDRESS and $XDG_RUNTIME_DIR not defined (consider using "
    "--machine=<user>@.host --user to connect to bus of other user)",
    "System has not been booted with systemd as init system (PID 1). Can't operate.\n"
    "Failed to connect to bus: Host is down",
)


@pytest.mark.parametrize("words", NO_BUS, ids=["252", "257", "no systemd"])
def test_without_a_session_the_unit_waits_for_the_next_login(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.setenv("NO_BUS", words)
    done = desk.place.run("service", "install")
    assert done.returncode == 1, "it was to run now, and does not"
    assert desk.unit.read_text().startswith(MARK)
    said = done.stderr.decode().splitlines()[-1]
    assert words.splitlines()[-1] in said
    assert "It starts at your next login." in said
    assert desk.requests() == ["--user daemon-reload", "--user enable tui-dl.service"]
    monkeypatch.delenv("NO_BUS")
    assert desk.place.run("service", "install").returncode == 0, "the same command again"


def test_a_unit_that_cannot_be_enabled_without_a_session_promises_no_start(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_BUS", NO_BUS[0])
    monkeypatch.setenv("OFFLINE_CODE", "1")
    done = desk.place.run("service", "install")
    assert done.returncode == 1
    assert b"next login" not in done.stderr
    assert b"Log in as this user and give the same command again." in done.stderr


def test_without_a_session_the_unit_can_be_removed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desk.place.run("service", "install").returncode == 0
    monkeypatch.setenv("NO_BUS", NO_BUS[0])
    assert desk.place.run("service", "remove").returncode == 0
    assert not desk.unit.exists()
    assert desk.requests()[-2:] == [
        "--user disable --now tui-dl.service",
        "--user disable tui-dl.service",
    ]


def test_an_engine_that_nobody_could_stop_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desk.place.run("service", "install").returncode == 0
    monkeypatch.setenv("NO_BUS", NO_BUS[0])
    owner = InstanceLock.acquire(desk.place.folder / "state")
    try:
        done = desk.place.run("service", "remove")
    finally:
        owner.release()
    assert done.returncode == 1
    assert b"systemctl --user stop tui-dl.service" in done.stderr
    assert not desk.unit.exists()


def test_without_systemd_the_way_out_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(desk.place.folder))
    done = desk.place.run("service", "install")
    assert done.returncode == 1
    assert b"tui-dl serve" in done.stderr
    assert not desk.unit.exists()


def test_words_that_systemd_would_read_otherwise_are_quoted() -> None:
    text = unit_text(SharedFlags(overrides=('network.user_agent=a "b" %h $HOME \\', "ui.theme=x")))
    assert text.startswith(MARK)
    assert f"ExecStart={sys.executable} -m tui_dl serve --quiet" in text
    assert r'--set "network.user_agent=a \"b\" %%h $$HOME \\" --set ui.theme=x' in text
