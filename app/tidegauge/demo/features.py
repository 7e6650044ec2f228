"""The features of a flight that every prediction carries: at departure, and at the schedule.

None of them follows the calendar or the clock: a feature such as the hour of day differs from any
reference in every short window, which would drown what is worth seeing.
"""

from tidegauge.core.events import Features
from tidegauge.demo.flights import Flight
from tidegauge.demo.recent import RecentDelays

DEPARTURE_DELAY = "departure_delay_minutes"
RECENT_DELAY = "recent_delay_minutes"
AT_DEPARTURE = (
    DEPARTURE_DELAY,
    "scheduled_duration_minutes",
    "distance_miles",
    "aircraft_seats",
    "humidity_percent",
    "visibility_miles",
)
"""Numbers that are known when a flight leaves."""
AT_SCHEDULE = (
    RECENT_DELAY,
    "scheduled_duration_minutes",
    "aircraft_seats",
    "visibility_miles",
)
"""Numbers that are known when a flight should leave."""
CATEGORIES = ("carrier", "origin")


def at_departure(flight: Flight, _recent: RecentDelays) -> Features:
    """What is known of ``flight`` when it leaves; None where the data has no value."""
    return {
        DEPARTURE_DELAY: flight.departure_delay,
        "scheduled_duration_minutes": flight.scheduled_duration,
        "distance_miles": flight.distance_miles,
        "aircraft_seats": flight.aircraft_seats,
        "humidity_percent": flight.weather.humidity_percent,
        "visibility_miles": flight.weather.visibility_miles,
        "carrier": flight.carrier,
        "origin": flight.origin,
    }


def at_schedule(flight: Flight, recent: RecentDelays) -> Features:
    """What is known of ``flight`` when it should leave; None where the data has no value."""
    return {
        RECENT_DELAY: recent.mean(flight.origin, flight.scheduled_ms),
        "scheduled_duration_minutes": flight.scheduled_duration,
        "aircraft_seats": flight.aircraft_seats,
        "visibility_miles": flight.scheduled_weather.visibility_miles,
        "carrier": flight.carrier,
        "origin": flight.origin,
    }
