"""The end of the app after a mistake of ours: a traceback that holds no secret.

Textual's own one prints local variables, and with them links and logins (trap S7). Must
not know what went wrong.
"""

from __future__ import annotations

import logging
import traceback

from rich.text import Text
from textual.app import App

from tui_dl.domain.display import display_text
from tui_dl.domain.redaction import redacted_text

logger = logging.getLogger(__name__)

LAST_WORDS = (
    "tui-dl made a mistake and had to close its screen. "
    "What has arrived is kept: start it again to go on."
)


def reason_of(error: BaseException | None) -> str:
    """Return what an error says, safe to show; its kind when it says nothing."""
    return str(display_text(redacted_text(str(error)) or type(error).__name__))


class DiscreetApp(App[int]):
    """An app whose last words can be shown to anybody."""

    def _fatal_error(self) -> None:
        """Leave the screen, print the traceback on the terminal and note it in the log."""
        logger.exception("the app broke")
        lines = redacted_text(traceback.format_exc()).splitlines()
        told = "\n".join(str(display_text(line)) for line in lines)
        self._exit_renderables.append(Text(f"{told}\n\n{LAST_WORDS}"))
        self._close_messages_no_wait()
