"""Tidegauge: streaming observability for machine-learning models, on Kafka."""

__version__ = "0.1.0"
