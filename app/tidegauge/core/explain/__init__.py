"""Why an alert fired: what its change is made of, and what came with it."""
