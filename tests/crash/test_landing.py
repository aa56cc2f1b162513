"""Small files land together: each step of it may be the last, and one bad file fails alone."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.crash.disk_log import Commit, DiskLog, SyncFile, SyncFolder
from tests.crash.images import Image, draw_image
from tests.crash.reboot import (
    OverClaimError,
    check_claims,
    install,
    rebooted,
    reclaims_checked,
    unpack,
)
from tests.engine.driving import running
from tests.support.fault_server import FaultServer, Resource, check_file
from tui_dl.domain.model import AddRequest, Status

SIZES = (1, 2, 4096, 70_001, 300_000, 1_048_576)
IMAGES_OF_A_CUT = 3


def name_of(size: int) -> str:
    """Return what the file of that size is called."""
    return f"file-{size}"


def add_all(server: FaultServer) -> list[str]:
    """Offer all files."""
    return [server.add(Resource(path=f"/{name_of(size)}", size=size)) for size in SIZES]


async def recorded(server: FaultServer, base: Path, *, syncs_are_lies: bool = False) -> DiskLog:
    """Download all files at once and return what the disk saw."""
    folder = base / "downloads"
    folder.mkdir(parents=True)
    log = DiskLog(folder, syncs_are_lies=syncs_are_lies)
    with log.recording():
        async with running(base, slots=len(SIZES)) as driver:
            answers = await driver.service.add(
                [AddRequest(url=url, directory=str(driver.folder)) for url in add_all(server)]
            )
            for answer in answers:
                row = await driver.wait(answer.id or "")
                assert row.status is Status.COMPLETED, row.failure
    return log


def images(log: DiskLog) -> list[tuple[int, Image]]:
    """Return images of cuts right before, inside and right behind each step of the ends."""
    rng = random.Random(52)
    cuts = {
        cut
        for step in log.steps
        if isinstance(step, Commit | SyncFile | SyncFolder) or hasattr(step, "name")
        for cut in (step.began, step.ended, step.ended + 1)
    }
    return [
        (cut, draw_image(log.steps, cut, rng))
        for cut in sorted(cuts)
        for _ in range(IMAGES_OF_A_CUT)
    ]


def claimed(log: DiskLog, base: Path) -> list[int]:
    """Return how much each image claims; raises when one claims what is not there."""
    found = []
    for number, (_, image) in enumerate(images(log)):
        place = unpack(image, base / str(number))
        with rebooted():
            found.append(check_claims(place, image.journals))
    return found


async def test_no_step_of_the_landing_claims_too_much(
    fault_server: FaultServer, memory_folder: Path
) -> None:
    """Trap D6: the bytes are safe before a record says so, the name before it says completed."""
    log = await recorded(fault_server, memory_folder / "before")
    amounts = claimed(log, memory_folder)
    assert max(amounts) == sum(SIZES), "no image was whole: nothing was tested"
    assert any(0 < amount < sum(SIZES) for amount in amounts)


async def test_without_syncs_the_test_above_turns_red(
    fault_server: FaultServer, memory_folder: Path
) -> None:
    log = await recorded(fault_server, memory_folder / "before", syncs_are_lies=True)
    with pytest.raises(OverClaimError):
        claimed(log, memory_folder)


async def test_each_file_ends_once_and_right_after_a_cut(
    fault_server: FaultServer, memory_folder: Path
) -> None:
    """Trap D8: whatever is there, a second run leaves one right file of each."""
    log = await recorded(fault_server, memory_folder / "before")
    found = [(cut, image) for cut, image in images(log) if image.commit is not None]
    for cut, image in random.Random(53).sample(found, 8):
        base = memory_folder / str(cut)
        if base.exists():
            continue
        place = unpack(image, base)
        install(place, image.journals)
        with rebooted(), reclaims_checked():
            async with running(base, slots=len(SIZES)) as driver:
                for record in place.records:
                    row = await driver.wait(record.id)
                    assert row.status is Status.COMPLETED, f"cut {cut}: {row.failure}"
        assert len(place.records) == len(SIZES), "they are added in one step"
        left = sorted(path.name for path in place.folder.iterdir())
        assert left == sorted(map(name_of, SIZES)), f"cut {cut}: from {image.names}"
        for size in SIZES:
            check_file(place.folder / name_of(size), 1, size)
