"""How late flights have left an airport of late: what its departure board shows."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from itertools import accumulate

from tidegauge.demo.flights import HOUR_MS, Flight

RECENT_MS = 3 * HOUR_MS


class RecentDelays:
    """Departure delays by airport and time."""

    def __init__(self, flights: Iterable[Flight]) -> None:
        """Take the departures among ``flights``, in any order."""
        departures: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for flight in flights:
            if flight.departure_ms is not None and flight.departure_delay is not None:
                departures[flight.origin].append((flight.departure_ms, flight.departure_delay))
        self._times: dict[str, list[int]] = {}
        self._totals: dict[str, list[int]] = {}
        for origin, found in departures.items():
            found.sort()
            self._times[origin] = [time for time, _ in found]
            self._totals[origin] = list(accumulate((delay for _, delay in found), initial=0))

    def mean(self, origin: str, time_ms: int) -> float | None:
        """The mean delay in minutes of those that left shortly before ``time_ms``, if any."""
        times = self._times.get(origin, [])
        first, last = bisect_left(times, time_ms - RECENT_MS), bisect_left(times, time_ms)
        if first == last:
            return None
        totals = self._totals[origin]
        return round((totals[last] - totals[first]) / (last - first), 1)
