"""The manual page tells what the program knows of itself."""

from __future__ import annotations

import re
import shutil
import subprocess

import click
import pytest

from tui_dl.cli.exit_codes import ExitCode
from tui_dl.cli.group import COMMANDS, cli
from tui_dl.cli.man import page
from tui_dl.config.schema import entries

PAGE = "\n".join(page()) + "\n"
PLAIN = PAGE.replace("\\-", "-").replace("\\e", "\\")


def test_each_command_flag_setting_and_code_is_told() -> None:
    group: click.Group = cli
    for name in COMMANDS:
        found = group.get_command(click.Context(cli), name)
        assert found is not None
        assert f"tui-dl {name}" in PLAIN
        for param in found.params:
            if isinstance(param, click.Option):
                assert param.opts[-1] in PLAIN
    assert [entry.key for entry in entries() if f"\\fB{entry.key}\\fR" not in PLAIN] == []
    assert all(f"\n\\fB{code.value}\\fR\n" in PLAIN for code in ExitCode)


def test_no_line_is_taken_for_a_command_of_roff_that_is_none() -> None:
    requests = {match[1] for match in re.finditer(r"^[.'](\S*)", PAGE, re.M)}
    assert requests == {"TH", "SH", "SS", "PP", "TP"}


@pytest.mark.skipif(shutil.which("groff") is None, reason="there is no groff here")
def test_groff_has_nothing_to_say() -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z"], input=PAGE, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
