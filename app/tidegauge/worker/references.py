"""Reference profiles as every partition of a stage is told of them.

Anyone can write to the topic, so what is no profile is passed over with a warning in the log.
"""

import logging
from functools import lru_cache

from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.wire.public import InvalidRecord
from tidegauge.wire.references import decode_reference

log = logging.getLogger(__name__)


@lru_cache(maxsize=64)  # each partition of both stages is told the same
def told_reference(key: bytes, value: bytes) -> ReferenceProfile | None:
    """The profile that a record holds; None where it holds none."""
    try:
        return decode_reference(value)
    except InvalidRecord as problem:
        log.warning("event=reference_refused key=%r problem=%r", key, str(problem))
        return None
