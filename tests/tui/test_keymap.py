"""Other keys: every clash is found before Textual drops a binding silently."""

from __future__ import annotations

import pytest

from tui_dl.config.schema import entries
from tui_dl.config.values import check_value
from tui_dl.tui.keymap import named_bindings, read_keymap

KEYS = next(entry for entry in entries() if entry.key == "ui.keys")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", {}),
        ("list.add=i", {"list.add": "i"}),
        ("list.add=i,f3  download.pause=ctrl+x", {"list.add": "i,f3", "download.pause": "ctrl+x"}),
        ("app.help=f4,?", {"app.help": "f4,question_mark"}),
        ("list.add=p download.pause=a", {"list.add": "p", "download.pause": "a"}),
    ],
)
def test_good_keys_are_taken(text: str, keys: dict[str, str]) -> None:
    found = read_keymap(text)
    assert found.problems == ()
    assert dict(found.keys) == keys


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("list.add", "no NAME=KEY"),
        ("list.add=", "no NAME=KEY"),
        ("list.add=a,,b", "no NAME=KEY"),
        ("lst.add=i", "Did you mean list.add?"),
        ("list.add=d", "d is the key of download.remove; list.add keeps its own."),
        ("app.quit=p", "p is the key of download.pause"),
        ("list.add=i list.sort=i", "i is the key of list.sort"),
    ],
)
def test_bad_keys_are_named_and_left_out(text: str, sentence: str) -> None:
    found = read_keymap(text)
    assert any(sentence in problem for problem in found.problems)
    assert text.partition("=")[0] not in found.keys


def test_our_own_keys_do_not_clash_with_each_other() -> None:
    names = [named.id for named in named_bindings()]
    assert len(names) > 40
    for id in names:
        assert read_keymap(f"{id}=f12").problems == ()


def test_a_table_of_the_file_is_the_same_as_text() -> None:
    table = {"list.add": "i", "download": {"pause": "f2"}}
    assert check_value(KEYS.rule, table) == "list.add=i download.pause=f2"
    with pytest.raises(ValueError, match="names and keys"):
        check_value(KEYS.rule, {"list.add": 5})
