"""httpx without its command line program.

``import httpx`` also loads ``httpx._main``, which pulls in click, rich and pygments when
they are installed, as they are here: 138 ms against 56 ms (measured, cold caches aside).
A placeholder stands in for that one module while httpx is imported the first time.
Owns nothing else.
"""

from __future__ import annotations

import sys
from types import ModuleType

_PROGRAM = "httpx._main"


def _no_program() -> None:
    """Stand where httpx keeps its command line program."""
    raise SystemExit("the httpx program is not part of tui-dl")


if "httpx" in sys.modules:
    import httpx
else:
    _placeholder = ModuleType(_PROGRAM)
    _placeholder.__dict__["main"] = _no_program
    sys.modules[_PROGRAM] = _placeholder
    try:
        import httpx
    finally:
        del sys.modules[_PROGRAM]

__all__ = ["httpx"]
