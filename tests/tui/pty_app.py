"""The app over hostile downloads, for a real terminal: ``python -m tests.tui.pty_app``."""

from __future__ import annotations

import sys

from tests.tui.fake_parts import FOLDER
from tests.tui.fake_service import FakeService
from tests.tui.hostile import SIXTY, hostile_service
from tui_dl.tui.app import TuiDlApp


def main() -> int:
    """Run the app; the argument says what is in its list."""
    service = hostile_service(SIXTY) if "hostile" in sys.argv else FakeService()
    service.put("last.bin")
    TuiDlApp(service, directory=FOLDER).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
