"""What belongs together and how wide it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.properties import thorough
from tui_dl.domain.characters import cell_width, clusters

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
THUMB = "\U0001f44d\U0001f3fd"
FLAG = "\U0001f1e9\U0001f1ea"
HEART = "\u2764\ufe0f"

texts = st.text(max_size=40) | st.lists(
    st.sampled_from(["a", "\u0301", "\u0903", FAMILY, THUMB, FLAG, HEART, "\u200d", "日", "각"]),
    max_size=12,
).map("".join)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("", []),
        ("abc", ["a", "b", "c"]),
        ("e\u0301a", ["e\u0301", "a"]),
        ("\u0301a", ["\u0301", "a"]),
        ("a\u0301\u0302\u20ddb", ["a\u0301\u0302\u20dd", "b"]),
        (f"x{FAMILY}y", ["x", FAMILY, "y"]),
        (THUMB + "a", [THUMB, "a"]),
        (HEART + HEART, [HEART, HEART]),
        (FLAG + FLAG, [FLAG, FLAG]),
        (FLAG + FLAG[0], [FLAG, FLAG[0]]),
        ("a" + FLAG, ["a", FLAG]),
        ("\u1100\u1161\u11a8\u1100", ["\u1100\u1161\u11a8", "\u1100"]),
    ],
)
def test_clusters(text: str, whole: list[str]) -> None:
    assert list(clusters(text)) == whole


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("", 0),
        ("abc", 3),
        ("é", 1),
        ("e\u0301", 1),
        ("\u0301", 0),
        ("日本", 4),
        ("ｱ", 1),
        ("Ａ", 2),
        ("\u1100\u1161\u11a8", 2),
        ("\U0001f600", 2),
        (FAMILY, 2),
        (THUMB, 2),
        ("\U0001f3fd", 2),
        (FLAG, 2),
        (FLAG[0], 1),
        (HEART, 2),
        ("\u2764", 1),
        ("␛…–", 3),
        ("\U00020000", 2),
        ("\u0378", 1),  # unassigned
    ],
)
def test_cells(text: str, cells: int) -> None:
    assert cell_width(text) == cells


@pytest.mark.parametrize("code", [0x1F3FB, 0x1F3FF, 0x1160, 0x11FF, 0xD7B0, 0xD7FB, 0x200D])
def test_what_never_stands_alone(code: int) -> None:
    assert next(clusters("x" + chr(code) + "y")).startswith("x" + chr(code))
    for outside in (0x1F3FA, 0x1F400, 0x1200, 0xAC00):
        assert list(clusters("x" + chr(outside))) == ["x", chr(outside)]


def test_flags_are_made_of_all_letters_and_of_nothing_else() -> None:
    letters = [chr(0x1F1E6), chr(0x1F1FF)]
    assert list(clusters("".join(letters))) == ["".join(letters)]
    for outside in (0x1F1E5, 0x1F200):
        assert len(list(clusters(letters[0] + chr(outside)))) == 2


def test_ideographs_that_come_later_will_be_wide() -> None:
    assert cell_width("\U0002fffd") == cell_width("\U0003fffd") == 2
    assert cell_width("\U0004fffd") == cell_width("\U00040000") == 1


@thorough
@given(texts)
def test_clusters_are_the_text_and_none_begins_inside_a_character(text: str) -> None:
    whole = list(clusters(text))
    assert "".join(whole) == text
    for cluster in whole[1:]:
        assert not unicodedata.category(cluster[0]).startswith("M")
        assert cluster[0] != "\u200d"
    for cluster in whole[:-1]:
        assert cluster[-1] != "\u200d"


@thorough
@given(texts)
def test_the_width_is_that_of_the_clusters(text: str) -> None:
    assert cell_width(text) == sum(cell_width(cluster) for cluster in clusters(text))
    assert 0 <= cell_width(text) <= 2 * len(text)
