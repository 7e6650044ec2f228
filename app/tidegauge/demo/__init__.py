"""A year of real flights as a live model."""
