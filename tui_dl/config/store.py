"""The settings file: reading with a fall-back per field, ``--set``, and careful saving.

A bad value never stops the program: the field keeps its default and a sentence says so.
A bad ``--set`` does stop it, because somebody is there to read why. Must not print.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tui_dl.config.rules import Value
from tui_dl.config.schema import Entry, Settings, entries
from tui_dl.config.values import check_value, read_text
from tui_dl.domain.errors import UsageError
from tui_dl.domain.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings in force and what was wrong with the file, one sentence each."""

    settings: Settings
    problems: tuple[str, ...] = ()


def load_settings(path: Path) -> Loaded:
    """Read the settings file; one that is missing is empty, one that is broken is ignored."""
    try:
        document = _read_document(path)
    except UsageError as error:
        return Loaded(Settings(), (f"{error.message} The defaults are used.",))
    known = {entry.key: entry for entry in entries()}
    settings, problems = Settings(), []
    for section, name, raw in _leaves(document):
        key = f"{section}.{name}" if section else name
        entry = known.get(key)
        if entry is None:
            problems.append(f"{path}: {_unknown(key, known)}")
            continue
        try:
            settings = with_value(settings, entry, check_value(entry.rule, raw))
        except ValueError as error:
            problems.append(f"{path}: {key} {error}; the default is used.")
    return Loaded(settings, tuple(problems))


def apply_overrides(settings: Settings, texts: Sequence[str]) -> Settings:
    """Return the settings with each ``KEY=VALUE`` of ``texts`` applied, the last one winning.

    Raises:
        UsageError: the form, the key or the value is wrong.
    """
    known = {entry.key: entry for entry in entries()}
    for text in texts:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals:
            raise UsageError(f"--set takes KEY=VALUE, such as downloads.slots=5, not {text!r}.")
        entry = known.get(key)
        if entry is None:
            raise UsageError(f"--set: {_unknown(key, known)}")
        try:
            settings = with_value(settings, entry, read_text(entry.rule, value))
        except ValueError as error:
            raise UsageError(f"--set: {key} {error}.") from error
    return settings


def with_value(settings: Settings, entry: Entry, value: Value) -> Settings:
    """Return the settings with one field changed; ``value`` has been checked."""
    changed = replace(getattr(settings, entry.section), **{entry.name: value})
    # The section's type is one of Settings' own, but its name is known at run time only.
    parts: dict[str, Any] = {entry.section: changed}
    return replace(settings, **parts)


def save_settings(path: Path, changes: Mapping[str, Value | None]) -> None:
    """Write ``changes`` (dotted keys) into the file and leave the rest of it as it was.

    ``None`` takes a key out of the file: the default is in force again.
    What this version does not know stays in place; comments do not survive. The file is
    replaced in one step and readable by its owner only.

    Raises:
        UsageError: a key or value is wrong, or the file cannot be read as TOML.
        OSError: the folder cannot be written.
    """
    import tomli_w

    known = {entry.key: entry for entry in entries()}
    document = _read_document(path)
    for key, value in changes.items():
        entry = known.get(key)
        if entry is None:
            raise UsageError(_unknown(key, known))
        section = document.setdefault(entry.section, {})
        if not isinstance(section, dict):
            raise UsageError(f"{path}: {entry.section} must be a section.")
        if value is None:
            section.pop(entry.name, None)
            continue
        try:
            section[entry.name] = check_value(entry.rule, value)
        except ValueError as error:
            raise UsageError(f"{key} {error}.") from error
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _replace_file(path, tomli_w.dumps(document).encode())


def _read_document(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text.") from error
    import tomllib  # most have no file

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}.") from error


def _leaves(document: Mapping[str, Any]) -> list[tuple[str, str, object]]:
    leaves: list[tuple[str, str, object]] = []
    for section, content in document.items():
        if isinstance(content, dict):
            leaves.extend((section, name, raw) for name, raw in content.items())
        else:
            leaves.append(("", section, content))
    return leaves


def _unknown(key: str, known: Mapping[str, Entry]) -> str:
    import difflib

    near = difflib.get_close_matches(key, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"there is no setting {key}.{hint}"


def _replace_file(path: Path, content: bytes) -> None:
    # mkstemp opens with O_EXCL and mode 0600 (a proxy address may hold a password), and in the
    # same folder, so that replace is one step. A linked file (dotfiles) is replaced at its end.
    import tempfile  # only needed here, and slow to load

    path = path.resolve()
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:  # a cancel too: undone, then raised again
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
