"""What the README promises is what the program does."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from tests.benchmarks.__main__ import ROWS
from tests.benchmarks.__main__ import _flags as benchmark_flags
from tests.project.sources import ROOT
from tui_dl import __version__
from tui_dl.cli.exit_codes import ExitCode
from tui_dl.cli.group import APP, COMMANDS, TuiDlGroup, cli
from tui_dl.config.schema import entries

README = (ROOT / "README.md").read_text()
CI = (ROOT / ".ci/run").read_text()


def section(title: str) -> str:
    """Return the text below one heading, up to the next."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README, re.M | re.S)
    assert found is not None, f"the README has no section {title!r}"
    return found[1]


def flags_of(name: str) -> set[str]:
    assert isinstance(cli, TuiDlGroup)
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    options = [param for param in command.params if isinstance(param, click.Option)]
    return {flag for option in options for flag in (*option.opts, *option.secondary_opts)}


def test_the_setup_commands_are_one_line_each_and_set_up_the_same_folder() -> None:
    lines = [line for line in section("Set up").splitlines() if "python3 -m venv .venv" in line]

    assert len(lines) == 2
    assert lines[0].endswith("&& .venv/bin/tui-dl")
    assert lines[1].endswith("&& .venv/bin/python -m pytest")


def test_ci_runs_the_test_command_of_the_readme() -> None:
    [line] = [line for line in README.splitlines() if line.endswith("-m pytest")]
    taken = re.search(r"test_command=\$\((grep .*) README\.md\)", CI)

    assert taken is not None
    found = subprocess.run(
        [*shlex.split(taken[1]), "README.md"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout == line + "\n"
    assert 'bash -c "$test_command" </dev/null' in CI


def test_the_scripts_are_shell_that_parses() -> None:
    for name in ("run", "deps"):
        script = ROOT / ".ci" / name
        assert script.stat().st_mode & 0o111
        assert "set -euo pipefail" in script.read_text()
        subprocess.run(["bash", "-n", str(script)], check=True)


def test_the_table_of_exit_codes_is_the_one_in_force() -> None:
    table = re.findall(r"^\| (\d+) \|", section("Exit codes"), re.M)

    assert [int(number) for number in table] == [code.value for code in ExitCode]


@pytest.mark.parametrize("name", ["get", APP])
def test_every_flag_is_told(name: str) -> None:
    told = set(re.findall(r"(?<![\w-])-{1,2}[A-Za-z46][\w-]*", README))

    assert sorted(flags_of(name) - told - {"-h", "--help"}) == []


def test_no_flag_is_made_up() -> None:
    known = {flag for name in (*COMMANDS, APP) for flag in flags_of(name)}
    told = set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", section("Flags of get")))

    assert sorted(told - known) == []


def test_every_command_is_told() -> None:
    for name in COMMANDS:
        assert f"`tui-dl {name}" in README


def test_every_setting_is_told_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([a-z0-9_.]+)` \| `([^`]*)` \|", section("Settings"), re.M))

    assert rows == {entry.key: toml(entry.default) for entry in entries()}


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


def test_every_key_is_one_of_the_app() -> None:
    from tui_dl.tui.app import TuiDlApp
    from tui_dl.tui.screens.main import MainScreen
    from tui_dl.tui.widgets.download_list import DownloadList

    bound: set[str] = {"ctrl+p"}
    for owner in (TuiDlApp, MainScreen, DownloadList):
        for parent in owner.__mro__:
            for binding in parent.__dict__.get("BINDINGS", ()):
                bound.update(key.strip() for key in binding.key.split(","))
    names = {"/": "slash", "?": "question_mark"}
    cells = re.findall(r"^\| ((?:`[^`]+`[ ,]*)+)\|", section("Keys"), re.M)
    told = {names.get(key, key) for cell in cells for key in re.findall(r"`([^`]+)`", cell)}

    assert told
    assert sorted(told - bound) == []


def test_the_changelog_knows_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()

    assert f"## [{__version__}]" in text or "## [Unreleased]" in text
    assert Path(ROOT / "LICENSE").exists()


def test_figures_of_speed_name_rows_and_flags_of_the_benchmark() -> None:
    told = section("Beside others")
    rows = set(re.findall(r"^\| (P\d+)\b", told, re.M))
    words = re.findall(r"`(--[^`]+)`", told)

    assert len(rows) > 4
    assert sorted(rows - set(ROWS)) == []
    assert len(words) > 3
    for given in words:
        folder = [] if given != "--dir" else ["."]
        parsed = vars(benchmark_flags([*given.split(), *folder]))
        assert parsed != vars(benchmark_flags([])), given


def test_every_yes_of_the_comparison_names_its_test() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ([YPN?])[^|]* \| ([^|]*) \|", section("Beside others"), re.M)

    assert len(rows) > 25
    for name, answer, test in rows:
        if answer == "N":
            continue
        path = ROOT / "tests" / test.strip().strip("`")
        assert path.is_file(), f"{name}: {test}"
