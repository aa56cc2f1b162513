"""``dataclass`` as the standard library has it, for a tenth of its price at import.

The library writes the source of up to eight methods for each class and compiles them: 0.3 to
1 ms a class, a quarter of the whole start for the 110 classes of ``get``. Here the methods
that every class can share are shared, and ``__init__`` is compiled when the first object is
made. ``fields``, ``replace``, ``asdict`` and pickling work as they do on the library's own.
Must not do more than the library does; type checkers are told that it is the library's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError
from functools import cache
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["dataclass", "replaced"]

Made = TypeVar("Made")


def _quick(cls: type | None = None, /, **options: bool) -> Any:
    """Make a class a dataclass; the options are ``frozen``, ``slots``, ``kw_only`` and ``eq``.

    A field cannot be an ``InitVar``.

    Raises:
        TypeError: another option.
    """
    if cls is None:
        return lambda cls: _made(cls, **options)
    return _made(cls, **options)


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    dataclass = _quick


def _made(
    cls: type,
    *,
    frozen: bool = False,
    slots: bool = False,
    kw_only: bool = False,
    eq: bool = True,
) -> type:
    own = cls.__dict__
    # Equality of its own without a hash of its own leaves None there: that is no hash.
    has_hash = own.get("__hash__") is not None
    methods: dict[str, Any] = {"__init__": None, "__repr__": _repr}
    if eq:
        methods["__eq__"] = None
    if frozen:
        methods |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
        if slots:
            methods |= {"__getstate__": _state, "__setstate__": _set_state}
    missing = [name for name in methods if name not in own]
    if not cls.__doc__:  # the library would write the signature there: 5 ms for the first one
        cls.__doc__ = cls.__name__
    # Frozen only to the outside: the library would compile two methods to say so.
    cls = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
    if "__init__" in missing:
        methods["__init__"] = _init_on_first_use(cls, is_frozen=frozen)
    if "__eq__" in missing:
        methods["__eq__"] = _equality(_key(cls, "compare"))
    for name in missing:
        setattr(cls, name, methods[name])
    if eq and not has_hash:
        cls.__hash__ = _hash(_key(cls, "hash")) if frozen else None  # type: ignore[method-assign, assignment]  # as the library does
    return cls


def replaced(original: Made, /, **changes: Any) -> Made:
    """Do as ``dataclasses.replace`` does, for classes with slots, at 40 % of its price.

    Raises:
        TypeError: there is no such field.
    """
    cls: Any = type(original)
    if hasattr(cls, "__post_init__"):
        return dataclasses.replace(original, **changes)  # type: ignore[type-var]  # it is one
    names, values_of, setters = _slots(cls)
    copy: Made = cls.__new__(cls)
    values = dict(zip(names, values_of(original), strict=False))
    values.update(changes)
    if len(values) != len(names):
        raise TypeError(f"{cls.__qualname__} has no {', '.join(changes.keys() - set(names))}")
    for put, value in zip(setters, values.values(), strict=True):
        put(copy, value)
    return copy


@cache
def _slots(cls: type) -> tuple[tuple[str, ...], Callable[[Any], Any], tuple[Any, ...]]:
    names = tuple(part.name for part in _fields(cls))
    # With one name it would return no tuple: the first name twice does no harm to ``zip``.
    values_of = attrgetter(*names, names[0])
    return names, values_of, tuple(getattr(cls, name).__set__ for name in names)


# ------------------------------------------------------------ shared by all


def _refuse_to_set(self: object, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{part.name}={getattr(self, part.name)!r}" for part in _fields(self) if part.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _state(self: Any) -> list[Any]:
    return [getattr(self, part.name) for part in _fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for part, value in zip(_fields(self), state, strict=True):
        object.__setattr__(self, part.name, value)


def _fields(item: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(item)


# ------------------------------------------------------------ one a class


def _key(cls: Any, purpose: str) -> Callable[[Any], Any]:
    """Return what takes the values that are compared, or hashed, out of an object."""
    names = [
        part.name
        for part in _fields(cls)
        if (part.compare if purpose == "compare" or part.hash is None else part.hash)
    ]
    return attrgetter(*names) if names else lambda _: ()


def _equality(key: Callable[[Any], Any]) -> Callable[[object, object], Any]:
    def equals(self: object, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return key(self) == key(other)

    return equals


def _hash(key: Callable[[Any], Any]) -> Callable[[object], int]:
    def hash_of(self: object) -> int:
        return hash(key(self))

    return hash_of


def _init_on_first_use(cls: Any, *, is_frozen: bool) -> Callable[..., None]:
    """Return an ``__init__`` that puts the real one into its place and calls it."""

    def first(self: object, *args: object, **named: object) -> None:
        # Two threads may both come here: they make the same thing.
        real = _compiled_init(cls, is_frozen=is_frozen)
        cls.__init__ = real
        real(self, *args, **named)

    return first


def _compiled_init(cls: Any, *, is_frozen: bool) -> Callable[..., None]:
    names: dict[str, Any] = {"MISSING": MISSING, "setattr_": object.__setattr__}
    positional: list[str] = []
    keywords: list[str] = []
    body: list[str] = []
    for number, part in enumerate(_fields(cls)):
        default, value = f"default_{number}", part.name
        has_default = part.default is not MISSING
        has_factory = part.default_factory is not MISSING
        names[default] = part.default if has_default else part.default_factory
        if part.init:
            given = f"={default}" if has_default else "=MISSING" if has_factory else ""
            (keywords if part.kw_only else positional).append(part.name + given)
            if has_factory:
                value = f"{default}() if {part.name} is MISSING else {part.name}"
        elif has_factory:
            value = f"{default}()"
        elif has_default and "__slots__" in cls.__dict__:
            value = default  # a slot has no class attribute behind it
        else:
            continue
        is_plain = not is_frozen
        set_it = f"self.{part.name} = {{}}" if is_plain else f"setattr_(self, {part.name!r}, {{}})"
        body.append(set_it.format(value))
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    parameters = ["self", *positional, *(["*"] if keywords else []), *keywords]
    source = f"def __init__({', '.join(parameters)}):\n " + "\n ".join(body or ["pass"])
    exec(source, names)  # the names of our own fields, as the library does it
    init: Callable[..., None] = names["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init
