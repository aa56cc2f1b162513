"""What was made of an object is made once, and not kept for ever."""

from __future__ import annotations

from tui_dl.api.memo import Memo


def test_one_object_is_made_into_one_value() -> None:
    made: list[list[int]] = []

    def make(key: list[int]) -> int:
        made.append(key)
        return len(made)

    memo = Memo(make, most=2)
    first, equal = [1], [1]
    assert [memo.get(first), memo.get(first), memo.get(equal), memo.get(equal)] == [1, 1, 2, 2]
    assert memo.get([3]) == 3
    assert memo.get(equal) == 2
    assert memo.get(first) == 4, "the oldest went"
    assert len(memo._kept) == 2
