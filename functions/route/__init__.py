"""The `route` function: generations and models."""
