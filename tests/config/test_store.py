"""The settings file: nothing in it stops the program, and saving loses nothing of it."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.config.schema import Settings, entries
from tui_dl.config.store import apply_overrides, load_settings, save_settings
from tui_dl.domain.errors import UsageError


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_missing_file_is_all_defaults(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path / "none.toml")

    assert loaded.settings == Settings()
    assert loaded.problems == ()


def test_values_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "s.toml",
        '[downloads]\nslots = 9\nlimit = "2M"\n[network]\nproxy = "http://127.0.0.1:3128"\n',
    )

    loaded = load_settings(path)

    assert loaded.problems == ()
    assert loaded.settings.downloads.slots == 9
    assert loaded.settings.downloads.limit == 2 * 1024 * 1024
    assert loaded.settings.network.proxy == "http://127.0.0.1:3128"


def test_a_bad_value_falls_back_alone_and_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "s.toml", "[downloads]\nslots = 900\nconnections = 4\n")

    loaded = load_settings(path)

    assert loaded.settings.downloads.slots == Settings().downloads.slots
    assert loaded.settings.downloads.connections == 4
    assert loaded.problems == (
        f"{path}: downloads.slots must be from 1 to 100; the default is used.",
    )


def test_an_unknown_key_is_named_with_a_guess(tmp_path: Path) -> None:
    path = write(tmp_path / "s.toml", "stray = 1\n[downloads]\nslot = 5\n")

    problems = load_settings(path).problems

    assert len(problems) == 2
    assert "no setting stray" in problems[0]
    assert "no setting downloads.slot. Did you mean downloads.slots?" in problems[1]


@pytest.mark.parametrize(
    ("content", "word"), [(b"[downloads\n", "TOML"), (b"\xff\xfe", "UTF-8")], ids=["toml", "utf8"]
)
def test_a_broken_file_is_defaults_and_a_sentence(
    tmp_path: Path, content: bytes, word: str
) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(content)

    loaded = load_settings(path)

    assert loaded.settings == Settings()
    assert len(loaded.problems) == 1
    assert word in loaded.problems[0]


def test_a_folder_in_its_place_is_a_sentence(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path)

    assert loaded.settings == Settings()
    assert "cannot be read" in loaded.problems[0]


@given(st.binary(max_size=300))
def test_no_content_stops_the_loader(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "s.toml"
    path.write_bytes(raw)

    loaded = load_settings(path)

    assert isinstance(loaded.settings, Settings)


def test_overrides_apply_in_order(tmp_path: Path) -> None:
    texts = ["downloads.slots=5", "downloads.slots = 6", "downloads.limit=1M"]

    settings = apply_overrides(Settings(), texts)

    assert settings.downloads.slots == 6
    assert settings.downloads.limit == 1024 * 1024


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("downloads.slots", "takes KEY=VALUE"),
        ("downloads.slot=5", "Did you mean downloads.slots"),
        ("downloads.slots=0", "must be from 1 to 100"),
        ("=5", "no setting"),
    ],
)
def test_a_bad_override_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        apply_overrides(Settings(), [text])


def test_saving_keeps_what_it_does_not_know(tmp_path: Path) -> None:
    path = write(tmp_path / "s.toml", "[future]\nx = 1\n[downloads]\nslots = 900\nnew = true\n")

    save_settings(path, {"downloads.connections": 8})

    document = tomllib.loads(path.read_text())
    assert document == {
        "future": {"x": 1},
        "downloads": {"slots": 900, "new": True, "connections": 8},
    }


def test_a_saved_file_is_private_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "s.toml"

    save_settings(path, {"network.proxy": "http://me:secret@127.0.0.1:1"})

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [item.name for item in path.parent.iterdir()] == ["s.toml"]


def test_a_linked_file_stays_a_link(tmp_path: Path) -> None:
    real = write(tmp_path / "real.toml", "")
    link = tmp_path / "link.toml"
    link.symlink_to(real)

    save_settings(link, {"downloads.slots": 4})

    assert link.is_symlink()
    assert load_settings(real).settings.downloads.slots == 4


def test_a_broken_file_is_not_overwritten(tmp_path: Path) -> None:
    path = write(tmp_path / "s.toml", "[downloads\n")

    with pytest.raises(UsageError, match="TOML"):
        save_settings(path, {"downloads.slots": 4})

    assert path.read_text() == "[downloads\n"


@pytest.mark.parametrize("changes", [{"downloads.slots": 0}, {"downloads.nothing": 1}])
def test_a_bad_change_is_not_saved(tmp_path: Path, changes: dict[str, int]) -> None:
    path = tmp_path / "s.toml"

    with pytest.raises(UsageError):
        save_settings(path, changes)

    assert not path.exists()


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    defaults = {entry.key: entry.default for entry in entries()}

    save_settings(path, defaults)

    loaded = load_settings(path)
    assert loaded.problems == ()
    assert loaded.settings == Settings()
