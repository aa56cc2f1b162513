"""Tell one run of the machine from the next. The page cache lives exactly that long.

Must not be used as an identity of the machine: it is a number that changes at every boot.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from pathlib import Path

_BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
_BOOT_TIME_STEP_S = 30
BOOT_ID_BYTES = 16


def current_boot_id() -> bytes:
    """Return 16 bytes that are the same for one run of the kernel and differ after a reboot.

    Linux gives a random number at each boot. Elsewhere the value is derived from the wall
    time at which the monotonic clock began, rounded to 30 s: a set clock or a suspend may
    change it too, which only makes us trust less than we could.
    """
    try:
        return uuid.UUID(_BOOT_ID_FILE.read_text("ascii").strip()).bytes
    except (OSError, ValueError):
        began = round((time.time() - time.monotonic()) / _BOOT_TIME_STEP_S)
        return hashlib.sha256(b"boot %d" % began).digest()[:BOOT_ID_BYTES]
