"""What keeps the notifier from starting."""


class NotifyError(Exception):
    """A target can't be used; the message says which, why, and what to do."""
