"""What crosses the boundary, as pydantic models."""
