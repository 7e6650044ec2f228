"""What can go wrong with the demo."""


class DemoError(Exception):
    """The demo can't go on, or was asked for what it does not have; the message says what to do."""
