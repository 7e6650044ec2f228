"""Prometheus metrics and health on an HTTP thread of their own."""
