"""aria2's list format: addresses, mirrors, options, comments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.cli.input_file import InputEntry, InputOption, parse_input
from tui_dl.domain.errors import UsageError

LIST = """\ufeff# a comment
http://127.0.0.1/a\thttp://127.0.0.1/b\t

http://127.0.0.1/c,d
  out=c.bin
\theader=X-Key: a=b
  # not an option
"""


def test_the_format_is_read_line_by_line() -> None:
    assert parse_input(LIST) == [
        InputEntry(2, ("http://127.0.0.1/a", "http://127.0.0.1/b")),
        InputEntry(
            4,
            ("http://127.0.0.1/c,d",),
            (InputOption(5, "out", "c.bin"), InputOption(6, "header", "X-Key: a=b")),
        ),
    ]


def test_windows_line_ends_are_no_part_of_an_address() -> None:
    assert parse_input("http://a/b\r\n  out=x\r\n") == [
        InputEntry(1, ("http://a/b",), (InputOption(2, "out", "x"),))
    ]


def test_a_list_may_be_empty() -> None:
    assert parse_input("\n# nothing\n") == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("  out=x\n", "line 1: an option stands before the first address"),
        ("http://a/b\n  out\n", "line 2: an indented line must be an option"),
        ("http://a/b\n  =x\n", "line 2: an indented line must be an option"),
    ],
)
def test_a_bad_line_is_named(text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        parse_input(text)


_WORD = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1).filter(
    lambda text: text.strip() == text and text[0] not in "#\ufeff" and "=" not in text
)


@given(st.lists(st.tuples(st.lists(_WORD, min_size=1), st.lists(st.tuples(_WORD, _WORD)))))
def test_what_is_written_is_read_again(
    entries: list[tuple[list[str], list[tuple[str, str]]]],
) -> None:
    lines: list[str] = []
    for urls, options in entries:
        lines.append("\t".join(urls))
        lines.extend(f"  {name}={value}" for name, value in options)

    read = parse_input("\n".join(lines))

    assert [list(entry.urls) for entry in read] == [urls for urls, _ in entries]
    assert [[(o.name, o.value) for o in entry.options] for entry in read] == [
        options for _, options in entries
    ]
