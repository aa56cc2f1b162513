"""Records survive the catalog whole, and rows of older and newer programs can be read."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.storage.records import options, plain_record, ranges, records
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import (
    Assurance,
    Digest,
    DownloadOptions,
    DownloadRecord,
    PartIdentity,
    Source,
    Status,
    Validators,
)
from tui_dl.domain.ranges import RangeSet
from tui_dl.storage.record_codec import (
    RecordDecodeError,
    decode_options,
    decode_ranges,
    decode_record,
    encode_options,
    encode_ranges,
    encode_record,
)

FORMAT_1_BODY = rb"""{"id":"0b3a","gid":"00000000000000a1","url":"https://h/x?a=1,2",
"directory":"/d","position":3,"created_at":"2024-05-17T12:00:00+00:00",
"options":"{\"out\":\"x.iso\",\"headers\":[[\"A\",\"b\"]],\"digests\":[[\"sha256\",\"00ff\"]]}",
"source":"api","status":"failed",
"failure":{"code":"disk_full","message":"No space.","retryable":false},
"name":"x.iso","part_name":"x.iso.part","part":[2049,77],"total_bytes":9007199254740993,
"synced":[0,10,20,9007199254740993],"generation":2,"etag":"\"e\"","last_modified":null,
"last_modified_is_strong":false,"final_url":"https://cdn/x","ranges_supported":true,
"assurance":"validator","digest":["sha256","00ff"],"elapsed_s":1.5,"tries":2,
"started_at":"2024-05-17T12:00:01+00:00","completed_at":null,"final_modified_ns":null}"""
"""A row as the first release wrote it. Never change it: such rows are on users' disks."""


@settings(max_examples=200)
@given(records)
def test_a_record_comes_back_as_it_was(record: DownloadRecord) -> None:
    assert decode_record(encode_record(record)) == record


@given(options)
def test_options_come_back_as_they_were(chosen: DownloadOptions) -> None:
    assert decode_options(encode_options(chosen)) == chosen


@given(ranges)
def test_ranges_come_back_as_they_were(found: RangeSet) -> None:
    assert decode_ranges(encode_ranges(found)) == found


def test_every_field_of_the_contract_is_stored() -> None:
    stored = json.loads(encode_record(plain_record(1)))
    split_up = {"validators"}  # its own three fields stand beside the others
    assert {field.name for field in fields(DownloadRecord)} - split_up <= stored.keys()
    assert {field.name for field in fields(Validators)} <= stored.keys()
    assert json.loads(stored["options"]).keys() == {f.name for f in fields(DownloadOptions)}


def test_d10_a_row_of_the_first_release_can_be_read_for_ever() -> None:
    assert decode_record(FORMAT_1_BODY) == DownloadRecord(
        id="0b3a",
        gid="00000000000000a1",
        url="https://h/x?a=1,2",
        directory="/d",
        position=3,
        created_at=datetime(2024, 5, 17, 12, tzinfo=UTC),
        options=DownloadOptions(
            out="x.iso", headers=(("A", "b"),), digests=(Digest("sha256", "00ff"),)
        ),
        source=Source.API,
        status=Status.FAILED,
        failure=Failure(ErrorCode.DISK_FULL, "No space."),
        name="x.iso",
        part_name="x.iso.part",
        part=PartIdentity(2049, 77),
        total_bytes=2**53 + 1,
        synced=RangeSet([(0, 10), (20, 2**53 + 1)]),
        generation=2,
        validators=Validators(etag='"e"'),
        final_url="https://cdn/x",
        ranges_supported=True,
        assurance=Assurance.VALIDATOR,
        digest=Digest("sha256", "00ff"),
        elapsed_s=1.5,
        tries=2,
        started_at=datetime(2024, 5, 17, 12, 0, 1, tzinfo=UTC),
    )


def test_missing_fields_take_their_defaults_and_unknown_ones_are_ignored() -> None:
    record = plain_record(4)
    whole = json.loads(encode_record(record))
    needed = {"id", "gid", "url", "directory", "position", "created_at"}
    for name in whole.keys() - needed:
        less = {key: value for key, value in whole.items() if key != name}
        assert decode_record(json.dumps(less).encode()) == record, name
    bare: dict[str, Any] = {key: whole[key] for key in needed}
    assert decode_record(json.dumps(bare).encode()) == record
    bare["options"] = '{"out":"x","invented":[1]}'
    bare["invented"] = {"deep": 1}
    assert decode_record(json.dumps(bare).encode()).options == DownloadOptions(out="x")


@pytest.mark.parametrize("priority", ["high", 1.5, [1]])
def test_a_stored_priority_that_is_no_number_is_an_error_of_this_row(priority: object) -> None:
    body = json.loads(encode_record(plain_record(1)))
    body["options"] = json.dumps({"priority": priority})
    with pytest.raises(RecordDecodeError):
        decode_record(json.dumps(body).encode())


def test_words_of_a_newer_program_are_read_with_care() -> None:
    body = json.loads(encode_record(plain_record(1)))
    body |= {
        "source": "browser",
        "assurance": "signature",
        "failure": {"code": "quantum", "message": "m"},
    }
    record = decode_record(json.dumps(body).encode())
    assert record.source is Source.API
    assert record.assurance is Assurance.UNVERIFIED
    assert record.failure == Failure(ErrorCode.INTERNAL, "m")


def test_a_time_without_a_zone_is_utc() -> None:
    body = json.loads(encode_record(plain_record(1)))
    body["created_at"] = "2024-05-17T12:00:00"
    assert decode_record(json.dumps(body).encode()).created_at.tzinfo is UTC


@pytest.mark.parametrize(
    "change",
    [
        {"id": 5},
        {"url": None},
        {"position": "x"},
        {"created_at": None},
        {"created_at": "yesterday"},
        {"status": "dancing"},
        {"name": 7},
        {"total_bytes": "10"},
        {"part": [1]},
        {"synced": [1]},
        {"synced": [5, 1]},
        {"options": "{"},
        {"options": '{"headers":[["a"]]}'},
        {"failure": {}},
        {"digest": ["md5"]},
    ],
)
def test_values_of_the_wrong_kind_are_an_error_of_this_row(change: dict[str, object]) -> None:
    body = json.loads(encode_record(plain_record(1))) | change
    with pytest.raises(RecordDecodeError):
        decode_record(json.dumps(body).encode())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@settings(max_examples=300)
@given(name=st.sampled_from(sorted(json.loads(FORMAT_1_BODY))), value=json_values)
def test_any_value_in_any_field_is_a_record_or_our_error(name: str, value: object) -> None:
    body = json.loads(FORMAT_1_BODY) | {name: value}
    try:
        record = decode_record(json.dumps(body).encode())
    except RecordDecodeError:
        return
    assert decode_record(encode_record(record)) == record


@given(st.binary(max_size=60))
def test_any_bytes_are_our_error(body: bytes) -> None:
    with pytest.raises(RecordDecodeError):
        decode_record(body)
