"""What ``get`` says about a download, in words. Pure; the streams are ``console.py``'s."""

from __future__ import annotations

import os

from tui_dl.domain.model import Assurance, Status
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.domain.units import format_duration, format_rate, format_size


def final_path(download: DownloadSnapshot) -> str:
    """Return where the finished file is."""
    return os.path.join(download.directory, download.name)  # noqa: PTH118 - str in, str out


def progress(download: DownloadSnapshot) -> str:
    """Return how far it is: ``45 % of 1.2 GB, 52 MB/s, 21 s left, 8 connections``."""
    if download.status is not Status.DOWNLOADING:
        return waiting(download)
    parts = [_amount(download), format_rate(download.rate_bps)]
    if download.eta_s is not None:
        parts.append(f"{format_duration(download.eta_s)} left")
    parts.append(f"{download.connections} connection{'' if download.connections == 1 else 's'}")
    return ", ".join(parts)


def percent(fraction: float) -> str:
    """Return whole percent, rounded down: 100% is said of finished files only."""
    return f"{int(fraction * 100)}%"


def waiting(download: DownloadSnapshot) -> str:
    """Return why no bytes move: the status, and its reason when there is one."""
    reason = f": {download.failure.message}" if download.failure is not None else ""
    if download.status is Status.RETRYING and download.retry_in_s is not None:
        return f"trying again in {format_duration(download.retry_in_s)}{reason}"
    if download.status is Status.PROBING:
        return "connecting"
    return f"{download.status.value}{reason}"


def continued(download: DownloadSnapshot) -> str:
    """Return the sentence for a download that an earlier run left unfinished."""
    if download.done_bytes == 0:
        return f"{download.name}: in the list already, continuing."
    return f"{download.name}: continuing, {_amount(download)} is already here."


def completed(download: DownloadSnapshot) -> str:
    """Return size, time, rate and how sure we are."""
    size = format_size(download.done_bytes)
    pace = ""
    if download.elapsed_s > 0:
        took = format_duration(download.elapsed_s)
        pace = f" in {took} ({format_rate(download.average_bps)})"
    remark = f" {download.remark}" if download.remark else ""
    return f"{download.name}: {size}{pace}, {assurance(download)}.{remark}"


def assurance(download: DownloadSnapshot) -> str:
    """Return how it is known that the bytes are one version of the source."""
    if download.assurance is Assurance.DIGEST and download.digest is not None:
        return f"{download.digest.algorithm} agrees"
    return _ASSURANCE[download.assurance]


def failed(download: DownloadSnapshot) -> str:
    """Return the whole sentence for one that ended without a file."""
    return f"{download.name}: {reason(download)}"


def reason(download: DownloadSnapshot) -> str:
    """Return why it ended without a file."""
    return "It was stopped." if download.failure is None else download.failure.message


_ASSURANCE = {
    Assurance.PENDING: "not checked",
    Assurance.SINGLE_REPLY: "one complete reply",
    Assurance.VALIDATOR: "one version by the server's validator",
    Assurance.DIGEST: "its digest agrees",
    Assurance.NOT_MODIFIED: "not modified: nothing was fetched",
    Assurance.UNVERIFIED: "not verified: the server gives nothing to tell versions apart",
}


def _amount(download: DownloadSnapshot) -> str:
    if download.total_bytes is None or download.fraction is None:
        return format_size(download.done_bytes)
    return f"{percent(download.fraction)} of {format_size(download.total_bytes)}"
