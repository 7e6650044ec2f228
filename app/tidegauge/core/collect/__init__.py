"""One source partition: check, join, fold."""
