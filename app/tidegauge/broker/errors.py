"""What can go wrong with the embedded broker."""


class BrokerError(Exception):
    """The embedded broker could not be fetched, started or reached; the message says what to do."""
