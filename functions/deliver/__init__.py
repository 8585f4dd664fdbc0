"""The `deliver` function: one try to tell one endpoint."""
