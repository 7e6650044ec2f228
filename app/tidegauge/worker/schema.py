"""Which encoding of its state a worker reads and writes."""

from typing import Final

SCHEMA_VERSION: Final = 11
"""Version of the state's encoding, in both changelogs."""
