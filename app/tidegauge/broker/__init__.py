"""A real Kafka broker on this machine, without Docker or an installed Java."""
