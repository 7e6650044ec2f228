"""``tidegauge reference``: profiles built from files, pinned from the past, shown and compared."""
