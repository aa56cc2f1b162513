"""The app with a mistake in it, for a real terminal: ``python -m tests.tui.broken_app``."""

from __future__ import annotations

from pathlib import Path

from textual.events import Key

from tests.tui.fake_parts import FOLDER
from tests.tui.fake_service import FakeService
from tui_dl.domain.model import DownloadOptions
from tui_dl.tui import app
from tui_dl.tui.app import TuiDlApp

URL = "https://me:Zq1pass@host/a.iso?token=Zq2query&next=https%3A%2F%2Fh%2F%3Fsig%3DZq3inner"
OPTIONS = DownloadOptions(
    headers=(("X-Api-Key", "Zq4header"), ("Cookie", "id=Zq5cookie")),
    referer="https://r/?token=Zq6referer",
    http_password="Zq7login",
    proxy="http://u:Zq8proxy@p:1",
    mirrors=("https://m/?key=Zq9mirror",),
)


class Broken(TuiDlApp):
    """Breaks at the first key, with secrets in its local variables and in its words."""

    CSS_PATH = str(Path(app.__file__).with_name("app.tcss"))

    async def on_key(self, event: Key) -> None:
        """Raise an error."""
        (row,) = self.service.snapshot().downloads
        link, headers = row.url, row.options.headers
        raise RuntimeError(f"no way to {link} with {row} and {len(headers)} \x1b]0;owned\x07")


if __name__ == "__main__":
    service = FakeService()
    service.put("a.iso", url=URL, options=OPTIONS)
    Broken(service, directory=FOLDER).run()
