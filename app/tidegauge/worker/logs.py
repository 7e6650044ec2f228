"""Log lines of a worker: one line of key=value pairs each, on stderr."""

import json
import logging
import sys
import time

OWN = "tidegauge"
QUIET_SECONDS = 10.0
MOST_REMEMBERED = 1_000


class LogfmtFormatter(logging.Formatter):
    """Time, level, logger, then the message: ours is key=value pairs, others' is quoted."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        """One line; a traceback is part of it, escaped."""
        message = record.getMessage()
        if not message.startswith("event="):
            message = f"msg={json.dumps(message)}"
        line = f"{self.formatTime(record)} level={record.levelname.lower()} logger={record.name}"
        line = f"{line} {message}"
        if record.exc_info:
            line += f" traceback={json.dumps(self.formatException(record.exc_info))}"
        return line


class RepeatFilter(logging.Filter):
    """Lets a message of a foreign logger through once in a while.

    The Kafka client reports a missing broker many times a second.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        if record.name.startswith(OWN):
            return True
        key = record.name, record.getMessage()
        now = record.created
        if now - self._seen.get(key, 0.0) < QUIET_SECONDS:
            return False
        self._remember(key, now)
        return True

    def _remember(self, key: tuple[str, str], now: float) -> None:
        # the newest last: messages that name offsets or times are all different
        self._seen.pop(key, None)
        self._seen[key] = now
        while len(self._seen) > MOST_REMEMBERED:
            del self._seen[next(iter(self._seen))]


def configure(level: str = "INFO", libraries: str = "WARNING") -> None:
    """Send all logging to stderr.

    Args:
        level: Least level of Tidegauge's own lines.
        libraries: Least level of everybody else's.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogfmtFormatter())
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(libraries)
    logging.getLogger(OWN).setLevel(level)
