"""Make ``screenshots/`` from a real run: real engine, real server, real app.

``python -m tests.screenshots`` writes SVG and PNG (PNG needs rsvg-convert). Nothing is
drawn by hand: what the pictures show happened while they were taken.
"""

from __future__ import annotations

import asyncio
import html
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from textual.pilot import Pilot

from tests.support.exchange import Exchange
from tests.support.fault_server import FaultServer, Resource, sha256_of, status, wrong_digest
from tui_dl.domain.model import AddRequest, Digest, DownloadOptions
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.engine.config import EngineConfig
from tui_dl.service.local import LocalService
from tui_dl.tui.app import TuiDlApp

FOLDER = Path(__file__).parents[1] / "screenshots"
MIB = 1024 * 1024
SIZES = {"80x24": (80, 24), "140x40": (140, 40)}
HERO, PAUSED = "debian-13.1.0-amd64-DVD-1.iso", "backup-2026-11-20.tar"
LEADING_BLANKS = re.compile(
    r'(?P<head><text [^>]*?) x="(?P<x>[\d.]+)"(?P<middle>[^>]*?)'
    r' textLength="(?P<length>[\d.]+)"(?P<tail>[^>]*)>'
    r"(?P<blanks>(?:&#160;)+)(?P<rest>[^<]+)</text>"
)


async def shared_line(x: Exchange) -> None:
    """Send faster and slower, as over a line that others use too."""
    pace_bps = x.reply.rate_bps

    async def breathe(x: Exchange, _: int) -> None:
        now_s = time.monotonic()
        x.reply.rate_bps = pace_bps * (1 + 0.25 * math.sin(now_s) + 0.15 * math.sin(2.7 * now_s))

    x.reply.watches.append(breathe)


def requests_of(server: FaultServer, tired: FaultServer, folder: str) -> list[AddRequest]:
    """Return a queue that shows every status while it runs."""
    pace = 900_000.0
    digest = Digest("sha256", sha256_of(1, 3 * MIB))
    served = [
        ("photos.zip", 3, 0.0, DownloadOptions(digests=(digest,))),
        (HERO, 220, pace, DownloadOptions(connections=8)),
        ("Qwen3-72B-Q4_K_M.gguf", 560, pace, DownloadOptions(connections=12)),
        ("ubuntu-26.04-live-server-arm64.iso", 130, pace, DownloadOptions(connections=4)),
        (PAUSED, 60, pace, DownloadOptions(connections=6)),
        ("wikipedia-en-2026-11-01.tar.zst", 210, pace, DownloadOptions(connections=6)),
        ("climate-station-records.parquet", 80, pace, DownloadOptions()),
    ]
    requests = [
        AddRequest(
            server.add(Resource(path=f"/{name}", size=mib * MIB, rate_bps=rate_bps), shared_line),
            folder,
            options,
        )
        for name, mib, rate_bps, options in served
    ]
    report = server.add(Resource(path="/report.pdf", size=10), status(404))
    busy = tired.add(
        Resource(path="/nightly-build.tar.xz", size=10), status(503, [("Retry-After", "90")])
    )
    broken = server.add(Resource(path="/firmware.bin", size=2 * MIB), wrong_digest())
    first = [AddRequest(report, folder), AddRequest(broken, folder)]
    return [*first, requests[0], AddRequest(busy, folder), *requests[1:]]


async def busy(
    pilot: Pilot[int], service: LocalService, server: FaultServer, tired: FaultServer
) -> None:
    """Fill the list and wait until it shows what it should."""
    folder = service.snapshot().directory
    await service.add(requests_of(server, tired, folder))
    paused = await reached(pilot, service, PAUSED, 0.45)
    await service.pause([paused.id])
    await select(pilot, HERO)
    await reached(pilot, service, HERO, 0.62)


async def reached(
    pilot: Pilot[int], service: LocalService, name: str, fraction: float
) -> DownloadSnapshot:
    """Wait until a download has come so far."""
    while True:
        for row in service.snapshot().downloads:
            if row.name == name and (row.fraction or 0.0) >= fraction:
                return row
        await pilot.pause(0.1)


def without_leading_blanks(svg: str) -> str:
    """Move texts that begin with blanks to the right: some renderers drop those blanks."""

    def move(match: re.Match[str]) -> str:
        blanks = match["blanks"].count("&#160;")
        text = html.unescape(match["blanks"] + match["rest"])
        cell = float(match["length"]) / len(text)
        x, length = float(match["x"]) + blanks * cell, cell * (len(text) - blanks)
        return (
            f'{match["head"]} x="{x:.1f}"{match["middle"]} textLength="{length:.1f}"'
            f"{match['tail']}>{match['rest']}</text>"
        )

    return LEADING_BLANKS.sub(move, svg)


async def save(pilot: Pilot[int], name: str) -> None:
    """Take one picture, without the toasts of what has just ended."""
    pilot.app.clear_notifications()
    await pilot.pause(0.1)
    write(without_leading_blanks(pilot.app.export_screenshot(title="tui-dl")), name)


def write(svg: str, name: str) -> None:
    """Write a picture as SVG and PNG."""
    path = FOLDER / f"{name}.svg"
    path.write_text(svg, encoding="utf-8")
    subprocess.run(["rsvg-convert", "-o", str(path.with_suffix(".png")), str(path)], check=True)
    print(path.name)


async def take(size_name: str, base: Path, *, theme: str | None = None) -> None:
    """Run the app once at one size and take all its pictures."""
    downloads = base / "Downloads"
    downloads.mkdir(parents=True)
    config = EngineConfig(data_dir=base / "state", directory=downloads, slots=5)
    service = LocalService(config)
    await service.start()
    suffix = size_name if theme is None else f"{theme.removeprefix('tui-dl-')}-{size_name}"
    with FaultServer() as server, FaultServer() as tired:
        app = TuiDlApp(service, directory="~/Downloads")
        try:
            async with app.run_test(size=SIZES[size_name], notifications=True) as pilot:
                if theme is not None:
                    app.theme = theme
                if theme is None:
                    await pilot.pause(0.5)
                    await save(pilot, f"empty-{suffix}")
                await busy(pilot, service, server, tired)
                await save(pilot, f"dashboard-{suffix}")
                if theme is None:
                    await dialogs(app, pilot, service, suffix)
        finally:
            await service.close()


async def select(pilot: Pilot[int], name: str) -> None:
    """Move the cursor to a download by keys, as a person does."""
    rows = pilot.app.service.snapshot().downloads  # type: ignore[attr-defined] # our own app
    await pilot.press("home", *["down"] * [row.name for row in rows].index(name))
    await pilot.pause(0.6)


async def dialogs(app: TuiDlApp, pilot: Pilot[int], service: LocalService, suffix: str) -> None:
    """Take the details, the error and each dialog."""
    await select(pilot, "firmware.bin")
    await pilot.press("enter")
    await pilot.pause(0.6)
    await save(pilot, f"error-{suffix}")
    await pilot.press("escape")
    await select(pilot, HERO)
    await reached(pilot, service, HERO, 1.0)
    await pilot.press("enter")
    await pilot.pause(0.6)
    await save(pilot, f"details-{suffix}")
    await pilot.press("escape", "a")
    await pilot.pause(0.3)
    app.screen.focused.insert(  # type: ignore[union-attr] # the dialog focuses its first field
        "https://cdimage.example.org/debian-13.1.0-amd64-DVD-1.iso\nhttps://example.org/b.zip"
    )
    await pilot.pause(0.3)
    await save(pilot, f"add-{suffix}")
    await pilot.press("escape")
    await pilot.pause(0.3)
    if len(app.screen_stack) > 1:
        await pilot.press("escape")
    await pilot.press("question_mark")
    await pilot.pause(0.3)
    await save(pilot, f"help-{suffix}")
    await pilot.press("escape", "h")
    await pilot.pause(0.3)
    await save(pilot, f"history-{suffix}")
    await pilot.press("escape", "s", "down")
    await pilot.pause(0.3)
    await save(pilot, f"settings-{suffix}")
    await pilot.press("end", *["up"] * 6, "enter", "down", "down")
    await pilot.pause(0.3)
    await save(pilot, f"themes-{suffix}")


def main() -> None:
    """Take every picture anew."""
    if shutil.which("rsvg-convert") is None:
        sys.exit("rsvg-convert is missing: install librsvg2-bin")
    FOLDER.mkdir(exist_ok=True)
    for old in (*FOLDER.glob("*.svg"), *FOLDER.glob("*.png")):
        old.unlink()
    for size_name in SIZES:
        for theme in (None, "tui-dl-light"):
            with tempfile.TemporaryDirectory() as base:
                asyncio.run(take(size_name, Path(base), theme=theme))
    os.environ["NO_COLOR"] = "1"
    with tempfile.TemporaryDirectory() as base:
        asyncio.run(take_without_colour(Path(base)))


async def take_without_colour(base: Path) -> None:
    """Take the dashboard as a terminal without colour shows it."""
    downloads = base / "Downloads"
    downloads.mkdir(parents=True)
    service = LocalService(EngineConfig(data_dir=base / "state", directory=downloads, slots=5))
    await service.start()
    with FaultServer() as server, FaultServer() as tired:
        app = TuiDlApp(service, directory="~/Downloads")
        try:
            async with app.run_test(size=SIZES["80x24"]) as pilot:
                await busy(pilot, service, server, tired)
                await save(pilot, "no-colour-80x24")
        finally:
            await service.close()


if __name__ == "__main__":
    main()
