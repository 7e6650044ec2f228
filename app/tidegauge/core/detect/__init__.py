"""Change detection on closed panes: `stream.DetectorStream` is what the monitor stage steps."""
