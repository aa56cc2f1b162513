"""What the screen shows, as plain text: the base of readable snapshots."""

from __future__ import annotations

from typing import Any

from textual.app import App


def screen_text(app: App[Any]) -> str:
    """Return the grid of the screen, dialogs on top; trailing blanks are cut."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips).rstrip() + "\n"
