"""Where state and settings live: flag before variable before the system's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui_dl.config.paths import absolute, download_dir, find_paths


def test_flags_win_over_variables(tmp_path: Path) -> None:
    environ = {"TUI_DL_DATA_DIR": "/from/variable", "TUI_DL_CONFIG": "/from/variable.toml"}

    paths = find_paths(str(tmp_path / "data"), str(tmp_path / "s.toml"), environ)

    assert paths.data_dir == tmp_path / "data"
    assert paths.settings_file == tmp_path / "s.toml"


def test_variables_win_over_the_system() -> None:
    environ = {"TUI_DL_DATA_DIR": "/from/variable", "TUI_DL_CONFIG": "/from/variable.toml"}

    paths = find_paths(environ=environ)

    assert paths.data_dir == Path("/from/variable")
    assert paths.settings_file == Path("/from/variable.toml")


def test_the_xdg_folders_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DOWNLOAD_DIR", str(tmp_path / "downloads"))

    paths = find_paths(environ={"TUI_DL_DATA_DIR": ""})

    assert paths.data_dir == tmp_path / "data" / "tui-dl"
    assert paths.settings_file == tmp_path / "config" / "tui-dl" / "settings.toml"
    assert download_dir() == tmp_path / "downloads"
    for name in ("data", "config", "downloads"):
        assert not (tmp_path / name).exists(), "looking up a path must not create it"


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")

    assert find_paths("state", environ={}).data_dir == tmp_path / "state"
    assert absolute("a/../b") == tmp_path / "b"
    assert download_dir("~/files") == Path("/home/somebody/files")
