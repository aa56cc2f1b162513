"""Nothing from outside steers the terminal (trap S9)."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.hostile_names import HOSTILE_NAMES
from tests.domain.properties import thorough
from tui_dl.domain.characters import cell_width, clusters
from tui_dl.domain.display import SafeText, display_text, shorten_middle
from tui_dl.domain.names import split_extension

texts = (
    st.text(max_size=60)
    | st.text(st.characters(max_codepoint=0x2100), max_size=60)
    | st.sampled_from(HOSTILE_NAMES)
)
# Written out here on purpose, apart from the table that the code uses.
DANGEROUS = {*range(0x20), *range(0x7F, 0xA0), 0x61C, *range(0x200B, 0x2010), 0x2028, 0x2029}
DANGEROUS |= {*range(0x202A, 0x202F), *range(0x2060, 0x2065), *range(0x2066, 0x206A), 0xFEFF}
DANGEROUS |= {*range(0xD800, 0xE000), *range(0xE0000, 0xE0080), 0xAD}


def assert_harmless(text: str) -> None:
    assert not {ord(c) for c in text} & DANGEROUS
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text)
    text.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本 \U0001f600", "plain é 日本 \U0001f600"),
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
        ("\x00\t\n\r\x1f\x7f", "␀␉␊␍␟␡"),
        ("\x80\x9b31m\x9f", "<U+0080><U+009B>31m<U+009F>"),
        ("evil\u202egnp.exe", "evil<U+202E>gnp.exe"),
        ("a\u2066b\u2069\u200e\u061c", "a<U+2066>b<U+2069><U+200E><U+061C>"),
        ("a\u200bb\u200dc\ufeff\u00ad", "a<U+200B>b<U+200D>c<U+FEFF><U+00AD>"),
        ("a\u2028b\u2029", "a<U+2028>b<U+2029>"),
        ("\ud800\udcff", "<U+D800><U+DCFF>"),
        ("\U000e0041\U000e0001", "<U+E0041><U+E0001>"),
        ("\ufffe\u3164", "<U+FFFE><U+3164>"),
        ("[/].zip [red]x[/red] \\[x]", "[/].zip [red]x[/red] \\[x]"),
    ],
)
def test_pictures(text: str, shown: str) -> None:
    assert display_text(text) == shown


def test_hostile_names_are_harmless_to_show() -> None:
    for name in HOSTILE_NAMES:
        assert_harmless(display_text(name))


@thorough
@given(texts)
def test_shown_text_is_harmless_and_stays_as_it_is(text: str) -> None:
    shown = display_text(text)
    assert_harmless(shown)
    assert display_text(shown) == shown
    assert bool(shown) == bool(text)


@thorough
@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=40))
def test_visible_text_is_not_touched(text: str) -> None:
    if not {0x115F, 0x1160, 0x3164, 0xFFA0} & {ord(c) for c in text}:  # letters in name only
        assert display_text(text) == text


def test_every_code_point_is_harmless_once_shown() -> None:
    everything = "".join(map(chr, range(0x110000)))
    shown = display_text(everything)
    assert_harmless(shown)
    # Format characters that have a shape (Arabic signs and the like) may stay.
    left = {c for c in shown if unicodedata.category(c) == "Cf"}
    assert left <= set(map(chr, (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2))) | {
        c for c in map(chr, range(0x11000, 0x1BCA4)) if unicodedata.category(c) == "Cf"
    }


@thorough
@given(texts, st.integers(-2, 50))
def test_a_cut_text_fits_and_says_so(text: str, cells: int) -> None:
    whole = display_text(text)
    cut = display_text(text, max_cells=cells)
    assert_harmless(cut)
    assert display_text(cut, max_cells=cells) == cut
    if cell_width(whole) <= cells:
        assert cut == whole
        return
    assert max(0, cells - 1) <= cell_width(cut) <= max(0, cells)
    assert cut == "" if cells <= 0 else cut.endswith("…")
    assert whole.startswith(cut[:-1])


@thorough
@given(texts, st.integers(-2, 50))
def test_a_shortened_text_fits_and_keeps_both_ends(text: str, cells: int) -> None:
    whole = display_text(text)
    short = shorten_middle(whole, cells)
    assert_harmless(short)
    assert shorten_middle(short, cells) == short
    if cell_width(whole) <= cells:
        assert short == whole
        return
    assert cell_width(short) <= max(0, cells)
    if cells <= 0:
        assert short == ""
        return
    # One "…" of the result is the cut; both sides of it are whole clusters of the text.
    pieces = list(clusters(whole))
    heads = {"".join(pieces[:count]) for count in range(len(pieces))}
    tails = {"".join(pieces[count:]) for count in range(1, len(pieces) + 1)}
    cuts = [place for place, character in enumerate(short) if character == "…"]
    assert any(short[:cut] in heads and short[cut + 1 :] in tails for cut in cuts)
    # At most half of a wide character is left unused.
    assert cell_width(short) >= cells - 1


@pytest.mark.parametrize(
    ("text", "cells", "short"),
    [
        ("ubuntu-24.04-desktop.iso", 24, "ubuntu-24.04-desktop.iso"),
        ("ubuntu-24.04-desktop.iso", 16, "ubuntu-2…top.iso"),
        ("ubuntu-24.04-desktop.iso", 8, "ubu….iso"),
        ("ubuntu-24.04-desktop.iso", 6, "u….iso"),
        ("ubuntu-24.04-desktop.iso", 5, "ub…so"),
        ("ubuntu-24.04-desktop.iso", 1, "…"),
        ("ubuntu-24.04-desktop.iso", 0, ""),
        ("archive-of-everything.tar.gz", 12, "arch….tar.gz"),
        ("日本語ファイル.zip", 10, "日本….zip"),
        ("e\u0301" * 10, 5, "e\u0301e\u0301…e\u0301e\u0301"),
    ],
)
def test_shortening(text: str, cells: int, short: str) -> None:
    assert shorten_middle(SafeText(text), cells) == short


@thorough
@given(st.text("abc日é", min_size=1, max_size=40), st.integers(9, 40))
def test_the_extension_is_kept_while_there_is_room(stem: str, cells: int) -> None:
    name = display_text(stem + ".tar.gz")
    assert split_extension(shorten_middle(name, cells))[1] == ".tar.gz"
