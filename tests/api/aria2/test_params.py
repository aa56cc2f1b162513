"""Positional parameters: aria2's complaints, word by word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tui_dl.api.aria2.errors import RpcError
from tui_dl.api.aria2.params import Params, gid_prefix

Reading = Callable[[Params], Any]


def complaint(reading: Reading, *values: object) -> str:
    with pytest.raises(RpcError) as caught:
        reading(Params(values))
    assert caught.value.wire_code == 1
    return caught.value.message


MISSING = "The parameter at 0 is required but missing."
WRONG = "The parameter at 0 has wrong type."


@pytest.mark.parametrize(
    "reading",
    [
        lambda p: p.text(0),
        lambda p: p.integer(0),
        lambda p: p.texts(0),
        lambda p: p.items(0),
        lambda p: p.struct(0, required=True),
    ],
)
def test_a_required_one_is_missing(reading: Reading) -> None:
    assert complaint(reading) == MISSING


@pytest.mark.parametrize(
    ("reading", "values"),
    [
        (lambda p: p.text(0), [5, None, ["a"], {}, True]),
        (lambda p: p.integer(0), ["0", None, True, []]),
        (lambda p: p.position(0), ["0", None, False, {}]),
        (lambda p: p.texts(0, required=False), ["a", None, {}, 5]),
        (lambda p: p.items(0), ["x", None, {}]),
        (lambda p: p.struct(0), [[], None, "x", 5]),
        (lambda p: p.struct(0, empty_list=True), [None, [1], "x"]),
    ],
)
def test_a_wrong_type_is_named_with_its_index(reading: Reading, values: list[object]) -> None:
    for value in values:
        assert complaint(reading, value) == WRONG, value


def test_numbers_below_their_least_are_refused() -> None:
    assert complaint(lambda p: p.integer(0, least=0), -1) == (
        "The integer parameter at 0 has invalid value: "
        "the value must be greater than or equal to 0."
    )
    assert complaint(lambda p: p.position(0), -1) == "Position must be greater than or equal to 0."


def test_what_is_accepted() -> None:
    params = Params(["a", 1.9, [5, "x", None, "y"], {"k": 1}, []])
    assert params.text(0) == "a"
    assert params.integer(1) == 1
    assert params.position(1) == 1
    assert params.texts(2) == ["x", "y"]
    assert params.struct(3) == {"k": 1}
    assert params.struct(4, empty_list=True) == {}
    assert params.position(9) is None
    assert params.texts(9, required=False) == []
    assert params.struct(9) == {}
    assert (params.raw(0), params.raw(9), len(params)) == ("a", None, 5)


@pytest.mark.parametrize("text", ["zz", "", "0" * 17, "invalid gid", "0x1", "١"])
def test_what_is_no_gid_is_echoed(text: str) -> None:
    with pytest.raises(RpcError, match="Invalid GID") as caught:
        gid_prefix(text)
    assert caught.value.message == f"Invalid GID {text}"


def test_a_gid_may_be_short_and_in_capitals() -> None:
    assert gid_prefix("AB") == "ab"
    assert gid_prefix("0" * 16) == "0" * 16
