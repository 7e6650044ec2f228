"""Topics, their check, and how clients connect to any Kafka cluster."""
