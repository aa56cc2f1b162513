"""Row 52: whatever a power cut leaves, nothing is claimed that is not there (traps D6-D8)."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.images import Image, draw_cut, draw_image
from tests.crash.reboot import (
    OverClaimError,
    check_claims,
    install,
    rebooted,
    reclaims_checked,
    unpack,
)
from tests.crash.recordings import (
    FIRST,
    SCENARIOS,
    SECOND,
    SIZE,
    Recording,
    Scenario,
    record,
    version,
)
from tests.engine.driving import running
from tests.support.fault_server import FaultServer, check_file
from tui_dl.domain.model import Status

IMAGES = int(os.environ.get("CRASH_IMAGES", "40"))
"""How many a scenario; some thousand are worth an hour of a quiet machine."""

RESTARTS = max(4, IMAGES // 10)
"""On how many of them a whole engine starts and finishes."""

scenarios = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


def images(recording: Recording, count: int, seed: str) -> Iterator[tuple[Image, int]]:
    """Yield images, and by how much the device number changes; the first one is of the end."""
    rng = random.Random(seed)
    steps = recording.log.steps
    cuts = [max(step.ended for step in steps) + 1]
    cuts += [draw_cut(steps, rng) for _ in range(count - 1)]
    for cut in cuts:
        yield draw_image(steps, cut, rng), rng.randrange(2)


def claimed_in(recording: Recording, base: Path, count: int, seed: str) -> list[int]:
    """Return how many bytes each of ``count`` images claims; raises when one claims too much."""
    claimed = []
    for number, (image, shift) in enumerate(images(recording, count, seed)):
        place = unpack(image, base / str(number), device_shift=shift)
        with rebooted():
            claimed.append(check_claims(place, image.journals))
    return claimed


@scenarios
async def test_no_image_claims_a_byte_that_is_not_there(
    fault_server: FaultServer, memory_folder: Path, scenario: Scenario
) -> None:
    recording = await record(scenario, fault_server, memory_folder / "before")
    claimed = claimed_in(recording, memory_folder, IMAGES, scenario.name)
    assert any(0 < amount < SIZE for amount in claimed) or scenario.is_all_or_nothing
    assert SIZE in claimed, "no image was whole: nothing was tested"


@scenarios
async def test_each_image_ends_in_one_right_file(
    fault_server: FaultServer, memory_folder: Path, scenario: Scenario
) -> None:
    """Trap D8: also after a cut in the middle of the finish."""
    recording = await record(scenario, fault_server, memory_folder / "before")
    seed = SECOND if scenario.is_new_version else FIRST
    fault_server.replace(version(seed))
    for number, (image, shift) in enumerate(images(recording, RESTARTS, scenario.name + " ends")):
        base = memory_folder / str(number)
        place = unpack(image, base, device_shift=shift)
        install(place, image.journals)
        with rebooted(), reclaims_checked():
            async with running(base) as driver:
                for made in place.records or [None]:
                    record_id = await driver.add(recording.url) if made is None else made.id
                    row = await driver.wait(record_id)
                    assert row.status is Status.COMPLETED, f"image {number}: {row.failure}"
                    check_file(driver.path(row), seed, SIZE)
        left = [path.name for path in place.folder.iterdir()]
        whole = [name for name in left if not name.endswith(".part")]
        assert len(whole) == 1, f"image {number}: {left} from {image.names}"
        orphans = set(left) - set(whole)
        known = {record.part_name for record in place.records if record.part is not None}
        assert not orphans & known, f"image {number}: {left} from {image.names}"


@pytest.mark.parametrize("scenario", SCENARIOS[:2], ids=lambda scenario: scenario.name)
async def test_a_disk_that_ignores_syncs_is_found_out(
    fault_server: FaultServer, memory_folder: Path, scenario: Scenario
) -> None:
    """The test of the tests above: without syncs they must turn red."""
    recording = await record(scenario, fault_server, memory_folder / "before", syncs_are_lies=True)
    with pytest.raises(OverClaimError):
        claimed_in(recording, memory_folder, 10 * IMAGES, scenario.name)
