"""The settings of the port: who may call, and what clients of two dialects may ask for."""

from __future__ import annotations

from dataclasses import field

from tui_dl.config.rules import Kind, rule
from tui_dl.domain.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Api:
    """The remote port."""

    enabled: bool = field(
        default=True, metadata=rule(Kind.FLAG, "Let other programs steer tui-dl over a port.")
    )
    host: str = field(
        default="127.0.0.1", metadata=rule(Kind.TEXT, "Address that the port is bound to.")
    )
    port: int = field(
        default=1700, metadata=rule(Kind.COUNT, "First port that is tried.", low=1, high=65_535)
    )
    rpc_port: int = field(
        default=0,
        metadata=rule(
            Kind.COUNT, "A second port, such as aria2's 6800; 0 is none.", low=0, high=65_535
        ),
    )
    public: bool = field(
        default=False,
        metadata=rule(Kind.FLAG, "Allow a host that other machines can reach, unencrypted."),
    )
    origins: str = field(
        default="",
        metadata=rule(
            Kind.TEXT,
            "Web origins that may call, parted by blanks, such as https://ariang.example.org.",
        ),
    )
    hosts: str = field(
        default="",
        metadata=rule(
            Kind.TEXT, "More names that clients may call this host by, parted by blanks."
        ),
    )
    folders: str = field(
        default="",
        metadata=rule(
            Kind.TEXT,
            "More folders that clients may write to, parted by colons; "
            "the home and the download folder always are.",
        ),
    )


@dataclass(frozen=True, slots=True)
class Jobs:
    """Downloads that clients of the job queue add."""

    connect_timeout_s: float = field(
        default=30.0,
        metadata=rule(
            Kind.SECONDS, "Longest wait for a connection of a queued job.", low=1, high=600
        ),
    )
    idle_timeout_s: float = field(
        default=60.0,
        metadata=rule(Kind.SECONDS, "Longest silence of a queued job.", low=1, high=3600),
    )
    overall_timeout_s: float = field(
        default=1800.0,
        metadata=rule(
            Kind.SECONDS, "Longest time of a queued job from its start.", low=1, high=604_800
        ),
    )


@dataclass(frozen=True, slots=True)
class Files:
    """Downloads that clients of the files interface add."""

    allow_download: bool = field(
        default=True,
        metadata=rule(Kind.FLAG, "Let clients of the files interface download."),
    )
    allow_domains: str = field(
        default="",
        metadata=rule(
            Kind.TEXT,
            "The only hosts that they may download from, such as example.org; empty is all.",
        ),
    )
    block_domains: str = field(
        default="",
        metadata=rule(Kind.TEXT, "Hosts that they may not download from."),
    )
    timeout_s: float = field(
        default=300.0,
        metadata=rule(
            Kind.SECONDS, "Longest time of their downloads that name none.", low=1, high=604_800
        ),
    )
