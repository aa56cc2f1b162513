"""Five minutes of somebody who has read nothing: each key is shown before it is pressed."""

from __future__ import annotations

from tests.tui.driving import Driver, driven
from tests.tui.fake_service import FakeService
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Status
from tui_dl.tui.screens.add import LinkArea

LINKS = [f"https://example.org/{name}" for name in ("a.iso", "b.iso", "c.iso")]
NATURAL = frozenset({"down", "up", "enter", "escape"})
"""Keys that nobody has to be told."""


class Newcomer:
    """Presses what the screen offers, and keeps count."""

    def __init__(self, d: Driver) -> None:
        self.d = d
        self.pressed: list[str] = []

    async def press(self, key: str, words: str = "") -> None:
        """Press a key that the screen shows with ``words``."""
        if key not in NATURAL:
            shown = f"{'?' if key == 'question_mark' else key} {words}"
            assert shown in " ".join(self.d.text.split()), f"nothing shows {shown!r}"
        self.pressed.append(key)
        await self.d.press(key)


async def test_nothing_is_needed_but_the_footer_and_the_help() -> None:
    service = FakeService()
    async with driven(service, (120, 36)) as d:
        newcomer = Newcomer(d)
        await newcomer.press("a", "adds a link")
        d.app.screen.query_one(LinkArea).text = "\n".join(LINKS)
        await newcomer.press("enter")
        first, second, third = (service.named(link[-5:]) for link in LINKS)
        for row in (first, second, third):
            service.change(row.id, status=Status.DOWNLOADING, total_bytes=100, done_bytes=5)
        await d.look()

        await newcomer.press("p", "pause")
        assert service.calls_of("pause") == [(first.id,)]
        await newcomer.press("l", "limit")
        await d.type("1M")
        await newcomer.press("enter")
        assert service.calls_of("set_limit") == [(first.id, 1024 * 1024)]

        service.fail(third.id, ErrorCode.NOT_FOUND, "example.org has no such file (404).")
        await d.look()
        assert "✗ failed" in d.text
        await newcomer.press("down")
        await newcomer.press("down")
        await newcomer.press("enter")
        assert "example.org has no such file (404)." in d.text
        await newcomer.press("u", "gives a new link")
        await d.type("https://example.org/new/c.iso")
        await newcomer.press("enter")
        assert service.calls_of("set_url") == [(third.id, "https://example.org/new/c.iso")]
        await newcomer.press("escape")

        service.finish(second.id)
        await d.look()
        await newcomer.press("up")
        await newcomer.press("enter")
        assert f"{second.directory}/b.iso" in d.text
        await newcomer.press("question_mark", "help")
        assert "O Open folder" in d.words
    assert newcomer.pressed == [
        *("a", "enter", "p", "l", "enter", "down", "down", "enter", "u", "enter", "escape"),
        *("up", "enter", "question_mark"),
    ]
