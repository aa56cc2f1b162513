"""Our ``dataclass`` beside the standard library's: the same class body must behave the same."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, field
from typing import Any

import pytest

from tui_dl.domain.quick_dataclass import dataclass, replaced


@dataclass(frozen=True, slots=True)
class Point:
    """At the top of a module, where pickle finds it."""

    x: int
    tags: list[str] = field(default_factory=list, compare=False)
    note: str = field(default="n", repr=False)


@dataclass(slots=True)
class Loop:
    """Can hold itself."""

    inner: Loop | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Point):
    """Adds a field by keyword, one that is not given, and a check."""

    name: str
    made: int = field(default=7, init=False)

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("no name")


SHAPES: list[dict[str, bool]] = [
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "kw_only": True},
    {"frozen": True},
    {"slots": True},
    {"slots": True, "eq": False},
]


def twin(decorate: Any, options: dict[str, bool]) -> Any:
    """Make the class; its fields are made anew, as a decorator writes into them."""

    class Body:
        """What both decorators are given."""

        a: int
        b: str = "b"
        c: list[int] = field(default_factory=list)
        d: float = field(default=1.5, compare=False)
        e: str = field(default="secret", repr=False)

    return decorate(**options)(Body)


def outcome(deed: Any, cls: Any) -> Any:
    try:
        return deed(cls)
    except (TypeError, AttributeError):
        # Which of the two, and its words, differ with slots from version to version.
        return "refused"


@pytest.mark.parametrize("options", SHAPES, ids=str)
@pytest.mark.parametrize(
    "deed",
    [
        lambda cls: repr(cls(a=1, b="x")),
        lambda cls: cls(a=1) == cls(a=1),
        lambda cls: cls(a=1, d=2.0) == cls(a=1, d=3.0),
        lambda cls: cls(a=1) == cls(a=2),
        lambda cls: cls(a=1) == object(),
        # Both live at once: by identity a second object in the same place would be the first.
        lambda cls: len({hash(item) for item in (cls(a=1, c=()), cls(a=1, c=(), d=9.0))}),
        lambda cls: hash(cls(a=1)) is None,
        lambda cls: cls(1, "x", [2]).c,
        lambda cls: cls(a=1).c is cls(a=1).c,
        lambda cls: repr(cls()),
        lambda cls: repr(cls(a=1, z=2)),
        lambda cls: repr(cls(1, a=1)),
        lambda cls: setattr(cls(a=1), "a", 2),
        lambda cls: delattr(cls(a=1), "a"),
        lambda cls: setattr(cls(a=1), "unknown", 2),
        lambda cls: repr(dataclasses.replace(cls(a=1), b="y")),
        lambda cls: dataclasses.asdict(cls(a=1)),
        lambda cls: [(part.name, part.kw_only) for part in dataclasses.fields(cls)],
        lambda cls: cls.__match_args__,
        lambda cls: repr(copy.deepcopy(cls(a=1, c=[[1]]))),
    ],
)
def test_both_decorators_make_the_same(options: dict[str, bool], deed: Any) -> None:
    theirs, ours = (twin(decorate, options) for decorate in (dataclasses.dataclass, dataclass))

    assert outcome(deed, ours) == outcome(deed, theirs)


def test_what_is_inherited_comes_first_and_checks_itself() -> None:
    item = Named(1, ["t"], name="n")

    assert (item.x, item.tags, item.note, item.name, item.made) == (1, ["t"], "n", "n", 7)
    assert item == Named(1, name="n")
    assert item != Point(1)
    with pytest.raises(ValueError, match="no name"):
        Named(1, name="")


def test_a_subclass_does_not_take_the_first_init_of_its_parent() -> None:
    @dataclass(frozen=True, slots=True)
    class Parent:
        """Never made itself."""

        x: int

    class Child(Parent):
        """Not a dataclass."""

    assert Child(3).x == 3
    assert Parent(4) == Parent(4)
    assert Parent(4) != Child(4)


def test_frozen_is_frozen_and_says_which_field() -> None:
    item: Any = Point(1)

    with pytest.raises(FrozenInstanceError, match="'x'"):
        item.x = 2
    with pytest.raises(FrozenInstanceError, match="'x'"):
        del item.x
    assert item.x == 1
    assert {Point(1), Point(1, ["other"])} == {item}


def test_it_survives_pickle_and_copies() -> None:
    item = Named(1, ["t"], name="n")

    assert pickle.loads(pickle.dumps(item)).tags == ["t"]
    assert copy.copy(item) == item


def test_one_that_holds_itself_can_be_shown() -> None:
    item = Loop()
    item.inner = item

    assert repr(item) == "Loop(inner=...)"


def test_methods_of_its_own_are_kept() -> None:
    @dataclass(frozen=True, slots=True)
    class Special:
        """Says everything itself."""

        x: int

        def __repr__(self) -> str:
            return "special"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 5

    assert repr(Special(1)) == "special"
    assert Special(1) == Special(2)
    assert hash(Special(1)) == 5


@pytest.mark.parametrize("original", [Point(1, ["a"]), Named(1, name="b")])
def test_replaced_does_what_the_library_does(original: Any) -> None:
    before = repr(original)
    assert replaced(original, x=5) == dataclasses.replace(original, x=5)
    assert replaced(original) == original
    assert replaced(original) is not original
    assert repr(original) == before
    with pytest.raises(TypeError):
        dataclasses.replace(original, z=5)
    with pytest.raises(TypeError):
        replaced(original, z=5)


def test_replaced_knows_a_lone_field() -> None:
    loop = Loop()
    assert replaced(loop, inner=loop).inner is loop
    assert replaced(loop) == loop


def test_making_a_class_compiles_nothing() -> None:
    """That is what it is for: the start pays for no method that is not called."""
    script = """
import builtins
from tui_dl.domain.quick_dataclass import dataclass, replaced
compiled = []
real = builtins.exec
builtins.exec = lambda *args: (compiled.append(args[0]), real(*args))[1]
@dataclass(frozen=True, slots=True)
class Item:
    'Doc.'
    x: int
print(len(compiled), Item(3).x, len(compiled), Item(4) == Item(4), len(compiled))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert done.stdout.split() == ["0", "3", "1", "True", "1"], done.stderr
