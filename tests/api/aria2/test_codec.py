"""One download told: records of aria2 1.36 as goldens, and bitfields from real ranges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.aria2.samples import MIB, details, row, worker
from tests.domain.properties import moderate
from tui_dl.api.aria2 import codec
from tui_dl.api.aria2.codec import PIECE_BYTES, View, bitfield, whole_pieces
from tui_dl.api.aria2.errors import download_error_code
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import DownloadOptions, Status
from tui_dl.domain.ranges import Range, RangeSet
from tui_dl.domain.snapshot import EngineSnapshot

URL = "http://127.0.0.1:9/dir/sp"
ALWAYS = (
    "gid status totalLength completedLength uploadLength downloadSpeed uploadSpeed pieceLength "
    "numPieces connections dir files"
)


def test_a_paused_one_that_never_started() -> None:
    assert codec.status(View(row(170))) == {
        "completedLength": "0",
        "connections": "0",
        "dir": "/tmp/dl",
        "downloadSpeed": "0",
        "files": [
            {
                "completedLength": "0",
                "index": "1",
                "length": "0",
                "path": "",
                "selected": "true",
                "uris": [{"status": "waiting", "uri": URL}],
            }
        ],
        "gid": "00000000000000aa",
        "numPieces": "0",
        "pieceLength": "1048576",
        "status": "paused",
        "totalLength": "0",
        "uploadLength": "0",
        "uploadSpeed": "0",
    }


def test_an_active_one() -> None:
    """20 pieces with 0, 5, 10 and 15 there: recorded as 842100."""
    total = 20_000_000
    active = row(
        170,
        status=Status.DOWNLOADING,
        total_bytes=total,
        done_bytes=5_570_560,
        rate_bps=3_765_971.4,
        connections=4,
    )
    done = tuple((n * MIB, (n + 1) * MIB) for n in (0, 5, 10, 15))
    more = details(
        active,
        (*done, (2 * MIB, 2 * MIB + 1_376_256)),
        (worker(1, "127.0.0.1:9", 10.0),),
        final_path="/tmp/dl/sp",
    )
    told = codec.status(View(active, more))
    assert told["bitfield"] == "a42100", "the extra stretch holds one whole piece more"
    less = details(active, (*done, (2 * MIB, 3 * MIB - 1)), final_path="/tmp/dl/sp")
    told = codec.status(View(active, less))
    assert list(told) == sorted(told)
    assert told["bitfield"] == "842100"
    assert told["files"] == [
        {
            "completedLength": "4194304",
            "index": "1",
            "length": "20000000",
            "path": "/tmp/dl/sp",
            "selected": "true",
            "uris": [{"status": "used", "uri": URL}],
        }
    ]
    assert {k: v for k, v in told.items() if k not in ("bitfield", "files")} == {
        "completedLength": "5570560",
        "connections": "4",
        "dir": "/tmp/dl",
        "downloadSpeed": "3765971",
        "gid": "00000000000000aa",
        "numPieces": "20",
        "pieceLength": "1048576",
        "status": "active",
        "totalLength": "20000000",
        "uploadLength": "0",
        "uploadSpeed": "0",
    }


def test_a_complete_one_has_all_its_bits() -> None:
    told = codec.status(
        View(row(status=Status.COMPLETED, total_bytes=3 * MIB - 5, done_bytes=3 * MIB - 5))
    )
    assert told["bitfield"] == "e0"
    assert (told["errorCode"], told["errorMessage"]) == ("0", "")
    (file,) = codec.files(View(row(status=Status.COMPLETED, total_bytes=3 * MIB - 5)))
    assert (file["completedLength"], file["length"]) == (str(3 * MIB - 5),) * 2
    assert file["path"] == "/tmp/dl/sp"


def test_an_empty_file_has_no_bitfield() -> None:
    told = codec.status(View(row(status=Status.COMPLETED, total_bytes=0)))
    assert "bitfield" not in told
    assert (told["status"], told["numPieces"]) == ("complete", "0")


def test_a_removed_and_a_failed_one() -> None:
    told = codec.status(View(row(status=Status.CANCELLED)))
    assert (told["status"], told["errorCode"], told["errorMessage"]) == ("removed", "31", "")
    failure = Failure(ErrorCode.NOT_FOUND, "There is no such file.", http_status=404)
    told = codec.status(View(row(status=Status.FAILED, failure=failure, rate_bps=9, connections=9)))
    assert (told["status"], told["errorCode"]) == ("error", "3")
    assert told["errorMessage"] == "There is no such file."
    assert (told["downloadSpeed"], told["connections"]) == ("0", "0")


@pytest.mark.parametrize("status", list(Status))
def test_no_key_is_missing_and_no_scalar_is_anything_but_a_string(status: Status) -> None:
    told = codec.status(View(row(status=status, total_bytes=9, done_bytes=3)))
    wanted = set(ALWAYS.split())
    assert wanted <= set(told)
    for key, value in told.items():
        assert isinstance(value, list) if key == "files" else isinstance(value, str), key
    assert "bittorrent" not in told
    assert ("errorCode" in told) == (told["status"] in ("complete", "error", "removed"))


def test_words() -> None:
    words = {status.value: codec.STATUS_WORDS[status] for status in Status}
    assert words == {
        "queued": "waiting",
        "probing": "active",
        "downloading": "active",
        "pausing": "paused",
        "paused": "paused",
        "retrying": "active",
        "verifying": "active",
        "completed": "complete",
        "failed": "error",
        "cancelled": "removed",
    }


def test_only_the_wanted_keys_are_told() -> None:
    view = View(row())
    assert set(codec.status(view, ["gid", "nosuch", "status"])) == {"gid", "status"}
    assert codec.wants_details([])
    assert codec.wants_details(["gid", "files"])
    assert not codec.wants_details(["gid", "totalLength"])


def test_the_path_is_told_only_when_it_is_certain() -> None:
    """Clients delete and move what stands at the path."""
    assert View(row(name="guess")).path == ""
    assert View(row(name="n", options=DownloadOptions(out="n"))).path == "/tmp/dl/n"
    running = row(status=Status.PROBING, name="guess")
    assert View(running, details(running)).path == ""


def test_a_promised_length_is_the_files_not_the_downloads() -> None:
    view = View(row(), None, 3_000_000)
    assert codec.files(view)[0]["length"] == "3000000"
    assert codec.status(view)["totalLength"] == "0"


def test_mirrors_wait_until_bytes_come_from_them() -> None:
    options = DownloadOptions(mirrors=("http://127.0.0.2:9/m", URL, "http://127.0.0.3:9/m"))
    active = row(status=Status.DOWNLOADING, options=options)
    more = details(active, workers=(worker(1, "127.0.0.3:9", 1.5),))
    assert codec.uris(View(active, more)) == [
        {"status": "used", "uri": URL},
        {"status": "waiting", "uri": "http://127.0.0.2:9/m"},
        {"status": "used", "uri": "http://127.0.0.3:9/m"},
    ]


def test_servers_are_connections() -> None:
    active = row(status=Status.DOWNLOADING, options=DownloadOptions(mirrors=("http://m:1/x",)))
    more = details(
        active,
        workers=(worker(1, "cdn:80", 7.9), worker(2, "m:1", 1.0)),
        final_url="http://cdn:80/real",
    )
    assert codec.servers(View(active, more)) == [
        {
            "index": "1",
            "servers": [
                {"currentUri": "http://cdn:80/real", "downloadSpeed": "7", "uri": URL},
                {"currentUri": "http://m:1/x", "downloadSpeed": "1", "uri": "http://m:1/x"},
            ],
        }
    ]


def test_figures() -> None:
    rows = tuple(row(n, status=status) for n, status in enumerate(Status, 1))
    picture = EngineSnapshot(version=1, downloads=rows, rate_bps=12.7)
    assert codec.global_stat(picture, 14) == {
        "downloadSpeed": "12",
        "numActive": "4",
        "numStopped": "3",
        "numStoppedTotal": "14",
        "numWaiting": "3",
        "uploadSpeed": "0",
    }


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Failure(ErrorCode.HTTP_STATUS, "", http_status=500), "22"),
        (Failure(ErrorCode.BUSY, "", http_status=503), "29"),
        (Failure(ErrorCode.NEEDS_LOGIN, "", http_status=401), "24"),
        (Failure(ErrorCode.FORBIDDEN, "", http_status=403), "22"),
        (Failure(ErrorCode.TIMEOUT, ""), "2"),
        (Failure(ErrorCode.UNKNOWN_HOST, ""), "19"),
        (Failure(ErrorCode.DISK_FULL, ""), "9"),
        (Failure(ErrorCode.DIGEST_MISMATCH, ""), "32"),
        (Failure(ErrorCode.CONNECT_REFUSED, ""), "1"),
        (Failure(ErrorCode.INTERNAL, ""), "1"),
        # A good status beside the failure says nothing about it.
        (Failure(ErrorCode.TRUNCATED, "", http_status=206), "6"),
    ],
)
def test_numbers_of_failures(failure: Failure, code: str) -> None:
    assert download_error_code(failure) == code


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_failure_has_a_number(code: ErrorCode) -> None:
    assert 1 <= int(download_error_code(Failure(code, ""))) <= 32


def test_bits_of_58_pieces_are_16_digits() -> None:
    assert bitfield(b"1" * 58) == "ffffffffffffffc0"
    assert bitfield(b"0" * 58) == "0" * 16
    assert bitfield(b"") == ""


spans = st.lists(
    st.tuples(st.integers(0, 6 * PIECE_BYTES), st.integers(0, 3 * PIECE_BYTES)), max_size=6
)


@moderate
@given(spans, st.integers(0, 7 * PIECE_BYTES))
def test_a_bit_is_set_exactly_when_every_byte_of_its_piece_is_there(
    pairs: list[tuple[int, int]], total: int
) -> None:
    written = RangeSet((start, start + length) for start, length in pairs)
    written = written.intersect(RangeSet([(0, total)]))
    digits = whole_pieces(written, total)
    for index, digit in enumerate(digits):
        piece = Range(index * PIECE_BYTES, min((index + 1) * PIECE_BYTES, total))
        assert (digit == ord("1")) == written.covers(piece)
    assert len(digits) == -(-total // PIECE_BYTES)
    assert len(bitfield(digits)) == -(-len(digits) // 8) * 2


def test_rows_that_tell_all_by_themselves() -> None:
    assert not codec.needs_details(row(status=Status.QUEUED))
    assert not codec.needs_details(row(status=Status.COMPLETED, total_bytes=5, done_bytes=5))
    assert codec.needs_details(row(status=Status.PAUSED, total_bytes=5))
    assert codec.needs_details(row(status=Status.RETRYING))
    assert codec.needs_details(row(status=Status.FAILED, done_bytes=1))
