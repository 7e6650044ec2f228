"""Recorded predictions and training data: from files and past periods to reference profiles."""
