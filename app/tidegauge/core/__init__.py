"""The domain: pure, synchronous, without clock, file, socket or random source."""
