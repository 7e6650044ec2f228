"""``tidegauge explain``: all that is known of one request."""
