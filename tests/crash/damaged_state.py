"""A whole state folder as a killed process left it, and damage to any file of it.

Owns the state and the damage. Must not start anything: ``test_damaged_state`` does.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from tests.support.body import body_bytes
from tui_dl.api.tokens import OWNER_NAME, TOKEN_NAME
from tui_dl.domain.model import DownloadRecord, Status, Validators
from tui_dl.domain.ranges import Range, RangeSet
from tui_dl.storage.boot import current_boot_id
from tui_dl.storage.catalog import Catalog
from tui_dl.storage.journal import WrittenJournal
from tui_dl.storage.journal_format import JournalOwner
from tui_dl.storage.part_file import PartFile

SIZE = 150_000
SYNCED, WRITTEN = 40_000, 90_000
PAGE = 4096
PAUSED, RUNNING, DONE = "paused", "running", "done"


@dataclass(frozen=True, slots=True)
class State:
    """Where everything is."""

    base: Path

    @property
    def data_dir(self) -> Path:
        """The state folder."""
        return self.base / "state"

    @property
    def folder(self) -> Path:
        """Where the files go."""
        return self.base / "downloads"

    @property
    def settings_file(self) -> Path:
        """The settings, for once beside the rest."""
        return self.data_dir / "settings.toml"

    def victims(self) -> list[Path]:
        """Every file that may be damaged; the part of the paused download is one of them."""
        beside = [path for path in sorted(self.data_dir.rglob("*")) if path.is_file()]
        return [*beside, self.folder / f"{PAUSED}.part"]


def build(base: Path, url: Callable[[str], str]) -> State:
    """Make a state with one download done, one paused and one killed at work."""
    state = State(base)
    state.folder.mkdir(parents=True)
    (state.data_dir / "journal").mkdir(parents=True)
    (state.folder / DONE).write_bytes(body_bytes(1, 0, SIZE))
    done = replace(_record(state, DONE, url(DONE), 1), status=Status.COMPLETED, total_bytes=SIZE)
    paused = _partial(state, PAUSED, url(PAUSED), Status.PAUSED)
    running = _partial(state, RUNNING, url(RUNNING), Status.DOWNLOADING)
    _save_catalog(state, [done, paused], running)
    for name, text in (
        ("lock", ""),
        ("instance.json", '{"pid": 1, "host": null, "port": null}'),
        (TOKEN_NAME, "t" * 43),
        (OWNER_NAME, "k" * 43),
        ("history.jsonl", '{"id": "a", "url": "http://h/a"}\n'),
        ("settings.toml", "[downloads]\nslots = 2\n"),
    ):
        (state.data_dir / name).write_text(text)
        (state.data_dir / name).chmod(0o600)
    return state


def _record(state: State, name: str, url: str, position: int) -> DownloadRecord:
    return DownloadRecord(
        id=f"00000000-0000-4000-8000-{position:012}",
        gid=f"{position:016x}",
        url=url,
        directory=str(state.folder),
        position=position,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        name=name,
    )


def _partial(state: State, name: str, url: str, status: Status) -> DownloadRecord:
    part = PartFile.reserve(state.folder, name)
    part.set_size(SIZE)
    part.write_at(body_bytes(1, 0, WRITTEN), 0)
    record = replace(
        _record(state, name, url, 2 if status is Status.PAUSED else 3),
        status=status,
        part=part.identity,
        part_name=part.part_name,
        total_bytes=SIZE,
        synced=RangeSet([Range(0, SYNCED)]),
        validators=Validators(etag='"v1"'),
        ranges_supported=True,
    )
    journal = WrittenJournal(
        state.data_dir / "journal" / f"{record.id}.journal",
        JournalOwner.of(record, current_boot_id()),
        base=RangeSet([Range(0, WRITTEN)]),
        last_write_ns=part.changed_ns(),
    )
    if status is Status.PAUSED:
        journal.note_rest(part.changed_ns())
    journal.close()
    part.close()
    return record


def _save_catalog(state: State, early: list[DownloadRecord], late: DownloadRecord) -> None:
    """Save as a killed process does: the newest record is in the log only, not in the copy."""
    path = state.data_dir / "catalog.sqlite3"
    catalog = Catalog.open(path)
    catalog.save(early)
    catalog.close()
    catalog = Catalog.open(path)
    catalog.backup()
    catalog.save([late])
    files = {p: p.read_bytes() for p in (path, path.with_name(path.name + "-wal"))}
    catalog.close()
    for place, content in files.items():
        place.write_bytes(content)


# -- damage

Damage = Callable[[Path, list[Path], random.Random], None]


def flip_bits(victim: Path, _all: list[Path], rng: random.Random) -> None:
    """Flip some bits."""
    data = bytearray(victim.read_bytes())
    for _ in range(rng.choice([1, 1, 3, 30])):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    _overwrite(victim, bytes(data))


def truncate(victim: Path, _all: list[Path], rng: random.Random) -> None:
    """Cut it, perhaps to nothing."""
    data = victim.read_bytes()
    _overwrite(victim, data[: rng.choice([0, rng.randrange(len(data) + 1)])])


def zero_page(victim: Path, _all: list[Path], rng: random.Random) -> None:
    """Let a page read as zeros."""
    data = bytearray(victim.read_bytes())
    at = rng.randrange(len(data) // PAGE + 1) * PAGE
    data[at : at + PAGE] = bytes(len(data[at : at + PAGE]))
    _overwrite(victim, bytes(data))


def remove(victim: Path, _all: list[Path], _rng: random.Random) -> None:
    """Delete it."""
    victim.unlink()


def swap(victim: Path, everything: list[Path], rng: random.Random) -> None:
    """Exchange it with another file of the state."""
    other = rng.choice([path for path in everything if path != victim])
    aside = victim.with_name("aside")
    victim.rename(aside)
    other.rename(victim)
    aside.rename(other)


DAMAGES: list[Damage] = [flip_bits, truncate, zero_page, remove, swap]


def _overwrite(path: Path, data: bytes) -> None:
    """Write in place, until the file's time shows it: its clock ticks every few ms only."""
    before_ns = path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == before_ns:
        with path.open("r+b") as file:
            file.write(data)
            file.truncate()
