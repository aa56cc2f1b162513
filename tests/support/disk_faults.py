"""Stand between a program and its files: every way in which it writes bytes of a download."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

Write = Callable[[int, Any, int], int]


def replace_writes(patch: pytest.MonkeyPatch, write: Write) -> None:
    """Have ``write`` called in the place of ``os.pwrite``, and for what comes from a pipe."""
    patch.setattr(os, "pwrite", write)
    splice = getattr(os, "splice", None)
    if splice is not None:
        patch.setattr(os, "splice", _from_pipes(splice, write))


def _from_pipes(real: Callable[..., int], write: Write) -> Callable[..., int]:
    def call(src: int, dst: int, count: int, *, offset_dst: int | None = None, **more: Any) -> int:
        if offset_dst is None:  # not into a file
            return real(src, dst, count, **more)
        data = memoryview(os.read(src, count))
        done = 0
        while done < len(data):  # what was read cannot be put back
            done += write(dst, data[done:], offset_dst + done)
        return done

    return call
