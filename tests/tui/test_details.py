"""The details: pane and screen, four tabs, and errors that say what to press."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.tui import scenes
from tests.tui.driving import SMALL, WIDE, driven
from tests.tui.fake_service import START, FakeService
from tui_dl.domain.errors import ErrorCode, Failure, StateError
from tui_dl.domain.model import Assurance, Digest, DownloadOptions, Status
from tui_dl.domain.snapshot import DownloadDetails, LogLine
from tui_dl.tui.screens.details import DetailsScreen
from tui_dl.tui.screens.main import MainScreen


async def test_the_pane_follows_the_cursor_at_tall_sizes_only() -> None:
    async with driven(scenes.busy(), WIDE) as d:
        assert "── debian-13.1.0-amd64-DVD-1.iso ──" in d.text
        assert "3 710 000 000 bytes" in d.text.replace("\xa0", " ")
        await d.press("j")
        assert "── Qwen3-72B-Q4_K_M.gguf ──" in d.text
        await d.pilot.resize_terminal(*SMALL)
        await d.settle()
        assert "── Qwen3" not in d.text
        await d.pilot.resize_terminal(*WIDE)
        await d.settle()
        assert "── Qwen3-72B-Q4_K_M.gguf ──" in d.text


async def test_enter_opens_a_screen_of_its_own_and_escape_returns() -> None:
    async with driven(scenes.busy(), SMALL) as d:
        await d.press("enter")
        assert isinstance(d.app.screen, DetailsScreen)
        text = d.text.replace("\xa0", " ")
        assert "2.63 GB of 3.71 GB  70%" in text
        assert "52.1 MB/s" in text
        assert "21s left" in text
        assert "cdimage.example.org" in text
        assert "/home/ada/Downloads/debian-13.1.0-amd64-DVD-1.iso.part" in text
        assert "█ on disk   ▒ raced   ▓ arriving   ▄ in part   ░ waiting" in text
        assert "peak 57.4 MB/s" in text
        await d.press("escape")
        assert isinstance(d.app.screen, MainScreen)
        assert d.listing.has_focus


async def test_left_right_and_tab_turn_the_tabs() -> None:
    async with driven(scenes.busy(), SMALL) as d:
        await d.press("enter", "right")
        assert "each cell is" in d.text
        await d.press("tab")
        assert "cdn.example.org" in d.text
        assert "receiving" in d.text
        await d.press("right")
        assert "Nothing has happened yet." in d.text
        await d.press("right")
        assert "21s left" in d.text
        await d.press("left", "left")
        assert "cdn.example.org" in d.text


async def test_a_click_on_a_details_tab_opens_it() -> None:
    async with driven(scenes.busy(), WIDE) as d:
        lines = d.text.splitlines()
        y = next(i for i, line in enumerate(lines) if "Connections" in line)
        await d.pilot.click(offset=(lines[y].index("Connections") + 2, y))
        await d.settle()
        assert "cdn.example.org" in d.text


async def test_the_log_is_newest_first_and_scrolls() -> None:
    service = FakeService()
    row = service.put("a.bin")
    service.script(row.id).log.extend(
        LogLine(START + timedelta(seconds=n), f"event number {n}") for n in range(40)
    )
    async with driven(service, SMALL) as d:
        await d.press("enter", "left")
        shown = [line.split()[-1] for line in d.text.splitlines() if "event number" in line]
        assert shown[0] == "39"
        assert "event number 0" not in d.text
        for _ in range(6):
            await d.press("pagedown")
        assert "event number 0" in d.text


async def test_a_failure_says_what_happened_what_comes_next_and_what_to_press() -> None:
    async with driven(scenes.busy(), SMALL) as d:
        await d.press("5", "enter")
        assert "✗ 404: the server has no such file." in d.text
        assert "tui-dl does nothing more until you ask." in d.text
        assert "u gives a new link   r tries again   d takes it off the list" in d.text


async def test_the_keys_in_the_sentence_follow_the_keymap() -> None:
    async with driven(scenes.busy(), SMALL) as d:
        d.app.set_keymap({"download.resume": "x"})
        await d.press("5", "enter")
        assert "x tries again" in d.text


async def test_a_retry_counts_down_in_the_details() -> None:
    service = scenes.busy()
    async with driven(service) as d:
        await d.press("j", "j")
        assert "tui-dl tries again in 12s and keeps what has arrived." in d.text
        service.advance(5)
        await d.look()
        assert "tui-dl tries again in 7s and keeps what has arrived." in d.text


async def test_a_quarantined_file_and_a_full_disk_have_words_of_their_own() -> None:
    service = FakeService()
    service.put(
        "a.bin", Status.FAILED, total_bytes=5, done_bytes=5,
        failure=Failure(ErrorCode.DIGEST_MISMATCH, "The sha256 does not agree."),
    )  # fmt: skip
    service.put(
        "b.bin", Status.PAUSED, total_bytes=5, done_bytes=2,
        failure=Failure(ErrorCode.DISK_FULL, "The disk is full."),
    )  # fmt: skip
    async with driven(service) as d:
        assert "✗ mismatch" in d.text
        assert "‖ disk full" in d.text
        assert "tui-dl did not publish the file" in d.text
        assert "none: its bytes are not the promised ones" in d.text
        await d.press("j")
        assert "goes on once there is space" in d.text


async def test_proof_says_how_sure_tui_dl_is() -> None:
    service = FakeService()
    for name, assurance, digest in (
        ("a.bin", Assurance.DIGEST, Digest("sha256", "00")),
        ("b.bin", Assurance.UNVERIFIED, None),
        ("c.bin", Assurance.VALIDATOR, None),
        ("d.bin", Assurance.SINGLE_REPLY, None),
    ):
        service.put(
            name, Status.COMPLETED, total_bytes=5, done_bytes=5, assurance=assurance, digest=digest
        )
    async with driven(service, (200, 50)) as d:
        for sentence in (
            "agrees with its sha256",
            "unverified: no way to tell versions apart",
            "all parts are of one version",
            "one complete reply",
        ):
            assert sentence in d.text
            await d.press("j")
        assert "✓ done ✔sha256" in d.text
        assert "✓ done unverified" in d.text


async def test_a_priority_is_shown_when_it_is_not_the_usual_one() -> None:
    service = FakeService()
    service.put("a.bin", Status.PAUSED, options=DownloadOptions(priority=-7))
    service.put("b.bin", Status.PAUSED)
    async with driven(service, (200, 50)) as d:
        assert re.search(r"priority +-7", d.text)
        await d.press("j")
        assert "priority" not in d.text


async def test_the_footer_offers_what_the_download_can_do_now() -> None:
    service = FakeService()
    row = service.put("a.bin", Status.DOWNLOADING, total_bytes=5, done_bytes=1)
    async with driven(service, SMALL) as d:
        await d.press("enter")
        assert " p pause   d delete" in d.text
        await d.press("p")
        assert " r resume   d delete" in d.text
        service.put(row.name, Status.COMPLETED, total_bytes=5, done_bytes=5, id=row.id)
        await d.look()
        assert "next tab   d delete   l limit" in d.text


async def test_a_finished_download_names_the_keys_for_its_file() -> None:
    service = FakeService()
    service.put("a.bin", Status.COMPLETED, total_bytes=5, done_bytes=5)
    async with driven(service, SMALL) as d:
        await d.press("enter")
        assert "o opens it   O opens its folder   Y copies its path   v verifies it again" in d.text


async def test_the_screen_closes_when_its_download_is_gone() -> None:
    service = FakeService()
    row = service.put("a.bin")
    async with driven(service, SMALL) as d:
        await d.press("enter")
        await service.remove([row.id], with_files=False)
        await d.look()
        assert isinstance(d.app.screen, MainScreen)
        assert "Nothing to download yet." in d.text


async def test_the_keys_of_the_list_work_on_the_details_screen() -> None:
    service = FakeService()
    row = service.put("a.bin")
    async with driven(service, SMALL) as d:
        await d.press("enter", "p")
        assert service.calls_of("pause") == [(row.id,)]
        assert "‖ paused" in d.text
        await d.press("r")
        assert "○ queued #1" in d.text


async def test_an_engine_out_of_reach_keeps_the_last_details() -> None:
    service = scenes.busy()
    async with driven(service) as d:

        async def fails(id: str) -> None:
            raise StateError("The engine does not answer.")

        service.details = fails  # type: ignore[method-assign] # a broken line
        service.advance(1)
        await d.look()
        assert "cdimage.example.org" in d.text
        assert d.toasts == []


async def test_a_link_with_secrets_is_shown_without_them() -> None:
    service = FakeService()
    service.put("a.bin", url="https://ada:pass123@example.org/a.bin?X-Amz-Signature=deadbeef")
    async with driven(service, (200, 50)) as d:
        assert "pass123" not in d.text
        assert "deadbeef" not in d.text
        assert "https://example.org/a.bin" in d.text


async def test_a_mistake_behind_the_details_is_told_and_the_next_picture_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = scenes.busy()

    async def broken(id: str) -> DownloadDetails:
        raise RuntimeError("nothing about it")

    async with driven(service) as d:
        with monkeypatch.context() as patch:
            patch.setattr(service, "details", broken)
            await d.press("down")
            await d.settle()
            assert any("nothing about it" in toast for toast in d.toasts)
        await d.press("up", "down", "right")
        assert "█ on disk" in d.text
