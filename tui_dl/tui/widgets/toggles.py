"""Check boxes and radio buttons whose state can be read without colour.

Textual's own draw the same glyph on and off and tell them apart by colour alone.
"""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Checkbox, RadioButton


class Tick(Checkbox):
    """A check box: ``[✓]`` or ``[ ]``."""

    @property
    def _button(self) -> Content:
        style = self.get_visual_style("toggle--button")
        return Content.assemble(("[✓]" if self.value else "[ ]", style))


class Choice(RadioButton):
    """A radio button: ``(•)`` or ``( )``."""

    @property
    def _button(self) -> Content:
        style = self.get_visual_style("toggle--button")
        return Content.assemble(("(•)" if self.value else "( )", style))
