"""Text from a topic made harmless: a terminal would carry out its control characters."""


def plain(text: str) -> str:
    """The text with each control character, and whatever else can't be printed, as its escape."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
