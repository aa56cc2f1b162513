"""What the schedule says now, in words. Pure; the moment comes in."""

from __future__ import annotations

from datetime import datetime

from tui_dl.domain.schedule import Profile, local_wall, parse_schedule, wall_time
from tui_dl.domain.units import format_rate


def schedule_words(text: str, ordinary_bps: int, now: datetime) -> str:
    """Return what is in force and until when: ``paused until 17:00``; empty without a schedule."""
    schedule = parse_schedule(text)
    if not schedule.rules:
        return ""
    profile = schedule.profile_at(local_wall(now)) or Profile(ordinary_bps)
    if profile.is_paused:
        words = "paused"
    else:
        words = f"limit {format_rate(profile.limit_bps)}" if profile.limit_bps else "no limit"
    change = schedule.next_change(now, local_wall)
    return words if change is None else f"{words} until {wall_time(change, now)}"
