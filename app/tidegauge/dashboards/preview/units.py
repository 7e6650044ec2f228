"""Values in words, as Grafana's units have them."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, NamedTuple


class Words(NamedTuple):
    """A number, and its unit as it is set beside it."""

    number: str
    suffix: str = ""

    def __str__(self) -> str:
        return f"{self.number}{self.suffix}"


_SHORT: Final = ("", " K", " Mil", " Bil", " Tri")
_COUNTED: Final = ("", "K", "M", "B")
_IEC: Final = (" B", " KiB", " MiB", " GiB", " TiB")
_DURATIONS: Final = (
    (60.0, 1.0, " s"),
    (3_600.0, 60.0, " mins"),
    (86_400.0, 3_600.0, " hours"),
    (604_800.0, 86_400.0, " days"),
    (31_536_000.0, 604_800.0, " weeks"),
    (math.inf, 31_557_600.0, " years"),
)


def words(value: float, unit: str, decimals: int | None = None) -> Words:
    """A value in words.

    Args:
        value: A finite number.
        unit: Grafana's name of a unit.
        decimals: Digits after the point, or as Grafana finds fit.

    Raises:
        ValueError: The unit is not known here.
    """
    shown = _UNITS.get(unit)
    if shown is None:
        raise ValueError(f"the unit {unit!r} is not known to the preview; add it to its units")
    return shown(value, decimals)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between two ends."""
    span = high - low
    if span <= 0 or not math.isfinite(span):
        return [low]
    raw = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [at * step for at in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_words(marks: Sequence[float], unit: str) -> list[str]:
    """Words of the marks of an axis, with as many digits as tell them apart."""
    factor = 100.0 if unit == "percentunit" else 1.0
    steps = [abs(b - a) * factor for a, b in pairwise(marks)]
    step = min(steps, default=1.0)
    if unit in ("short", "bytes", "cps", "reqps", "s") and max(map(abs, marks), default=0) >= 60:
        return [str(words(mark, unit)) for mark in marks]
    decimals = max(0, math.ceil(-math.log10(step) - 1e-9)) if step > 0 else 0
    if step > 0 and abs(step * 10**decimals - round(step * 10**decimals)) > 1e-6:
        decimals += 1
    return [str(words(mark, unit, decimals)) for mark in marks]


def _fixed(value: float, decimals: int | None) -> str:
    digits = _fitting(value) if decimals is None else decimals
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _fitting(value: float) -> int:
    """Digits after the point that Grafana shows where none are set."""
    if value == 0 or value == int(value):
        return 0
    return min(max(2 - math.floor(math.log10(abs(value))), 0), 10)


def _scaled(value: float, base: float, names: Sequence[str], decimals: int | None) -> Words:
    power = 0
    while abs(value) >= base and power < len(names) - 1:
        value /= base
        power += 1
    return Words(_fixed(value, decimals), names[power])


def _duration(value: float, decimals: int | None) -> Words:
    size = abs(value)
    if 0 < size < 1e-3:
        return Words(_fixed(value * 1e6, decimals), " µs")
    if 0 < size < 1:
        return Words(_fixed(value * 1e3, decimals), " ms")
    _, unit, name = next(step for step in _DURATIONS if size < step[0])
    return Words(_fixed(value / unit, decimals), name)


def _percent(value: float, decimals: int | None) -> Words:
    return Words(_fixed(value * 100, decimals), "%")


def _counted(unit: str) -> Callable[[float, int | None], Words]:
    def shown(value: float, decimals: int | None) -> Words:
        number, letter = _scaled(value, 1000.0, _COUNTED, decimals)
        return Words(number, f"{letter} {unit}")

    return shown


def _date(value: float, _: int | None) -> Words:
    return Words(f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d %H:%M:%S}")


_UNITS: Final[dict[str, Callable[[float, int | None], Words]]] = {
    "none": lambda value, decimals: Words(_fixed(value, decimals)),
    "short": lambda value, decimals: _scaled(value, 1000.0, _SHORT, decimals),
    "bytes": lambda value, decimals: _scaled(value, 1024.0, _IEC, decimals),
    "cps": _counted("c/s"),
    "reqps": _counted("req/s"),
    "percentunit": _percent,
    "s": _duration,
    "bool_yes_no": lambda value, _: Words("Yes" if value else "No"),
    "dateTimeAsIso": _date,
}
