"""Topics, partitioner and client options for any Kafka cluster."""
