"""What was made of an object, kept for the next who asks.

Twenty readers hear one event, and a list of ten thousand rows changes in three: each is
put into words once. By identity, so nothing is compared or hashed. Belongs to one loop.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Memo(Generic[Key, Value]):
    """The values of the objects that were asked for last, at most ``most`` of them."""

    def __init__(self, make: Callable[[Key], Value], most: int) -> None:
        self._make = make
        self._most = most
        # The object is kept beside its value: an id is its own only while it lives.
        self._kept: OrderedDict[int, tuple[Key, Value]] = OrderedDict()

    def get(self, key: Key) -> Value:
        """Return the value of an immutable object, made now or before."""
        found = self._kept.get(id(key))
        if found is not None:
            self._kept.move_to_end(id(key))
            return found[1]
        value = self._make(key)
        self._kept[id(key)] = (key, value)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return value
