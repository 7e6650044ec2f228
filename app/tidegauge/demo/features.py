"""The eight features of a flight that the model sees and every prediction carries.

None of them follows the calendar or the clock: a feature such as the hour of day differs from any
reference in every short window, which would drown what is worth seeing.
"""

from tidegauge.core.events import Features
from tidegauge.demo.flights import Flight

DEPARTURE_DELAY = "departure_delay_minutes"
NUMBERS = (
    DEPARTURE_DELAY,
    "scheduled_duration_minutes",
    "distance_miles",
    "aircraft_seats",
    "humidity_percent",
    "visibility_miles",
)
CATEGORIES = ("carrier", "origin")


def features_of(flight: Flight) -> Features:
    """What is known of ``flight`` when it leaves; None where the data has no value."""
    return {
        DEPARTURE_DELAY: flight.departure_delay,
        "scheduled_duration_minutes": flight.scheduled_duration,
        "distance_miles": flight.distance_miles,
        "aircraft_seats": flight.aircraft_seats,
        "humidity_percent": flight.humidity_percent,
        "visibility_miles": flight.visibility_miles,
        "carrier": flight.carrier,
        "origin": flight.origin,
    }
