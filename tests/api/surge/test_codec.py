"""Golden objects of the Surge dialect (protocols of Surge 0.12)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.rows import BORN, ID, make_row
from tui_dl.api.surge import listing
from tui_dl.api.surge.codec import STATUS_WORDS, download_status, history
from tui_dl.api.surge.listing import ListBody
from tui_dl.api.surge.replies import json_reply
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Digest, DownloadOptions, Status
from tui_dl.domain.snapshot import DownloadSnapshot

WHOLE_FIELDS = frozenset(
    {
        "eta",
        "time_taken",
        "total_size",
        "downloaded",
        "connections",
        "elapsed",
        "rate_limit",
        "added_at",
        "completed_at",
        "created_at",
    }
)
"""Go decodes these into integers: one 12.5 and the whole list is lost."""


def wholes(wire: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in wire.items() if key in WHOLE_FIELDS}


def test_a_running_download() -> None:
    row = make_row(
        status=Status.DOWNLOADING,
        total_bytes=1_000_000,
        done_bytes=250_000,
        rate_bps=12_345.678,
        average_bps=10_000.5,
        eta_s=60.7,
        connections=8,
        elapsed_s=25.4321,
    )
    assert download_status(row) == {
        "id": ID,
        "url": "https://example.test/big.iso",
        "filename": "big.iso",
        "dest_path": "/files/big.iso",
        "total_size": 1_000_000,
        "downloaded": 250_000,
        "progress": 25.0,
        "speed": 12_345.678,
        "status": "downloading",
        "eta": 60,
        "connections": 8,
        "added_at": int(BORN.timestamp()),
        "time_taken": 25_432,
        "avg_speed": 10_000.5,
    }


def test_what_is_unknown_is_zero_and_never_null() -> None:
    wire = download_status(make_row())
    assert (wire["total_size"], wire["eta"], wire["progress"], wire["speed"]) == (0, 0, 0.0, 0.0)
    assert None not in wire.values()


def test_the_speed_of_a_completed_one_is_its_average() -> None:
    row = make_row(
        status=Status.COMPLETED, total_bytes=10, done_bytes=10, average_bps=5.0, rate_bps=0.0
    )
    wire = download_status(row)
    assert (wire["speed"], wire["progress"], wire["status"]) == (5.0, 100.0, "completed")


def test_a_failed_one_says_why() -> None:
    row = make_row(status=Status.FAILED, failure=Failure(ErrorCode.NOT_FOUND, "It is gone."))
    wire = download_status(row)
    assert (wire["status"], wire["error"]) == ("error", "It is gone.")
    assert "error" not in download_status(make_row())


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (Status.QUEUED, "queued"),
        (Status.PROBING, "downloading"),
        (Status.DOWNLOADING, "downloading"),
        (Status.RETRYING, "downloading"),
        (Status.VERIFYING, "downloading"),
        (Status.PAUSING, "pausing"),
        (Status.PAUSED, "paused"),
        (Status.COMPLETED, "completed"),
        (Status.FAILED, "error"),
    ],
)
def test_status_strings(status: Status, word: str) -> None:
    assert download_status(make_row(status=status))["status"] == word


def test_every_status_has_one_of_the_six_words() -> None:
    assert set(STATUS_WORDS) == set(Status)
    words = {"queued", "downloading", "pausing", "paused", "completed", "error"}
    assert set(STATUS_WORDS.values()) == words


@pytest.mark.parametrize(
    ("own", "in_force", "fields"),
    [
        (None, 0, {}),
        (None, 500, {"rate_limit": 500}),
        (0, 0, {"rate_limit": 0, "rate_limit_set": True}),
        (900, 900, {"rate_limit": 900, "rate_limit_set": True}),
    ],
)
def test_limits(own: int | None, in_force: int, fields: dict[str, Any]) -> None:
    row = make_row(options=DownloadOptions(limit_bps=own), limit_bps=in_force)
    wire = download_status(row)
    assert {key: wire[key] for key in wire if key.startswith("rate_limit")} == fields


@given(
    eta_s=st.floats(0, 1e12, allow_nan=False) | st.just(float("inf")),
    elapsed_s=st.floats(0, 1e9, allow_nan=False),
    rate_bps=st.floats(0, 1e12) | st.just(float("nan")),
    done_bytes=st.integers(0, 2**63),
)
def test_whole_numbers_stay_whole(
    eta_s: float, elapsed_s: float, rate_bps: float, done_bytes: int
) -> None:
    row = make_row(
        status=Status.DOWNLOADING,
        eta_s=eta_s,
        elapsed_s=elapsed_s,
        rate_bps=rate_bps,
        done_bytes=done_bytes,
        total_bytes=2**63,
    )
    body = json_reply([download_status(row)]).body
    (wire,) = json.loads(bytes(body), parse_constant=lambda name: pytest.fail(name))
    assert all(type(value) is int for value in wholes(wire).values()), wire
    assert type(wire["speed"]) is float
    assert wire["downloaded"] == done_bytes


def test_the_list_is_running_then_queued_then_the_rest_without_the_cancelled() -> None:
    rows = tuple(
        make_row(id=name, status=status, position=position)
        for position, (name, status) in enumerate(
            [
                ("done", Status.COMPLETED),
                ("second", Status.QUEUED),
                ("gone", Status.CANCELLED),
                ("third", Status.QUEUED),
                ("running", Status.RETRYING),
                ("broken", Status.FAILED),
            ]
        )
    )
    wires = json.loads(ListBody().encode(rows))
    assert [wire["id"] for wire in wires] == ["running", "second", "third", "done", "broken"]


def test_an_empty_list_is_a_list() -> None:
    assert ListBody().encode(()) == b"[]\n"
    assert json_reply(history(())).body == b"[]\n"


def test_history_holds_what_is_completed_the_latest_first() -> None:
    rows = tuple(
        make_row(
            id=name,
            status=status,
            completed_at=None if day is None else BORN.replace(day=day),
            total_bytes=10,
            done_bytes=10,
            elapsed_s=1.5,
        )
        for name, status, day in [
            ("a", Status.COMPLETED, 3),
            ("failed", Status.FAILED, None),
            ("c", Status.COMPLETED, 5),
            ("b", Status.COMPLETED, 3),
        ]
    )
    wires = history(rows)
    assert [wire["id"] for wire in wires] == ["c", "b", "a"]
    assert wires[0]["elapsed"] == 1_500_000_000
    assert wires[0]["time_taken"] == 1500
    assert all(type(value) is int for value in wholes(wires[0]).values())


def test_a_record_of_history() -> None:
    row = make_row(
        status=Status.COMPLETED,
        total_bytes=10,
        done_bytes=10,
        completed_at=BORN,
        digest=Digest("sha256", "ab" * 32),
        options=DownloadOptions(mirrors=("https://m.test/big.iso",), connections=4),
        elapsed_s=2.0,
        average_bps=5.0,
    )
    (wire,) = history((row,))
    # The hash was made with sha256sum: its first eight bytes.
    assert wire == {
        "id": ID,
        "url_hash": "8b8244875964efaa",
        "url": "https://example.test/big.iso",
        "filename": "big.iso",
        "output_path": "",
        "dest_path": "/files/big.iso",
        "total_size": 10,
        "downloaded": 10,
        "status": "completed",
        "created_at": int(BORN.timestamp()),
        "completed_at": int(BORN.timestamp()),
        "time_taken": 2000,
        "elapsed": 2_000_000_000,
        "avg_speed": 5.0,
        "file_hash": "ab" * 32,
        "mirrors": ["https://m.test/big.iso"],
        "workers": 4,
    }


def test_secrets_never_leave() -> None:
    """S7: neither headers nor passwords have a key on this wire."""
    options = DownloadOptions(
        headers=(("Cookie", "TOPSECRET"),), http_password="TOPSECRET", http_user="TOPSECRET",
        cookie_file="/TOPSECRET", proxy="http://u:TOPSECRET@p/",
    )  # fmt: skip
    row = make_row(status=Status.COMPLETED, options=options)
    text = json.dumps([download_status(row), *history((row,))])
    assert "TOPSECRET" not in text


def test_a_name_that_is_no_text_still_makes_a_list() -> None:
    body = bytes(json_reply([download_status(make_row(directory="/f\udcff"))]).body)
    assert json.loads(body)[0]["dest_path"] == "/f\udcff/big.iso"


def test_a_row_that_did_not_change_is_put_into_words_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def count(row: DownloadSnapshot) -> dict[str, Any]:
        made.append(row.id)
        return download_status(row)

    monkeypatch.setattr(listing, "download_status", count)
    body = ListBody()
    same, moving = make_row(id="same"), make_row(id="moving", position=1)
    first = body.encode([same, moving])
    assert body.encode([same, moving]) == first
    changed = body.encode([same, replace(moving, done_bytes=5)])
    assert json.loads(changed)[1]["downloaded"] == 5
    assert made == ["same", "moving", "moving"]
    assert body.encode([]) == b"[]\n"
    body.encode([same])
    assert made[-1] == "same", "what left the list is not kept"
