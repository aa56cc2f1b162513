"""Scenes for tests and pictures: the same downloads, always at the same moment."""

from __future__ import annotations

import math

from tests.tui.fake_service import FakeService
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Assurance, Digest, Status

GB = 1_000_000_000
MB = 1_000_000


def busy() -> FakeService:
    """Return a service with one download in nearly every status."""
    service = FakeService()
    iso = service.put(
        "debian-13.1.0-amd64-DVD-1.iso", Status.DOWNLOADING, total_bytes=3_710 * MB,
        done_bytes=2_630 * MB, rate_bps=52.1 * MB, average_bps=48 * MB, eta_s=21.0, connections=8,
        url="https://cdimage.example.org/debian-cd/debian-13.1.0-amd64-DVD-1.iso", elapsed_s=55.0,
    )  # fmt: skip
    service.script(iso.id).history = [
        max(0.0, (46 + 9 * math.sin(i / 5) + 6 * math.sin(i / 2.3)) * MB * min(1.0, i / 6))
        for i in range(90)
    ]
    service.put(
        "Qwen3-72B-Q4_K_M.gguf", Status.DOWNLOADING, total_bytes=int(47.2 * GB),
        done_bytes=int(8.97 * GB), rate_bps=31.8 * MB, eta_s=1201.0, connections=12,
    )  # fmt: skip
    service.put(
        "ubuntu-26.04-live-server-arm64.iso", Status.RETRYING, total_bytes=int(2.64 * GB),
        done_bytes=int(1.08 * GB), retry_in_s=12.0,
        failure=Failure(
            ErrorCode.BUSY, "503: the server is busy and asked to wait.", retryable=True
        ),
    )  # fmt: skip
    service.put("wikipedia-en-2026-11-01.tar.zst", Status.QUEUED)
    service.put("planet-251117.osm.pbf", Status.QUEUED, total_bytes=84 * GB)
    service.put(
        "backup-2026-11-20.tar", Status.PAUSED, total_bytes=12 * GB, done_bytes=int(7.2 * GB)
    )
    service.put(
        "lecture-07.mp4", Status.PAUSED, total_bytes=900 * MB, done_bytes=310 * MB,
        failure=Failure(
            ErrorCode.NEEDS_NEW_LINK, "403: the link has expired. Give it a new one with u."
        ),
    )  # fmt: skip
    service.put(
        "photos.zip", Status.COMPLETED, total_bytes=880 * MB, done_bytes=880 * MB,
        average_bps=41 * MB, elapsed_s=21.0, assurance=Assurance.DIGEST,
        digest=Digest("sha256", "ab" * 32),
    )  # fmt: skip
    service.put(
        "thesis-final-final.pdf", Status.COMPLETED, total_bytes=4_200_000, done_bytes=4_200_000,
        average_bps=8.4 * MB, elapsed_s=0.5, assurance=Assurance.SINGLE_REPLY,
    )  # fmt: skip
    service.put(
        "old-mirror-dump.sql.gz", Status.COMPLETED, total_bytes=2 * GB, done_bytes=2 * GB,
        average_bps=12 * MB, elapsed_s=167.0, assurance=Assurance.UNVERIFIED,
    )  # fmt: skip
    service.put(
        "report.pdf", Status.FAILED,
        failure=Failure(
            ErrorCode.NOT_FOUND, "404: the server has no such file.", http_status=404
        ),
    )  # fmt: skip
    service.put("firmware-2.1.bin", Status.VERIFYING, total_bytes=64 * MB, done_bytes=64 * MB)
    service.put("音楽アルバム-最高の曲.flac", Status.PROBING)
    return service


def many(count: int) -> FakeService:
    """Return a service with ``count`` downloads, the first three of them running."""
    service = FakeService()
    for number in range(count):
        running = number < 3
        service.put(
            f"file-{number:05}.bin", Status.DOWNLOADING if running else Status.QUEUED,
            total_bytes=100 * MB, done_bytes=number % 100 * MB,
            rate_bps=5.0 * MB if running else 0.0, connections=4 if running else 0,
        )  # fmt: skip
    return service
