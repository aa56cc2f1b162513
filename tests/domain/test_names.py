"""Whatever comes in, a name comes out that every usual disk takes."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.domain.hostile_names import HOSTILE_NAMES
from tests.domain.properties import moderate, thorough
from tui_dl.domain.characters import clusters
from tui_dl.domain.names import (
    LONGEST_NAME_BYTES,
    RESERVE_BYTES,
    choose_name,
    name_from_url,
    numbered_name,
    safe_name,
    split_extension,
)

LIMIT = LONGEST_NAME_BYTES - RESERVE_BYTES
FALLBACK = "download-7"
DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    kind + digit for kind in ("com", "lpt") for digit in "0123456789¹²³"
}
# Written out here on purpose, apart from the table that the code uses.
HIDDEN = {*range(0x20), *range(0x7F, 0xA0), 0xAD, 0x61C, 0x200B, 0x200C, 0x200E, 0x200F, 0x2028}
HIDDEN |= {0x2029, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, *range(0xD800, 0xE000)}
HIDDEN |= set(range(0xE0000, 0xE0080))

nasty = st.text(
    st.sampled_from("ab.. /\\:*\"<>|?~_-é\u0301\u0338\x00\x1b\x9b\u202e\u200b\u200d\ufe0f\ud800"
                    "\U0001f600\U0001f3fd\U0001f1e9\u3000日\u1100\u1161\u11a8")
    | st.characters(),
    max_size=60,
)  # fmt: skip
pieces = st.lists(
    st.sampled_from([*HOSTILE_NAMES, "CON", ".", "/", ".tar.gz", "é" * 50]), min_size=1, max_size=3
)
candidates = nasty | pieces.map("".join) | st.sampled_from(HOSTILE_NAMES)


def assert_safe(name: str, limit: int = LIMIT) -> None:
    assert name
    assert name not in (".", "..")
    assert not set('/\\<>:"|?*') & set(name)
    assert not {ord(c) for c in name} & HIDDEN
    assert len(name.encode("utf-8")) <= limit
    assert name == unicodedata.normalize("NFC", name)
    assert not name.startswith((".", " "))
    assert not name.endswith((".", " "))
    assert name.partition(".")[0].rstrip(" ").lower() not in DEVICES
    assert os.path.basename(name) == name  # noqa: PTH119  # the oldest judge of what a name is


def test_the_corpus_is_large_and_has_no_twins() -> None:
    assert len(HOSTILE_NAMES) >= 200
    assert len(set(HOSTILE_NAMES)) == len(HOSTILE_NAMES)


def test_every_hostile_name_becomes_safe() -> None:
    """N2, N3, N4."""
    for candidate in HOSTILE_NAMES:
        name = safe_name(candidate, fallback=FALLBACK)
        assert_safe(name)
        assert safe_name(name, fallback="other") == name


def test_every_hostile_name_lands_in_its_folder_on_a_real_disk(tmp_path: Path) -> None:
    """N2, N4: the file system agrees, with our longest suffix behind the name."""
    folder = tmp_path / "folder"
    folder.mkdir()
    names = {safe_name(candidate, fallback=FALLBACK) for candidate in HOSTILE_NAMES}
    for name in names:
        (folder / (name + "x" * RESERVE_BYTES)).write_bytes(b"")
    assert {path.name for path in folder.iterdir()} == {n + "x" * RESERVE_BYTES for n in names}
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["folder"]


@thorough
@given(candidates, candidates, st.integers(0, 100))
@example("CON" + " " * 300 + "x", "", 0)
@example("\u200d" * 3, "..", 24)
def test_any_text_becomes_safe_and_stays_as_it_is(
    candidate: str, fallback: str, reserve_bytes: int
) -> None:
    name = safe_name(candidate, fallback=fallback, reserve_bytes=reserve_bytes)
    assert_safe(name, LONGEST_NAME_BYTES - reserve_bytes)
    assert safe_name(name, fallback="other", reserve_bytes=reserve_bytes) == name


@pytest.mark.parametrize(
    ("candidate", "name"),
    [
        ("ubuntu-24.04.iso", "ubuntu-24.04.iso"),
        ("  two  words.txt ", "two  words.txt"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\evil.exe", "evil.exe"),
        ("C:\\dir\\evil.exe", "evil.exe"),
        ("C:evil", "C_evil"),
        ("a/", FALLBACK),
        ("", FALLBACK),
        ("..", FALLBACK),
        (". . .", FALLBACK),
        ("\x00\u200b\u202e", FALLBACK),
        (".bashrc", "_bashrc"),
        ("...x", "_..x"),
        ("a\x1b[31m.zip", "a[31m.zip"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("cafe\u0301", "café"),
        ("e\u200b\u0301", "é"),
        ("a?b*c", "a_b_c"),
        ("CON", "_CON"),
        ("nul.tar.gz", "_nul.tar.gz"),
        ("com1 .txt", "_com1 .txt"),
        ("com10", "com10"),
        ("console.log", "console.log"),
        ("a.txt. . ", "a.txt"),
        ("100%2F.txt", "100%2F.txt"),
        ("a" * 300 + ".tar.gz", "a" * (LIMIT - 7) + ".tar.gz"),
        ("a" * 226 + "\u00e9\u00e9.txt", "a" * 226 + ".txt"),
        ("a" * 400, "a" * LIMIT),
        ("nul." + "b" * 300, "_nul." + "b" * (LIMIT - 5)),
        ("\u0301" * 300, FALLBACK),
    ],
)
def test_what_becomes_of_names(candidate: str, name: str) -> None:
    assert safe_name(candidate, fallback=FALLBACK) == name


def test_joined_emoji_keep_their_joiner_and_nothing_else_does() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    flame = "\u2764\ufe0f\u200d\U0001f525"
    assert safe_name(f"{family} {flame}.png", fallback=FALLBACK) == f"{family} {flame}.png"
    assert safe_name("a\u200db\u200d\U0001f600\u200d", fallback=FALLBACK) == "ab\U0001f600"


def test_an_unusable_fallback_has_a_fallback() -> None:
    assert safe_name("", fallback="../..") == "download"
    assert safe_name("", fallback="a/b") == "b"


@thorough
@given(
    st.lists(
        st.sampled_from(["a", "é", "e\u0323\u0302", "日", "\U0001f600\U0001f3fd",
                         "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea"]),
        min_size=1, max_size=150,
    ),
    st.sampled_from(["", ".zip", ".tar.gz", ".7z.001"]),
)  # fmt: skip
def test_a_cut_keeps_the_extension_and_whole_characters(shown: list[str], extension: str) -> None:
    """N4."""
    stem = unicodedata.normalize("NFC", "".join(shown))
    name = safe_name(stem + extension, fallback=FALLBACK)
    assert name.endswith(extension)
    kept = name[: len(name) - len(extension)]
    whole = list(clusters(stem))
    cut = list(clusters(kept))
    assert cut == whole[: len(cut)]
    # And nothing was given away: the next character would not have fitted.
    if cut != whole:
        assert len((name + whole[len(cut)]).encode()) > LIMIT


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/a/b.zip", "b.zip"),
        ("/b.zip?name=c.zip", "b.zip"),
        ("/b.zip?x=/c/d.zip", "b.zip"),
        ("/a%20b.zip", "a b.zip"),
        ("/a+b.zip", "a+b.zip"),
        ("/%C3%A9.zip", "é.zip"),
        ("/%E9.zip", "é.zip"),
        ("/a%2Fb", "a/b"),
        ("/a%252Fb", "a%2Fb"),
        ("/100%.zip", "100%.zip"),
        ("/%zz", "%zz"),
        ("/%00", "\x00"),
        ("/é.zip", "é.zip"),
        ("/\ud800", "?"),
        ("/", None),
        ("/a/", None),
        ("/a/?b.zip", None),
        ("/?b.zip", None),
        ("", None),
    ],
)
def test_the_name_in_a_url(target: str, name: str | None) -> None:
    """N6."""
    assert name_from_url(target) == name


def choose(
    wanted: str | None = None,
    disposition: str | None = None,
    url_target: str = "/",
    content_type: str | None = None,
) -> str:
    return choose_name(
        wanted=wanted,
        disposition=disposition,
        url_target=url_target,
        content_type=content_type,
        fallback=FALLBACK,
    )


def test_the_order_is_user_server_url_fallback() -> None:
    """N1, N6."""
    assert choose("mine", "theirs", "/url") == "mine"
    assert choose(None, "theirs", "/url") == "theirs"
    assert choose(None, None, "/url") == "url"
    assert choose(None, None, "/") == FALLBACK


def test_a_name_that_comes_to_nothing_gives_way_to_the_next() -> None:
    assert choose("..", "/", "/url") == "url"
    assert choose("", "\u200b", "/%00") == FALLBACK
    assert choose(None, "a/", "/url/") == FALLBACK


def test_a_percent_coded_way_out_of_the_folder_stays_in() -> None:
    """N2: decoded once, split afterwards."""
    assert choose(url_target="/..%2f..%2fetc%2fpasswd") == "passwd"
    assert choose(url_target="/..%5c..%5cevil") == "evil"
    assert choose(url_target="/%2e%2e") == FALLBACK
    assert choose(url_target="/..%252fx") == "..%2fx".replace("..", "_.", 1)


def test_only_the_fallback_gets_an_extension_from_the_type() -> None:
    assert choose(content_type="application/ZIP; x=1") == FALLBACK + ".zip"
    assert choose(content_type="text/html") == FALLBACK + ".html"
    assert choose(content_type="application/octet-stream") == FALLBACK
    assert choose(content_type="text/plain") == FALLBACK
    assert choose(url_target="/installer", content_type="application/zip") == "installer"
    assert choose("mine", content_type="application/zip") == "mine"


@thorough
@given(st.none() | candidates, st.none() | candidates, candidates)
def test_every_choice_is_safe(wanted: str | None, disposition: str | None, path: str) -> None:
    assert_safe(choose(wanted, disposition, "/" + path, "application/pdf"))


@pytest.mark.parametrize(
    ("name", "numbered"),
    [
        ("a.zip", "a (1).zip"),
        ("a.tar.gz", "a (1).tar.gz"),
        ("a (1).zip", "a (1) (1).zip"),
        ("README", "README (1)"),
        ("linux-6.12", "linux-6.12 (1)"),
        ("a.7z.001", "a (1).7z.001"),
        ("_bashrc", "_bashrc (1)"),
        ("x" * LIMIT, "x" * (LIMIT - 4) + " (1)"),
        ("x" * (LIMIT - 4) + ".zip", "x" * (LIMIT - 8) + " (1).zip"),
    ],
)
def test_a_number_stands_before_the_extension(name: str, numbered: str) -> None:
    """N5."""
    assert numbered_name(name, 1) == numbered


@thorough
@given(candidates, st.integers(1, 10**6), st.integers(1, 10**6))
def test_numbered_names_are_safe_and_differ(candidate: str, n: int, other: int) -> None:
    """N5."""
    name = safe_name(candidate, fallback=FALLBACK)
    first, second = numbered_name(name, n), numbered_name(name, other)
    assert_safe(first)
    assert safe_name(first, fallback="other") == first
    assert (first == second) == (n == other)
    assert split_extension(first)[1] == split_extension(name)[1]


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("a.zip", ".zip"),
        ("a.tar.gz", ".tar.gz"),
        ("A.TAR.XZ", ".TAR.XZ"),
        ("disk.qcow2.zst", ".qcow2.zst"),
        ("a.iso.sha256", ".iso.sha256"),
        ("a.part1.rar", ".rar"),
        ("a.001", ".001"),
        ("a.7z.002", ".7z.002"),
        ("report.v2.pdf", ".pdf"),
        ("linux-6.12", ""),
        ("linux-6.12.tar.xz", ".tar.xz"),
        ("version 1.5", ""),
        ("v1.2.gz", ".gz"),
        ("a.", ""),
        (".gz", ""),
        ("a.b c", ""),
        ("a." + "x" * 13, ""),
        ("a.é", ""),
        ("README", ""),
    ],
)
def test_extensions(name: str, extension: str) -> None:
    assert split_extension(name)[1] == extension


@moderate
@given(candidates)
def test_stem_and_extension_are_the_name(name: str) -> None:
    stem, extension = split_extension(name)
    assert stem + extension == name
    assert bool(stem) == bool(name)
    assert re.fullmatch(r"(\.[A-Za-z0-9_-]+){0,2}", extension)
