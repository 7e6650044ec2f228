"""Figures and times as the screens write them; what is undefined is a dash."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from tidegauge.settings.duration import text
from tidegauge.wire.public import rfc3339

NONE: Final = "-"
SPARKS: Final = "▁▂▃▄▅▆▇█"
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
_DAY_MS: Final = 24 * _HOUR_MS


def share(value: float | None) -> str:
    """``0.8571`` as ``85.7%``."""
    return NONE if value is None else f"{value:.1%}"


def whole_share(value: float | None) -> str:
    """``0.8571`` as ``86%``; only all is 100 %, only nothing 0 %."""
    if value is None:
        return NONE
    if 0 < value < 0.01:
        return "<1%"
    return ">99%" if 0.99 < value < 1 else f"{value:.0%}"


def points(value: float | None) -> str:
    """A difference of shares in percentage points, ``-0.124`` as ``-12.4``."""
    return NONE if value is None else f"{100 * value:+.1f}"


def number(value: float | None) -> str:
    """A figure of any size, to three digits."""
    return NONE if value is None else f"{value:.3g}" if abs(value) < 999.5 else f"{value:,.0f}"


def signed_number(value: float | None) -> str:
    """A difference of any size, to three digits."""
    if value is None:
        return NONE
    return f"{'+' if value >= 0 else ''}{number(value)}"


def decimals(value: float | None) -> str:
    """A figure around one, to three places."""
    return NONE if value is None else f"{value:.3f}"


def signed_decimals(value: float | None) -> str:
    """A signed figure around one, to three places."""
    return NONE if value is None else f"{value:+.3f}"


def count(value: float | None) -> str:
    """A count, ``12345`` as ``12,345``."""
    return NONE if value is None else f"{value:,.0f}"


def plural(number_: int, noun: str) -> str:
    """A count with its noun, ``1 model`` or ``2 models``."""
    return f"{number_:,} {noun}{'' if number_ == 1 else 's'}"


def rate(value: float | None) -> str:
    """Events a second, or a minute or an hour where they are few."""
    if value is None:
        return NONE
    for factor, unit in ((1, "s"), (60, "min")):
        if value * factor >= 1:
            return f"{number(value * factor)}/{unit}"
    return f"{number(value * 3600)}/h"


def seconds(value: float | None) -> str:
    """A latency, ``0.0042`` as ``4.2 ms``."""
    if value is None:
        return NONE
    return f"{number(value * 1000)} ms" if value < 1 else f"{number(value)} s"


def lasting(value: float | None) -> str:
    """How long something took, 8100 s as ``2.2 h``."""
    if value is not None:
        for unit_seconds, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
            if value >= unit_seconds:
                return f"{value / unit_seconds:.1f} {unit}"
    return seconds(value)


def moment(time_ms: int | None) -> str:
    """A time to the minute, in UTC."""
    return NONE if time_ms is None else rfc3339(time_ms)[:16].replace("T", " ")


def short_moment(time_ms: int | None) -> str:
    """A time to the minute without its year."""
    return NONE if time_ms is None else moment(time_ms)[5:]


def second(time_ms: int) -> str:
    """The time of day to the second, in UTC."""
    return rfc3339(time_ms)[11:19]


def size(size_ms: int) -> str:
    """The length of a window as the settings write it."""
    return text(timedelta(milliseconds=size_ms))


def span(start_ms: int, end_ms: int) -> str:
    """A window: its start and how long it is."""
    return f"{short_moment(start_ms)} +{size(end_ms - start_ms)}"


def ago(duration_ms: int) -> str:
    """How long ago, in the largest unit that fits."""
    for unit_ms, unit in ((_DAY_MS, "d"), (_HOUR_MS, "h"), (_MINUTE_MS, "m")):
        if duration_ms >= unit_ms:
            return f"{duration_ms // unit_ms}{unit}"
    return f"{max(0, duration_ms) // 1000}s"


def spark(values: Sequence[float | None]) -> str:
    """A line of bars from the least to the largest value; a gap where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, width = min(known), max(known) - min(known)
    top = len(SPARKS) - 1
    return "".join(
        " " if value is None else SPARKS[round((value - low) / width * top) if width else top // 2]
        for value in values
    )


def shortened(text_: str, width: int) -> str:
    """At most so many characters; what is cut is marked."""
    return text_ if len(text_) <= width else f"{text_[: width - 1]}…"
