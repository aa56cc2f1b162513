"""The names of keys, and which key a binding is on right now: sentences never lie after a remap."""

from __future__ import annotations

from typing import Any

from textual.binding import Binding
from textual.screen import Screen

KEY_NAMES = {
    "escape": "esc",
    "question_mark": "?",
    "slash": "/",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def key_name(binding: Binding) -> str:
    """Return the key as people write it: ``ctrl+p``, ``esc``, ``?``."""
    return binding.key_display or KEY_NAMES.get(binding.key) or binding.key.replace("_", " ")


def key_of(screen: Screen[Any], binding_id: str) -> str:
    """Return the first key that a binding of ``screen`` is on, an en dash when it has none."""
    for _, binding, _, _ in screen.active_bindings.values():
        if binding.id == binding_id:
            return key_name(binding)
    return "–"
