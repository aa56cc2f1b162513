"""The three times of queued jobs: flag before variable before setting; what the files may do."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from tui_dl.cli.job_flags import REMOTE_TIMEOUTS, files_settings, jobs_settings, variable_of
from tui_dl.cli.port import PortFlags
from tui_dl.cli.serve import command
from tui_dl.config.schema import Settings
from tui_dl.config.served import Files, Jobs
from tui_dl.domain.errors import UsageError

SETTINGS = Settings(
    jobs=Jobs(connect_timeout_s=11, idle_timeout_s=12, overall_timeout_s=13),
    files=Files(allow_download=False, allow_domains="a b", block_domains="c", timeout_s=9),
)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the variables away that the machine may have."""
    for name in REMOTE_TIMEOUTS:
        monkeypatch.delenv(variable_of(name), raising=False)


def times(flags: PortFlags, settings: Settings = SETTINGS) -> tuple[float, float, float]:
    found = jobs_settings(settings, flags)
    return found.connect_timeout_s, found.idle_timeout_s, found.overall_timeout_s


def test_the_names_are_those_that_its_users_know() -> None:
    assert [variable_of(name) for name in REMOTE_TIMEOUTS] == [
        "REMOTE_CONNECT_TIMEOUT",
        "REMOTE_IDLE_TIMEOUT",
        "REMOTE_OVERALL_TIMEOUT",
    ]


def test_the_defaults() -> None:
    assert times(PortFlags(), Settings()) == (30, 60, 1800)


def test_the_setting_counts_without_anything_else() -> None:
    assert times(PortFlags()) == (11, 12, 13)


def test_the_variable_wins_over_the_setting_and_the_flag_over_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REMOTE_CONNECT_TIMEOUT", "1m30s")
    monkeypatch.setenv("REMOTE_IDLE_TIMEOUT", "500ms")
    monkeypatch.setenv("REMOTE_OVERALL_TIMEOUT", "")
    assert times(PortFlags()) == (90, 0.5, 13)
    flags = PortFlags(remote_connect_timeout=5.0, remote_overall_timeout=1800.0)
    assert times(flags) == (5, 0.5, 1800)


@pytest.mark.parametrize("text", ["soon", "-1s", "0", "30 parsecs"])
def test_a_variable_that_is_no_time_is_said(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("REMOTE_IDLE_TIMEOUT", text)
    with pytest.raises(UsageError, match="REMOTE_IDLE_TIMEOUT"):
        times(PortFlags())


@pytest.mark.parametrize("dashes", ["--", "-"])
def test_serve_takes_the_flags_as_go_writes_times(
    monkeypatch: pytest.MonkeyPatch, dashes: str
) -> None:
    seen: list[PortFlags] = []

    def run(flags: PortFlags, console: object) -> int:
        seen.append(flags)
        return 0

    monkeypatch.setattr("tui_dl.cli.serve.run", run)
    args = [
        f"{dashes}remote-connect-timeout",
        "30s",
        f"{dashes}remote-idle-timeout=60s",
        f"{dashes}remote-overall-timeout",
        "1h30m",
    ]
    result = CliRunner().invoke(command, args)
    assert result.exit_code == 0, result.output
    assert times(seen[0]) == (30, 60, 5400)


def test_serve_refuses_what_is_no_time() -> None:
    result = CliRunner().invoke(command, ["--remote-idle-timeout", "soon"])
    assert result.exit_code == 2
    assert "remote-idle-timeout" in result.output


def test_what_the_files_may_do() -> None:
    found = files_settings(SETTINGS)
    assert (found.allow_download, found.timeout_s) == (False, 9)
    assert (found.allowed_hosts, found.blocked_hosts) == ("a b", "c")
