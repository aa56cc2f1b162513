"""The contestants: for each program the command line that a careful user would write.

Must not run anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.ground import Ground, program

US = "tui-dl"


@dataclass(frozen=True, slots=True)
class OneFile:
    """One URL to one path. ``connections`` is for programs that have to be told."""

    url: str
    path: Path
    ca_file: Path | None = None
    connections: int = 16


def tui_dl_one(job: OneFile, *more: str) -> list[str]:
    """Automatic in everything, unless ``more`` says otherwise."""
    trust = [] if job.ca_file is None else ["--ca-certificate", str(job.ca_file)]
    folder, name = str(job.path.parent), job.path.name
    return [*program(), "get", "-q", *more, "-d", folder, "-o", name, *trust, job.url]


def curl_one(job: OneFile) -> list[str]:
    """One connection."""
    trust = [] if job.ca_file is None else ["--cacert", str(job.ca_file)]
    return ["curl", "-sS", "--fail", *trust, "-o", str(job.path), job.url]


def wget_one(job: OneFile) -> list[str]:
    """One connection."""
    trust = [] if job.ca_file is None else ["--ca-certificate", str(job.ca_file)]
    return ["wget", "-q", "--no-config", *trust, "-O", str(job.path), job.url]


def wget2_one(job: OneFile) -> list[str]:
    """One connection."""
    trust = [] if job.ca_file is None else ["--ca-certificate", str(job.ca_file)]
    return ["wget2", "-q", "--no-config", *trust, "-O", str(job.path), job.url]


def axel_one(job: OneFile) -> list[str]:
    """It cannot be told an authority, so with TLS it checks nothing."""
    trust = [] if job.ca_file is None else ["--insecure"]
    return ["axel", "-q", f"-n{job.connections}", *trust, "-o", str(job.path), job.url]


def aria2_one(job: OneFile) -> list[str]:
    """As its own manual asks for the highest speed."""
    trust = [] if job.ca_file is None else [f"--ca-certificate={job.ca_file}"]
    count = min(16, job.connections)
    return [
        *("aria2c", "-q", "--no-conf", "--file-allocation=none", "-k1M"),
        *(f"-x{count}", f"-s{count}", *trust),
        *("-d", str(job.path.parent), "-o", job.path.name, job.url),
    ]


ONE_FILE: dict[str, Callable[[OneFile], list[str]]] = {
    US: tui_dl_one,
    "curl": curl_one,
    "aria2c": aria2_one,
    "axel": axel_one,
    "wget": wget_one,
    "wget2": wget2_one,
}


def list_commands(ground: Ground, urls: Sequence[str], at_once: int) -> dict[str, list[str]]:
    """Return the command lines that fetch a whole list into the target folder."""
    work, target = ground.base / "work", str(ground.target)
    listing = work / "urls.txt"
    listing.write_text("".join(f"{url}\n" for url in urls))
    config = work / "curl.txt"
    names = [url.rpartition("/")[2] for url in urls]
    config.write_text(
        "".join(
            f'url = "{url}"\noutput = "{target}/{name}"\n'
            for url, name in zip(urls, names, strict=True)
        )
    )
    count = str(at_once)
    return {
        US: [*program(), "get", "-q", "-j", count, "-d", target, "-i", str(listing)],
        "curl -Z": ["curl", "-sSZ", "--fail", "--parallel-max", count, "-K", str(config)],
        "aria2c": [
            *("aria2c", "-q", "--no-conf", "--file-allocation=none", "-j", count),
            *("-d", target, "-i", str(listing)),
        ],
        "wget": ["wget", "-q", "--no-config", "-P", target, "-i", str(listing)],
        "wget2": [
            *("wget2", "-q", "--no-config", f"--max-threads={count}"),
            *("-P", target, "-i", str(listing)),
        ],
    }
