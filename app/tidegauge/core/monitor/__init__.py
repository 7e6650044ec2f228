"""One partition of partials: watermarks, windows, detectors, alerts."""
