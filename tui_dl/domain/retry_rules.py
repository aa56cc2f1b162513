"""How often each class of error is worth another try, in the user's words. Pure.

``dns=20 busy=0 server=3`` — a class and a number of tries in a row without progress; 0 is
endless, and a class that is not named follows the ordinary number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from tui_dl.domain.errors import ErrorCode, UsageError

CLASSES: Mapping[str, frozenset[ErrorCode]] = MappingProxyType(
    {
        "dns": frozenset({ErrorCode.UNKNOWN_HOST}),
        "connect": frozenset({ErrorCode.CONNECT_REFUSED, ErrorCode.CONNECT_FAILED}),
        "timeout": frozenset({ErrorCode.TIMEOUT}),
        "lost": frozenset(
            {ErrorCode.CONNECTION_LOST, ErrorCode.TRUNCATED, ErrorCode.PROTOCOL, ErrorCode.TLS}
        ),
        "busy": frozenset({ErrorCode.BUSY}),
        "server": frozenset({ErrorCode.HTTP_STATUS}),
        "proxy": frozenset({ErrorCode.PROXY}),
    }
)
"""Names of the classes that waiting can help at all, and what belongs to each."""

MOST_TRIES = 10_000

NO_RULES: Mapping[ErrorCode, int] = MappingProxyType({})


@lru_cache(maxsize=16)
def parse_retry_rules(text: str) -> Mapping[ErrorCode, int]:
    """Return tries by error code; an empty text is no rule.

    Raises:
        UsageError: an unknown class, or no number of tries.
    """
    rules: dict[ErrorCode, int] = {}
    for word in re.split(r"[\s,;]+", text.strip()):
        if not word:
            continue
        name, equals, value = word.partition("=")
        codes = CLASSES.get(name.lower())
        if codes is None:
            raise UsageError(f"{name!r} is no class of errors; they are {', '.join(CLASSES)}.")
        is_number = value.isascii() and value.isdecimal() and len(value) <= 5
        if not equals or not is_number or int(value) > MOST_TRIES:
            raise UsageError(f"{word!r} must name tries, such as {name}=10; 0 is endless.")
        rules.update(dict.fromkeys(codes, int(value)))
    return MappingProxyType(rules)
