"""Positional parameters of one call, read with aria2's rules and aria2's complaints.

Indexes in the complaints count without the token, which is gone by now. Extra
parameters are ignored, as clients send them. Must not know any method.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tui_dl.api.aria2.errors import RpcError

_GID = re.compile(r"[0-9A-Fa-f]{1,16}")


class Params:
    """The parameters of one call. Every reader raises ``RpcError`` for a wrong one."""

    def __init__(self, values: Sequence[object]) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def raw(self, index: int) -> object:
        """Return what stands at ``index``, ``None`` past the end."""
        return self._values[index] if index < len(self._values) else None

    def _is_missing(self, index: int, *, required: bool) -> bool:
        if index < len(self._values):
            return False
        if required:
            raise RpcError(f"The parameter at {index} is required but missing.")
        return True

    def text(self, index: int) -> str:
        """Return a required string."""
        self._is_missing(index, required=True)
        value = self._values[index]
        if not isinstance(value, str):
            raise _wrong_type(index)
        return value

    def integer(self, index: int, *, least: int | None = None) -> int:
        """Return a required whole number; a fraction is cut off."""
        self._is_missing(index, required=True)
        value = _number(self._values[index], index)
        if least is not None and value < least:
            raise RpcError(
                f"The integer parameter at {index} has invalid value: "
                f"the value must be greater than or equal to {least}."
            )
        return value

    def position(self, index: int) -> int | None:
        """Return an optional place in the queue; ``None`` is the end."""
        if self._is_missing(index, required=False):
            return None
        value = _number(self._values[index], index)
        if value < 0:
            raise RpcError("Position must be greater than or equal to 0.")
        return value

    def texts(self, index: int, *, required: bool = True) -> list[str]:
        """Return a list of strings. What is no string in it is skipped."""
        if self._is_missing(index, required=required):
            return []
        value = self._values[index]
        if not isinstance(value, list):
            raise _wrong_type(index)
        return [item for item in value if isinstance(item, str)]

    def items(self, index: int) -> list[object]:
        """Return a required list of anything."""
        self._is_missing(index, required=True)
        value = self._values[index]
        if not isinstance(value, list):
            raise _wrong_type(index)
        return value

    def struct(
        self, index: int, *, required: bool = False, empty_list: bool = False
    ) -> Mapping[str, object]:
        """Return a struct; ``empty_list`` also takes ``[]``, which one client sends."""
        if self._is_missing(index, required=required):
            return {}
        value = self._values[index]
        if empty_list and value == []:
            return {}
        if not isinstance(value, dict):
            raise _wrong_type(index)
        return value


def gid_prefix(text: str) -> str:
    """Return a gid, or the beginning of one, in lower case.

    Raises:
        RpcError: it is not 1 to 16 hex digits.
    """
    if not _GID.fullmatch(text):
        raise RpcError(f"Invalid GID {text}")
    return text.lower()


def _number(value: object, index: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong_type(index)
    return int(value)


def _wrong_type(index: int) -> RpcError:
    return RpcError(f"The parameter at {index} has wrong type.")
