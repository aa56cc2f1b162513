"""What a shell is offered for the word under the cursor."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from tests.cli.test_ls_doctor import DONE, HALF, store
from tui_dl.cli.group import COMMANDS, cli


def offered(*before: str, word: str) -> list[tuple[str, str | None]]:
    """Return the words for ``word`` behind others, each with its explanation."""
    shell = ShellComplete(cli, {}, "tui-dl", "_TUI_DL_COMPLETE")
    return [(item.value, item.help) for item in shell.get_completions(list(before), word)]


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUI_DL_DATA_DIR", str(tmp_path / "state"))
    store(tmp_path / "state", [DONE, HALF])
    return tmp_path / "state"


def test_the_first_word_is_a_command() -> None:
    assert [word for word, _ in offered(word="re")] == ["resume", "retry", "rename", "refresh"]
    assert [word for word, _ in offered(word="")] == list(COMMANDS)


@pytest.mark.parametrize(
    "command", ["pause", "resume", "retry", "rm", "limit", "priority", "refresh", "ls"]
)
def test_ids_are_offered_with_their_names(stored: Path, command: str) -> None:
    """Trap S9: names are made visible before a terminal shows them."""
    assert offered(command, word="222") == [(HALF.id, "ha␛lf.iso")]
    assert [word for word, _ in offered(command, word="")] == [DONE.id, HALF.id]
    elsewhere = stored.parent / "elsewhere"
    assert offered(command, "--data-dir", str(elsewhere), word="2") == []
