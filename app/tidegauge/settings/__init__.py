"""One YAML file, environment and flags, checked strictly."""
