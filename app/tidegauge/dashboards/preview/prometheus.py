"""Asks a Prometheus over HTTP."""

import json
import math
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any, NamedTuple

_TIMEOUT = 30.0


class Series(NamedTuple):
    """One series of an answer: its labels, and values by time in seconds."""

    labels: dict[str, str]
    points: list[tuple[float, float]]


class PrometheusError(Exception):
    """It did not answer, or refused a query."""


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A Prometheus.

    Attributes:
        url: Its address, such as ``http://localhost:9090``.
        start: Begin of the range of time, in seconds since the epoch.
        end: Its end.
    """

    url: str
    start: float
    end: float

    def now(self, expr: str) -> list[Series]:
        """The answer at the end of the range."""
        found = self._ask("query", query=expr, time=self.end)["result"]
        return [_series(one, [one["value"]]) for one in found]

    def over_time(self, expr: str, step: float) -> list[Series]:
        """The answer over the range, every ``step`` seconds."""
        found = self._ask("query_range", query=expr, start=self.start, end=self.end, step=step)
        return [_series(one, one["values"]) for one in found["result"]]

    def label_values(self, label: str, selector: str) -> list[str]:
        """All values of a label in the range."""
        found: list[str] = self._ask(
            f"label/{label}/values", start=self.start, end=self.end, **{"match[]": selector}
        )
        return found

    def _ask(self, path: str, **parameters: str | float) -> Any:
        body = urllib.parse.urlencode(parameters)
        url = f"{self.url.rstrip('/')}/api/v1/{path}?{body}"
        if not url.startswith(("http://", "https://")):
            raise PrometheusError(f"{self.url} is no address; give one like http://localhost:9090")
        try:
            with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310 checked above
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise PrometheusError(f"{parameters}: {error.read().decode()}") from error
        except OSError as error:
            raise PrometheusError(f"no Prometheus answers at {self.url}: {error}") from error


def _series(found: dict[str, Any], values: list[list[Any]]) -> Series:
    points = [(float(at), float(value)) for at, value in values]
    return Series(found["metric"], [point for point in points if math.isfinite(point[1])])
