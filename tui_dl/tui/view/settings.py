"""Settings as lines: one a row, and what is known about the one under the cursor. Pure."""

from __future__ import annotations

from tui_dl.config.rules import Kind, Rule, Value
from tui_dl.config.schema import Entry
from tui_dl.domain.display import display_text
from tui_dl.tui.view.ink import Ink, Line, cut_at_word, left, wrapped
from tui_dl.tui.view.naming import short_name

NAME_CELLS = 18
VALUE_CELLS = 18
HEADINGS = {"api": "API", "ui": "Screen"}
SIZE_STEPS = ((1024**4, "T"), (1024**3, "G"), (1024**2, "M"), (1024, "K"))


def heading_line(section: str) -> Line:
    """Return the heading of a section."""
    return ((f"   {HEADINGS.get(section, section.capitalize())}", Ink.TITLE),)


def setting_line(entry: Entry, value: Value, width: int, *, cursor: bool) -> Line:
    """Return one setting: its name, its value, what it is for as far as there is room."""
    changed = value != entry.default
    shown = short_name(value_text(entry.rule, value) or "–", VALUE_CELLS)
    about = max(0, width - 4 - NAME_CELLS - 1 - VALUE_CELLS - 2)
    return (
        ("▌" if cursor else " ", Ink.ACCENT),
        (" • " if changed else "   ", Ink.ACCENT),
        (left(entry.name, NAME_CELLS) + " ", Ink.STRONG if cursor else Ink.TEXT),
        (left(shown, VALUE_CELLS) + "  ", Ink.ACCENT if changed else Ink.SOFT),
        (cut_at_word(entry.rule.about, about), Ink.FAINT),
    )


def explained(entry: Entry, value: Value, width: int, *, live: bool) -> list[Line]:
    """Return all about one setting, wrapped to ``width`` cells."""
    facts = [entry.key, f"default {value_text(entry.rule, entry.default) or 'empty'}"]
    if span := range_text(entry.rule):
        facts.append(span)
    facts.append("acts at once" if live else "acts at the next start")
    lines: list[Line] = [
        ((f"   {text}", Ink.TEXT),) for text in wrapped(entry.rule.about, width - 4)
    ]
    lines += [((f"   {text}", Ink.FAINT),) for text in wrapped(" · ".join(facts), width - 4)]
    text = value_text(entry.rule, value)
    if len(text) > VALUE_CELLS:
        lines += [((f"   {part}", Ink.SOFT),) for part in wrapped(display_text(text), width - 4)]
    return lines


def value_text(rule: Rule, value: Value) -> str:
    """Return a value as it can be typed. Text values are not display-safe."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if rule.kind is Kind.SIZE and isinstance(value, int):
        for step, letter in SIZE_STEPS:
            if value and value % step == 0:
                return f"{value // step}{letter}"
    if isinstance(value, float):
        return f"{value:.12g}"
    return str(value)


def range_text(rule: Rule) -> str:
    """Return what is allowed in a few words, empty when any text is."""
    if rule.choices:
        return "one of " + ", ".join(rule.choices)
    if rule.kind is Kind.FLAG:
        return "yes or no"
    unit = {Kind.SECONDS: " seconds", Kind.SIZE: " bytes, such as 2M"}.get(rule.kind, "")
    if rule.low is not None and rule.high is not None:
        return f"{rule.low:g} to {rule.high:.12g}{unit}"
    if rule.low is not None:
        return f"{rule.low:g} or more{unit}"
    return ""
