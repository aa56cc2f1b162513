"""The README's guide: its links lead somewhere, and what it quotes is what the program says."""

from __future__ import annotations

import ast
import re

import pytest

from tests.project.sources import ROOT, python_files
from tests.project.test_readme import README, section

QUOTED = re.findall(r"^\| `([^`]+)` \|", section("When something is wrong"), re.M)


def strings() -> set[str]:
    """Return every piece of text in the source; of an f-string what stands between values."""
    return {
        node.value
        for path in python_files("tui_dl")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


STRINGS = strings()


def anchor(title: str) -> str:
    """Return what a heading is called in a link."""
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def test_the_guide_quotes_more_than_a_few_sentences() -> None:
    assert len(QUOTED) > 12


@pytest.mark.parametrize("sentence", QUOTED)
def test_a_quoted_sentence_is_one_of_the_program(sentence: str) -> None:
    pieces = [piece.strip() for piece in sentence.split("…")]

    assert max(map(len, pieces)) > 10, "too little of it is quoted to find it again"
    for piece in pieces:
        assert any(piece in text for text in STRINGS), piece


def test_links_within_the_readme_lead_to_headings() -> None:
    links = re.findall(r"\]\(#([^)]+)\)", README)
    headings = {anchor(title) for title in re.findall(r"^## (.+)$", README, re.M)}

    assert len(links) > 5
    assert sorted(set(links) - headings) == []


def test_pictures_exist_and_are_described() -> None:
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", README)

    assert len(pictures) > 3
    for words, path in pictures:
        assert (ROOT / path).is_file(), path
        assert len(words) > 30, path


def test_no_sentence_is_said_twice() -> None:
    # A setting and the flag that overrides it share their words.
    prose = re.sub(r"```.*?```", "", README.replace(section("Settings"), ""), flags=re.S)
    sentences = [found.strip() for found in re.split(r"(?<=[.:;|])\s", prose)]
    told = [found for found in sentences if len(found) > 40]

    assert sorted({found for found in told if told.count(found) > 1}) == []


def test_the_state_folder_is_told_as_it_is() -> None:
    told = section("What is kept, and how to rescue it")
    names = ("catalog.sqlite3", "history.jsonl", "aria2.session", "owner-key", "instance.json")

    assert all(name in told and name in STRINGS for name in names)
    for suffix in (".backup", ".damaged-", ".format-", ".spare", ".journal"):
        assert suffix in told
        assert any(suffix in text for text in STRINGS), suffix
