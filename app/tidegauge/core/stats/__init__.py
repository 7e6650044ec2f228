"""Mergeable statistics: exact sums, histograms, and the figures that are read from them.

Every accumulator here is a delta that can be added to another, in any order and in any split into
batches, with the same result to the last bit. Counts may be negative: a correction retracts.
"""
