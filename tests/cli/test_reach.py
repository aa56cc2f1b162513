"""Which engine a command means, and which secret it shows to whom."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from tui_dl.cli.ids import complete_ids
from tui_dl.cli.reach import Place, base_url, find_place, is_exposed
from tui_dl.domain.errors import ErrorCode, StateError, UsageError
from tui_dl.storage.instance import InstanceLock


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("box", "http://box:1700"),
        ("box:99", "http://box:99"),
        ("http://box", "http://box:1700"),
        ("http://box:99/", "http://box:99"),
        ("https://box", "https://box"),
        ("https://box:99", "https://box:99"),
        ("[::1]", "http://[::1]:1700"),
        ("[::1]:5", "http://[::1]:5"),
    ],
)
def test_what_a_host_may_look_like(text: str, url: str) -> None:
    assert base_url(text) == url


@pytest.mark.parametrize(
    "text",
    ["", "http://", "ftp://box", "http://box/path", "http://me:pw@box", "box:x", "box?q", ":5"],
)
def test_what_is_no_host(text: str) -> None:
    with pytest.raises(UsageError):
        base_url(text)


@pytest.mark.parametrize(
    ("url", "exposed"),
    [
        ("http://127.0.0.1:1", False),
        ("http://[::1]:1", False),
        ("http://localhost:1", False),
        ("https://box.example", False),
        ("http://192.168.1.1:1", True),
        ("http://box:1", True),
    ],
)
def test_where_the_token_could_be_read(url: str, exposed: bool) -> None:
    assert is_exposed(url) is exposed


def secret(path: Path, text: str, mode: int = 0o600) -> None:
    path.write_text(text + "\n")
    path.chmod(mode)


def test_nobody_runs(tmp_path: Path) -> None:
    assert find_place(tmp_path, environ={}) is None


def test_the_owner_is_found_with_its_key(tmp_path: Path) -> None:
    lock = InstanceLock.acquire(tmp_path)
    try:
        lock.set_address("0.0.0.0", 1701)
        secret(tmp_path / "owner-key", "key")
        secret(tmp_path / "token", "token")
        place = find_place(tmp_path, environ={})
        assert place == Place("http://127.0.0.1:1701", "key", is_own=True)
    finally:
        lock.release()


def test_an_owner_without_a_port_is_said(tmp_path: Path) -> None:
    lock = InstanceLock.acquire(tmp_path)
    try:
        with pytest.raises(StateError, match="API is off") as caught:
            find_place(tmp_path, environ={})
        assert caught.value.code is ErrorCode.STATE_LOCKED
    finally:
        lock.release()


def test_flags_win_over_variables_and_variables_over_the_folder(tmp_path: Path) -> None:
    env = {"TUI_DL_HOST": "one:1", "TUI_DL_TOKEN": "variable"}
    place = find_place(tmp_path, environ=env)
    assert place == Place("http://one:1", "variable", is_own=False)
    place = find_place(tmp_path, "two:2", "flag", env)
    assert place == Place("http://two:2", "flag", is_own=False)


def test_our_token_is_shown_to_this_machine_only(tmp_path: Path) -> None:
    """S7: a stored secret does not go to whoever is named."""
    secret(tmp_path / "token", "token")
    secret(tmp_path / "owner-key", "key")
    near = find_place(tmp_path, "127.0.0.1:1", environ={})
    far = find_place(tmp_path, "box.example:1", environ={})
    assert near is not None
    assert far is not None
    assert (near.token, far.token) == ("token", None)


def test_a_token_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    secret(tmp_path / "token", "token", 0o644)
    near = find_place(tmp_path, "127.0.0.1:1", environ={})
    assert near is not None
    assert near.token is None


def test_completion_without_a_state_is_empty(tmp_path: Path) -> None:
    context = click.Context(click.Command("pause"))
    context.params["data_dir"] = str(tmp_path / "none")
    assert complete_ids(context, click.Argument(["id"]), "") == []
