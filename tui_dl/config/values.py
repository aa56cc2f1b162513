"""One value of a setting: from TOML or from ``--set`` text to what its rule allows.

Must not know files or sections. Every refusal is a ``ValueError`` whose text completes
the sentence "downloads.slots ...".
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from tui_dl.config.rules import Kind, Rule, Value
from tui_dl.domain.errors import UsageError
from tui_dl.domain.units import parse_size

_YES = frozenset({"true", "yes", "on", "1"})
_NO = frozenset({"false", "no", "off", "0"})


def check_value(rule: Rule, raw: object) -> Value:
    """Return ``raw``, a value out of TOML, as the rule's own type.

    Raises:
        ValueError: the type or the range is wrong; the text says what is wanted.
    """
    value = _convert(rule.kind, raw)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        _check_range(rule, value)
    if rule.read is not None and isinstance(value, str):
        try:
            rule.read(value)
        except UsageError as error:
            raise ValueError(f"cannot be used: {error.message.removesuffix('.')}") from error
    if rule.choices and value not in rule.choices:
        raise ValueError(f"must be one of {', '.join(rule.choices)}")
    return value


def read_text(rule: Rule, text: str) -> Value:
    """Return the value that ``text`` of a command line stands for.

    Raises:
        ValueError: as ``check_value``.
    """
    text = text.strip()
    if rule.kind is Kind.FLAG:
        return _read_flag(text)
    if rule.kind is Kind.COUNT:
        return check_value(rule, _read_number(text, int, "a whole number"))
    if rule.kind is Kind.SECONDS:
        return check_value(rule, _read_number(text, float, "a number of seconds"))
    return check_value(rule, text)


def _convert(kind: Kind, raw: object) -> Value:
    if kind is Kind.FLAG:
        if not isinstance(raw, bool):
            raise ValueError("must be true or false")
        return raw
    if kind is Kind.COUNT:
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise ValueError("must be a whole number")
        return raw
    if kind is Kind.SECONDS:
        if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not math.isfinite(raw):
            raise ValueError("must be a number of seconds")
        return float(raw)
    if kind is Kind.SIZE:
        return _convert_size(raw)
    if kind is Kind.WORDS:
        return _convert_words(raw)
    if kind is Kind.KEYS and isinstance(raw, dict):
        return " ".join(_key_pairs("", raw))
    if not isinstance(raw, str):
        raise ValueError("must be text")
    if kind is Kind.PATH and raw and not Path(raw).expanduser().is_absolute():
        raise ValueError('must be a full path, such as "/srv/files" or "~/files"')
    return raw


def _convert_words(raw: object) -> str:
    """Return a command as one text that ``shlex.split`` takes apart again."""
    if isinstance(raw, list) and all(isinstance(word, str) for word in raw):
        words = raw
    elif isinstance(raw, str):
        try:
            words = shlex.split(raw)
        except ValueError as error:
            raise ValueError("has a quote that is not closed") from error
    else:
        raise ValueError('must be a list of words, such as ["notify-send", "done"]')
    if any("\0" in word for word in words) or (words and not words[0]):
        raise ValueError("has a word that no program can be given")
    return shlex.join(words)


def _key_pairs(prefix: str, table: Mapping[str, object]) -> Iterator[str]:
    """Yield ``list.add=i`` for a table entry; TOML reads a dotted key as a table inside."""
    for name, keys in table.items():
        if isinstance(keys, dict):
            yield from _key_pairs(f"{prefix}{name}.", keys)
        elif isinstance(keys, str):
            yield f"{prefix}{name}={keys}"
        else:
            raise ValueError('must hold names and keys, such as "list.add" = "i"')


def _convert_size(raw: object) -> int:
    if isinstance(raw, str):
        try:
            return parse_size(raw)
        except UsageError as error:
            raise ValueError('must be a number of bytes, such as 500000 or "2M"') from error
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise ValueError('must be a number of bytes, such as 500000 or "2M"')
    return raw


def _check_range(rule: Rule, value: float) -> None:
    low, high = rule.low, rule.high
    if (low is None or value >= low) and (high is None or value <= high):
        return
    if low is not None and high is not None:
        raise ValueError(f"must be from {low:g} to {high:g}")
    if low is not None:
        raise ValueError(f"must be {low:g} or more")
    raise ValueError(f"must be {high:g} or less")


def _read_flag(text: str) -> bool:
    word = text.lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError("must be true or false")


def _read_number(text: str, make: type[int] | type[float], wanted: str) -> int | float:
    try:
        return make(text)
    except ValueError as error:
        raise ValueError(f"must be {wanted}") from error
