"""Every setting has a rule that explains it and that its own default obeys."""

from __future__ import annotations

import pytest

from tui_dl.config.rules import Kind
from tui_dl.config.schema import Entry, entries
from tui_dl.config.values import check_value, read_text

ENTRIES = {entry.key: entry for entry in entries()}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=list(ENTRIES))
def test_a_setting_explains_itself_and_accepts_its_default(entry: Entry) -> None:
    assert entry.rule.about.endswith((".", "own"))
    assert check_value(entry.rule, entry.default) == entry.default
    assert type(check_value(entry.rule, entry.default)) is type(entry.default)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("downloads.slots", "7", 7),
        ("downloads.timeout_s", "2.5", 2.5),
        ("downloads.limit", "2M", 2 * 1024 * 1024),
        ("downloads.resume", "off", False),
        ("downloads.resume", "YES", True),
        ("network.proxy", "http://127.0.0.1:3128", "http://127.0.0.1:3128"),
        ("downloads.directory", "~/files", "~/files"),
    ],
)
def test_text_of_a_command_line_is_read_by_its_kind(key: str, text: str, value: object) -> None:
    assert read_text(ENTRIES[key].rule, text) == value


@pytest.mark.parametrize(
    ("key", "raw", "sentence"),
    [
        ("downloads.slots", 0, "must be from 1 to 100"),
        ("downloads.slots", True, "must be a whole number"),
        ("downloads.slots", 2.5, "must be a whole number"),
        ("downloads.timeout_s", float("nan"), "must be a number of seconds"),
        ("downloads.timeout_s", "60", "must be a number of seconds"),
        ("downloads.limit", -1, "must be 0 or more"),
        ("downloads.limit", "fast", "must be a number of bytes"),
        ("downloads.resume", 1, "must be true or false"),
        ("downloads.directory", "relative", "must be a full path"),
        ("network.proxy", ["a"], "must be text"),
        ("after.on_complete", ["a", 1], "must be a list of words"),
        ("after.on_complete", "say 'it", "a quote that is not closed"),
        ("after.on_complete", ["", "x"], "a word that no program can be given"),
        ("queue.schedule", "7-8 full", "cannot be used: Rule 1 of the schedule: '7' is not a time"),
    ],
)
def test_a_bad_value_says_what_is_wanted(key: str, raw: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        check_value(ENTRIES[key].rule, raw)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("downloads.slots", "many"),
        ("downloads.slots", ""),
        ("downloads.timeout_s", "soon"),
        ("downloads.timeout_s", "inf"),
        ("downloads.resume", "perhaps"),
        ("downloads.limit", "-5"),
    ],
)
def test_bad_text_is_refused(key: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be"):
        read_text(ENTRIES[key].rule, text)


def test_every_kind_in_use_is_covered() -> None:
    assert {entry.rule.kind for entry in ENTRIES.values()} <= set(Kind)
    assert len(ENTRIES) == len(list(entries())), "two settings share a key"


@pytest.mark.parametrize("raw", [["say", "it is", "done"], "say 'it is' done"])
def test_a_command_is_words_in_a_list_or_in_a_text(raw: object) -> None:
    assert check_value(ENTRIES["after.on_complete"].rule, raw) == "say 'it is' done"
