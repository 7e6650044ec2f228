"""The live view in a terminal: a subscriber of alerts and metrics like any other."""
