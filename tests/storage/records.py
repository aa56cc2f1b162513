"""Records for the storage tests: plain ones, and every legal one as a Hypothesis strategy."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from hypothesis import strategies as st

from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import (
    Assurance,
    Digest,
    DownloadOptions,
    DownloadRecord,
    Moving,
    OldPart,
    PartIdentity,
    PieceHashes,
    Source,
    Status,
    Validators,
)
from tui_dl.domain.ranges import RangeSet

texts = st.text(st.characters(exclude_categories=()), max_size=20)
"""Lone surrogates included: names of files may hold them."""
counts = st.integers(0, 2**63)
moments = st.datetimes(timezones=st.just(UTC))
pairs = st.tuples(texts, texts)
seconds = st.floats(0, 1e9)

options = st.builds(
    DownloadOptions,
    out=st.none() | texts,
    connections=st.none() | counts,
    headers=st.lists(pairs, max_size=3).map(tuple),
    user_agent=st.none() | texts,
    referer=st.none() | texts,
    digests=st.lists(st.builds(Digest, texts, texts), max_size=2).map(tuple),
    mirrors=st.lists(texts, max_size=3).map(tuple),
    limit_bps=st.none() | counts,
    max_tries=st.none() | counts,
    timeout_s=st.none() | seconds,
    connect_timeout_s=st.none() | seconds,
    overall_timeout_s=st.none() | seconds,
    allowed_hosts=texts,
    blocked_hosts=texts,
    proxy=st.none() | texts,
    ca_certificate=st.none() | texts,
    check_certificate=st.booleans(),
    http_user=st.none() | texts,
    http_password=st.none() | texts,
    cookie_file=st.none() | texts,
    use_netrc=st.booleans(),
    checksum_from=st.none() | texts,
    pieces=st.none()
    | st.builds(
        PieceHashes, texts, counts, st.lists(st.sampled_from(["ab" * 20, "cd" * 32])).map(tuple)
    ),
    remote_time=st.none() | st.booleans(),
    conditional_get=st.booleans(),
    sequential=st.booleans(),
    auth_challenge=st.booleans(),
    bearer=st.none() | texts,
    netrc_file=st.none() | texts,
    save_cookies=st.none() | texts,
    certificate=st.none() | texts,
    private_key=st.none() | texts,
    private_key_password=st.none() | texts,
    start_at=st.none() | moments,
    no_proxy=st.none() | texts,
    interface=st.none() | texts,
    ip_version=st.sampled_from([None, 4, 6]),
    http2=st.none() | st.booleans(),
    move_to=st.none() | texts,
    priority=st.integers(-100, 100),
    adopt=st.none() | texts,
    resolve=st.lists(texts, max_size=2).map(tuple),
)

ranges = st.lists(st.tuples(counts, st.integers(0, 1000)), max_size=6).map(
    lambda found: RangeSet((start, start + length) for start, length in found)
)

failures = st.builds(
    Failure,
    code=st.sampled_from(ErrorCode),
    message=texts,
    retryable=st.booleans(),
    retry_after_s=st.none() | seconds,
    http_status=st.none() | counts,
)

records = st.builds(
    DownloadRecord,
    id=texts,
    gid=texts,
    url=texts,
    directory=texts,
    position=st.integers(-(2**62), 2**62),
    created_at=moments,
    options=options,
    source=st.sampled_from(Source),
    status=st.sampled_from(Status),
    failure=st.none() | failures,
    name=st.none() | texts,
    part_name=st.none() | texts,
    part=st.none() | st.builds(PartIdentity, counts, counts),
    total_bytes=st.none() | counts,
    synced=ranges,
    generation=counts,
    old_part=st.none()
    | st.builds(OldPart, texts, texts, texts, st.builds(PartIdentity, counts, counts), ranges),
    validators=st.builds(
        Validators,
        etag=st.none() | texts,
        last_modified=st.none() | texts,
        last_modified_is_strong=st.booleans(),
    ),
    final_url=st.none() | texts,
    ranges_supported=st.none() | st.booleans(),
    assurance=st.sampled_from(Assurance),
    digest=st.none() | st.builds(Digest, texts, texts),
    elapsed_s=seconds,
    tries=counts,
    started_at=st.none() | moments,
    completed_at=st.none() | moments,
    final_modified_ns=st.none() | counts,
    moving=st.none()
    | st.builds(Moving, texts, texts, texts, st.builds(PartIdentity, counts, counts)),
    loaded_in=st.none() | texts,
    remark=texts,
    final_changed_ns=st.none() | counts,
    final_mode=st.none() | counts,
)


def plain_record(number: int, *, url: str | None = None, **changes: object) -> DownloadRecord:
    """Return record ``number`` of a queue: own id, gid and position."""
    id = str(uuid.UUID(int=0xABCD_0000_0000_4000_8000_0000_0000_0000 + number))
    fields: dict[str, object] = {
        "id": id,
        "gid": f"{number:016x}",
        "url": url or f"https://example.org/{id}.iso",
        "directory": "/home/user/Downloads",
        "position": number,
        "created_at": datetime(2024, 5, 17, 12, tzinfo=UTC),
        **changes,
    }
    return DownloadRecord(**fields)  # type: ignore[arg-type] # the tests choose the fields
